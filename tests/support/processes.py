"""Looking at and ending processes by their id."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def running(pid: int) -> bool:
    """Say whether a process runs; one that has ended but was not waited for (a zombie) does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def kill_hard(pid: int) -> None:
    """Send SIGKILL; a process that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
