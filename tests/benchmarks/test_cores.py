"""What is bound to a core for a measurement, and that a measurement notices when it is not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.cores import CoreUse, expect_alone, on_core
from benchmarks.figures import WrongResultError

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")


@contextmanager
def sleeping(seconds: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", seconds]) as child:
        try:
            yield child
        finally:
            child.kill()


def test_a_core_inside_of_another_one_is_the_inner_one() -> None:
    before = os.sched_getaffinity(0)
    with on_core(1), on_core(0), sleeping("1234") as child:
        assert os.sched_getaffinity(child.pid) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_a_process_on_the_wrong_core_makes_the_result_wrong() -> None:
    with on_core(1), sleeping("4321"):
        with on_core(0), sleeping("1234"):
            expect_alone(0, b"1234")
            with pytest.raises(WrongResultError, match="on the wrong core: sleep"):
                expect_alone(1, b"1234")
        with on_core(0), sleeping("4321"), pytest.raises(WrongResultError, match="sleep 4321"):
            expect_alone(0, b"1234")


def test_work_on_a_core_shows_in_its_use_and_in_the_one_of_this_program() -> None:
    with on_core(0):
        use = CoreUse(0)
        while use.of("this program") == 0 or use.of_all() == 0:
            sum(range(10_000))
        assert use.of("browser") == 0
