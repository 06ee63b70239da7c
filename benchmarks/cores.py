"""A core of its own for a part of what is measured, and how much of it that part took."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.cpu import cpu_seconds, descendants
from benchmarks.figures import expect

_CORES = sorted(os.sched_getaffinity(0))
_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Let what this thread starts run on one core, where there are several."""
    before = os.sched_getaffinity(0)
    if len(_CORES) > 1:
        os.sched_setaffinity(0, {_CORES[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def expect_alone(number: int, command: bytes) -> None:
    """Raise WrongResultError unless just the processes with `command` in their command line have that core.

    All below this program are looked at; Playwright's driver may be beside its browser.
    """
    if len(_CORES) == 1:
        return
    for pid, line, _ in descendants(os.getpid()):
        if b"/playwright/driver/" in line:
            continue
        with suppress(ProcessLookupError):  # it has just ended
            there = os.sched_getaffinity(pid) == {_CORES[number]}
            expect(there == (command in line), f"on the wrong core: {line.replace(bytes(1), b' ').decode()}")


class CoreUse:
    """How much of a core was used since this was made."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._begun, self._busy, self._spent = time.monotonic(), self._busy_seconds(), cpu_seconds()

    def of(self, kind: str) -> float:
        """Return the part of the time that processes of a kind (see cpu_seconds) took."""
        return (cpu_seconds().get(kind, 0.0) - self._spent.get(kind, 0.0)) / self._seconds

    def of_all(self) -> float:
        """Return the part of the time that anything took, of this program or of others."""
        return (self._busy_seconds() - self._busy) / self._seconds

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _busy_seconds(self) -> float:
        """The core's time that was neither idle nor waiting for a disk (proc_stat(5))."""
        name = f"cpu{_CORES[self._number]} "
        (line,) = (
            line
            for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()
            if line.startswith(name)
        )
        user, nice, system, _idle, _waiting, *others = map(int, line.split()[1:9])
        return (user + nice + system + sum(others)) / _TICK
