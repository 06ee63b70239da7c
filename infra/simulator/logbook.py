"""The rocket's own log of telecommands: a file of JSON lines, on disk before anything else happens.

It is the referee when services are killed: what is written here has arrived, and nothing else has.

- `received`: a telecommand, with its `number` in this flight, `t` (mission time in s), `bytes` (hex), `name`,
  `sequence_count`, `arguments`, and what was `done`: accepted, "rejected: REASON", "lost: REASON".
- `executed` or `failed`: what became of an accepted one, by its number.
- `garbage`: bytes that are no telecommand.

Each line has `time_ns`, the wall clock's UTC time (ns since 1970).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.errors import ConfigError


class Logbook:
    """Writes entries to a file, at its end; without a path it only keeps them. Close it, or use `with`."""

    def __init__(self, path: Path | None = None, *, wall_clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.entries: list[dict[str, Any]] = []
        self._wall_clock_ns = wall_clock_ns
        try:
            self._file = path.open("a", encoding="utf-8") if path else None
        except OSError as error:
            raise ConfigError(
                f"the log cannot be written: {error.strerror}", where=str(path), fix="name another file"
            ) from error

    def __enter__(self) -> Logbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add an entry; it is on disk when this returns."""
        line = {"time_ns": self._wall_clock_ns(), **entry}
        self.entries.append(line)
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
