"""CPU time by kind of process: what a run costs, however busy the machine is with other work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_KINDS = {b"nats-server": "nats-server", b"clickhouse_child": "ClickHouse", b"/chromium": "browser"}
_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> dict[str, float]:
    """Return the CPU seconds so far of the servers below this program, of ended children, and of itself."""
    times = os.times()
    found = {"this program": times.user + times.system}
    found["its ended children"] = times.children_user + times.children_system
    for _, command, seconds in descendants(os.getpid()):
        for part, kind in _KINDS.items():
            if part in command:
                found[kind] = found.get(kind, 0.0) + seconds
    return found


def spent(before: dict[str, float], frames: int) -> dict[str, float]:
    """Return the microseconds a frame that were spent since, by kind of process."""
    return {kind: 1e6 * (now - before.get(kind, 0.0)) / frames for kind, now in cpu_seconds().items()}


def descendants(pid: int) -> Iterator[tuple[int, bytes, float]]:
    """Yield the id, the command line and the CPU seconds so far of every process below one."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            try:
                fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
                seconds = (int(fields[11]) + int(fields[12])) / _TICK
                yield child, Path(f"/proc/{child}/cmdline").read_bytes(), seconds
                yield from descendants(child)
            except OSError:
                continue  # it has just ended
