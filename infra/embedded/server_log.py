"""The log file of one embedded server: what it prints, kept small, shown when a start fails."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 10_000_000
"""A longer log is put aside as `….log.1` at the next start."""

_TAIL_LINES = 15
_TAIL_BYTES = 8192


class ServerLog:
    """Appends over all starts; remembers where the current one begins."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self) -> BinaryIO:
        """Open the file for a new start of the server."""
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_size > MAX_BYTES:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
        file = self.path.open("ab")
        self._begin = file.tell()
        return file

    def tail(self) -> str:
        """Return the last lines printed since the current start."""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self._begin, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
            return "\n".join(lines[-_TAIL_LINES:])
        return ""
