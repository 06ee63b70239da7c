"""Let a running embedded nats-server take over changed users, without a restart.

Known limits of nats-server's reload (SIGHUP): what a new account imports works only after a second one, so
there are always two; and anonymous connections cannot be let in again, only kept out.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.access import AccessFolder
from infra.access.private_file import read_private, write_private
from infra.embedded.folder import DataFolder, FileLock
from infra.errors import ServerError

_TIMES = 2
_TIMEOUT = 10.0
_POLL = 0.02


class Reloaded(StrEnum):
    """Since when changed users count."""

    IN_FORCE = "now"
    NO_SERVER = "at the start"
    STILL_CLOSED = "at the next start"
    """No user is left, but a running server can not be opened for everybody again."""


def reload_access(data_dir: Path) -> Reloaded:
    """Bring the users of a data folder into force, if a server runs on it.

    Raises ServerError when it does not take the new configuration.
    """
    folder = DataFolder(data_dir)
    lock = FileLock(folder.run / "nats-server.lock")
    if lock.acquire():
        lock.release()
        return Reloaded.NO_SERVER
    result, file = Reloaded.IN_FORCE, folder.run / "nats-server.conf"
    config = read_private(file)
    access = AccessFolder(folder.path).server_config()
    was_open = config.pop("no_auth_user", None) is not None
    if not was_open and access.pop("no_auth_user", None) is not None:
        result = Reloaded.STILL_CLOSED
    write_private(file, config | access)
    pid = int((folder.run / "nats-server.pid").read_text(encoding="utf-8"))
    for _ in range(_TIMES):
        _reload(pid, config["http"], folder.logs / "nats-server.log")
    return result


def _reload(pid: int, monitoring: str, log: Path) -> None:
    before = _loaded_at(monitoring)
    os.kill(pid, signal.SIGHUP)
    deadline = time.monotonic() + _TIMEOUT
    while _loaded_at(monitoring) == before:
        if time.monotonic() > deadline:
            raise ServerError(
                "nats-server does not take the changed users over",
                where=str(log),
                fix="see the end of that file; the change comes into force when the program is started again",
            )
        time.sleep(_POLL)


def _loaded_at(monitoring: str) -> Any:
    address = urlsplit(f"//{monitoring}")
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/varz")
        return json.load(connection.getresponse())["config_load_time"]
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise ServerError(
            f"nats-server's monitoring port does not answer: {error!r}", where=monitoring, fix="see its log"
        ) from error
    finally:
        connection.close()
