"""The data folder: where the servers keep their files, who uses it, and where they can be reached.

```
<data>/nats, <data>/clickhouse   what the servers store
<data>/logs                      what they print
<data>/users.json                who may sign in (infra/access)
<data>/run                       their configuration, process ids and locks; may be deleted when nothing runs
<data>/flightledger.lock         held (flock) by the program that runs the servers; holds its process id
<data>/servers.json              where a second program finds them
```
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event

from infra.errors import ServerError

_ADDRESSES = "servers.json"
_POLL = 0.05


@dataclass(frozen=True)
class Addresses:
    """Where the servers of a data folder are reached, and the process id of the program that runs them."""

    pid: int
    nats_url: str
    websocket_url: str
    monitoring_url: str
    clickhouse_url: str
    page_url: str


class DataFolder:
    """The paths of a data folder, which is made if it is missing.

    Raises ServerError when it cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()
        self.logs = self.path / "logs"
        self.run = self.path / "run"
        self.addresses_file = self.path / _ADDRESSES
        self.lock_file = self.path / "flightledger.lock"
        try:
            for each in (self.logs, self.run):
                each.mkdir(parents=True, exist_ok=True)
            with self.lock_file.open("ab"):
                pass
        except OSError as error:
            raise ServerError(
                f"the data folder cannot be written: {error.strerror or error}",
                where=str(self.path),
                fix="give another folder, or correct its permissions",
            ) from error

    def write_addresses(self, addresses: Addresses) -> None:
        """Tell other programs where the servers are; readers see the old text or the new one, whole."""
        fresh = self.run / "servers.json.new"
        fresh.write_text(json.dumps(asdict(addresses), indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.addresses_file)

    def read_addresses(self) -> Addresses | None:
        """Return the addresses; None where there are none or the text is not of this version."""
        return read_addresses(self.path)

    def forget_addresses(self) -> None:
        """Remove servers.json: its servers are gone or going."""
        self.addresses_file.unlink(missing_ok=True)


def read_addresses(data_dir: Path) -> Addresses | None:
    """Return where the servers of a data folder are, without making the folder."""
    try:
        return Addresses(**json.loads((data_dir / _ADDRESSES).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class FileLock:
    """An exclusive flock(2) on a file. It ends with the last process that holds the open file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    @property
    def fd(self) -> int:
        """The open, locked file, to be inherited by a process that shall hold the lock too."""
        return self._fd

    def acquire(self) -> bool:
        """Take the lock if it is free, and write this process's id into the file."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd
        return True

    def wait(self, timeout: float, cancelled: Event) -> bool:
        """Try to take the lock for `timeout` seconds, or until `cancelled`."""
        deadline = time.monotonic() + timeout
        while not self.acquire():
            if time.monotonic() > deadline or cancelled.wait(_POLL):
                return False
        return True

    def release(self) -> None:
        """Give up this process's hold; processes that inherited the open file keep the lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def holder(self) -> str:
        """Return the process id in the file, or "unknown"."""
        with contextlib.suppress(OSError):
            return self._path.read_text(encoding="utf-8").strip() or "unknown"
        return "unknown"
