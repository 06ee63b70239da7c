"""Runs an embedded ClickHouse server until the program that wanted it is gone, even after a kill -9.

    python -m infra.embedded.clickhouse_child PARENT_PID LOCK_FD PORT DATA

The working folder holds config.xml. The program keeps the write end of this process's standard input open
and never writes to it; at the pipe's end, when the parent process changes, or on SIGTERM the server stops
cleanly. The locked file LOCK_FD was inherited and stays open as long as this process lives.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType

from infra.embedded import clickhouse_engine
from infra.embedded.guard import parent_gone
from infra.give_way import give_way

_LOOK_INTERVAL = 0.25

_NICE = 5
"""The event log and the live path come first; inserts and merges of a reprocess have what is left."""

# The engine waits 5 s for clients' open connections, mostly idle ones. All that was acknowledged is stored by
# then, so after this many seconds the process ends.
_GRACE = 0.4


def main(arguments: list[str]) -> int:
    """Serve until the parent is gone (0) or the server has ended by itself (1)."""
    parent, _lock, port, data = int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3]
    stopping = threading.Event()
    _set_on_sigterm(stopping)
    give_way(_NICE)
    # Tables show times in the server's zone; ours is UTC everywhere.
    os.environ["TZ"] = "UTC"
    time.tzset()
    server = threading.Thread(target=clickhouse_engine.serve, args=(data,), daemon=True)
    server.start()
    while server.is_alive() and not stopping.is_set():
        if parent_gone(parent, _LOOK_INTERVAL):
            stopping.set()
    if not stopping.is_set():
        return 1
    with contextlib.suppress(OSError):
        clickhouse_engine.end(port)
        server.join(_GRACE)
    return 0


def _set_on_sigterm(stopping: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the engine's own threads need no interpreter to be torn down around them
