"""Work that can wait is nice as a process, and as a session where it has one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")
PROGRAM = """
import os
from pathlib import Path
from infra.give_way import give_way
give_way(7)
autogroup = Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), autogroup.read_text() if autogroup.exists() else "none")
"""


@pytest.mark.parametrize("own_session", [True, False])
def test_a_process_gives_way_and_changes_the_weight_of_no_session_but_its_own(own_session: bool) -> None:
    before = AUTOGROUP.read_text() if AUTOGROUP.exists() else "none"
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
    ).stdout
    nice, _, autogroup = told.strip().partition(" ")
    assert int(nice) >= 7
    if before.strip() == "none":
        pytest.skip("this kernel weighs no sessions")
    if own_session:
        assert autogroup.endswith("nice 7")
    else:
        assert autogroup == before.strip(), "the session of the one who started it is as it was"
