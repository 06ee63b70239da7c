"""JSON files that only their owner can read, replaced as a whole, edited by one program at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.errors import ConfigError

MODE = 0o600


def read_private(path: Path) -> Any:
    """Return the file's content, None where there is none. Raises ConfigError for what is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {error.strerror or error}",
            where=str(path),
            fix="run this as the owner of the data folder",
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"the file is not JSON: {error}", where=str(path), fix="restore it, or remove it"
        ) from error


def write_private(path: Path, content: Any) -> None:
    """Write the file so that readers see the old content or the new one, whole, and others nothing."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w", encoding="utf-8"
        ) as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"the file cannot be written: {error.strerror or error}",
            where=str(path),
            fix="run this as the owner of the data folder",
        ) from error


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold a lock file, so that programs that edit a file at the same time keep each other's changes."""
    with lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
