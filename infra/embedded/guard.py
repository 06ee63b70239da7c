"""Runs one server and ends it when the program that wanted it is gone, even after a kill -9.

    python -m infra.embedded.guard PARENT_PID LOCK_FD COMMAND…

The program keeps the write end of this process's standard input open and never writes to it. The server
gets SIGTERM (and 10 s later SIGKILL) when the pipe ends, when the parent process is another one than at the
start (a forked child of the program may keep the pipe open), or on SIGTERM. Should this process itself be
killed, Linux kills the server (PR_SET_PDEATHSIG; bound to the thread that forks, and this process has one).
LOCK_FD is a locked file that the server inherits, so the lock lasts exactly as long as the server; -1: none.

The exit code is the server's, or 128 plus the signal that ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from types import FrameType

STOP_TIMEOUT = 10.0
"""Seconds that a server has for a clean stop."""

_LOOK_INTERVAL = 0.25
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command of the module's docstring until it ends or the parent is gone."""
    parent, lock = int(arguments[0]), int(arguments[1])
    _end_on_sigterm()
    server = subprocess.Popen(
        arguments[2:],
        stdin=subprocess.DEVNULL,
        pass_fds=() if lock < 0 else (lock,),
        preexec_fn=_die_with_guard,  # noqa: PLW1509 - this process has one thread
    )
    try:
        while server.poll() is None and not parent_gone(parent, _LOOK_INTERVAL):
            pass
    finally:
        _stop(server)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def parent_gone(parent: int, timeout: float) -> bool:
    """Wait at most `timeout` seconds; say whether the program that started this process is gone.

    It is gone when standard input ends, or when this process has another parent than `parent`.
    """
    readable, _, _ = select.select([0], [], [], timeout)
    if readable and os.read(0, 1024) == b"":
        return True
    return os.getppid() != parent


def _end_on_sigterm() -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if server.poll() is None:
        server.kill()
        server.wait()


def _die_with_guard() -> None:
    """Let the kernel kill this process when its parent thread ends (prctl(2), Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
