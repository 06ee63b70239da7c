"""Who may sign in, as events in OPERATIONS: an audit shows who had which role when."""

from __future__ import annotations

from pathlib import Path

import orjson
from nats.aio.client import Client

from infra.access import AccessFolder
from infra.embedded.folder import DataFolder
from infra.errors import ServerError
from infra.program.connecting import connected
from infra.program.target import asker
from streams import names
from streams.chain import last_event
from streams.operations import append_operation

USERS_CHANGED = "users-changed"
"""Kind of the event; `users` has all names with their roles, `change` says what was done, `who` by whom."""

_FOUND = "found at the start"


async def note_users_at_start(nc: Client, data_dir: Path) -> None:
    """Append an event if the users are not those of the last one: changes made while nothing ran."""
    users = _roles(data_dir)
    last = await last_event(nc, names.OPERATIONS, names.operation_subject(USERS_CHANGED))
    known = orjson.loads(last.data)["users"] if last is not None else {}
    if users != known:
        await append_operation(nc, USERS_CHANGED, {"users": users, "change": _FOUND, "who": asker(nc)})


async def note_change(data_dir: Path, change: str) -> None:
    """Append an event to the running system of a data folder: what was changed, and all users behind it."""
    folder = DataFolder(data_dir)
    addresses = folder.read_addresses()
    if addresses is None:
        raise ServerError("the running system has no addresses yet", where=str(data_dir), fix="try again")
    async with connected(addresses.nats_url, AccessFolder(folder.path).credentials()) as nc:
        fields = {"users": _roles(data_dir), "change": change, "who": asker(nc)}
        await append_operation(nc, USERS_CHANGED, fields)


def _roles(data_dir: Path) -> dict[str, str]:
    return {user.name: user.role.value for user in AccessFolder(data_dir).users.all()}
