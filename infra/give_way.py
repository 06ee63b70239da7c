"""Processor time beside the live path: work that can wait has what the live path leaves.

Linux weighs sessions against each other first (sched(7), autogroup), and only inside of one their processes:
`nice` alone does nothing against another session, and what works in the live path's own session counts as the
live path's time. So whoever starts such work gives it a session of its own, and it calls `give_way`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def give_way(nice: int) -> None:
    """Be nice by 1 to 19, and with a session of its own as that too; for programs, once at their start."""
    os.nice(nice)
    if os.getsid(0) == os.getpid():  # otherwise the session is somebody else's
        with contextlib.suppress(OSError):  # without autogroups, `nice` is what counts
            Path("/proc/self/autogroup").write_text(str(nice), encoding="ascii")
