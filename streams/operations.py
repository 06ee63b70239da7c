"""OPERATIONS: what happened to the ground system itself, as a hash-chained list of JSON events.

Each event carries in the header `Fl-Previous-Hash` the SHA-256 of the event before it (see
`event_hash`), and is appended only if that one is still the last: two writers can not fork the chain.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError

from infra.errors import StreamError
from streams import names
from streams.read import StreamReader, last_offset

GENESIS = "0" * 64
_WRONG_LAST_SEQUENCE = 10071
_TRIES = 50


class Operation(NamedTuple):
    """One event: offset and recorded time (ns UTC) in OPERATIONS, its kind and its fields."""

    offset: int
    recorded: int
    kind: str
    fields: dict[str, Any]


def event_hash(subject: str, headers: dict[str, str], data: bytes) -> str:
    """Return the hex SHA-256 over subject, headers (`Fl-` ones, sorted) and payload, length-prefixed."""
    digest = hashlib.sha256()
    own = sorted(f"{key}:{value}" for key, value in headers.items() if key.startswith("Fl-"))
    for part in (subject.encode(), "\n".join(own).encode(), data):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


async def append_operation(nc: Client, kind: str, fields: dict[str, Any]) -> int:
    """Append an event and return its offset; tries again when another writer was first.

    Raises StreamError when the chain can not be extended.
    """
    js = nc.jetstream()
    subject = names.operation_subject(kind)
    data = orjson.dumps({"at": time.time_ns(), **fields}, option=orjson.OPT_SORT_KEYS)
    for _ in range(_TRIES):
        last, previous = await _head(nc)
        headers = {names.PREVIOUS_HASH: previous, "Nats-Expected-Last-Sequence": str(last)}
        try:
            return int((await js.publish(subject, data, stream=names.OPERATIONS, headers=headers)).seq)
        except APIError as error:
            if error.err_code != _WRONG_LAST_SEQUENCE:
                raise StreamError(f"the event was refused: {error.description}", where=subject) from error
    raise StreamError("too many writers at once", where=subject, fix="try again")


async def _head(nc: Client) -> tuple[int, str]:
    last = await last_offset(nc, names.OPERATIONS)
    if last == 0:
        return 0, GENESIS
    try:
        message = await nc.jetstream().get_msg(names.OPERATIONS, last)
    except NotFoundError as error:
        raise StreamError("the last event is missing", where=f"OPERATIONS offset {last}") from error
    return last, event_hash(message.subject or "", dict(message.headers or {}), message.data or b"")


async def read_operations(nc: Client, start: int = 1) -> list[Operation]:
    """Return all events from the offset `start` to the one that is the last at the call."""
    end = await last_offset(nc, names.OPERATIONS)
    found: list[Operation] = []
    if start > end:
        return found
    async with StreamReader(nc, names.OPERATIONS, start=start) as reader:
        while reader.next_offset <= end:
            for message in await reader.read(5.0):
                kind = message.subject.split(".", 1)[1]
                found.append(Operation(message.offset, message.recorded, kind, orjson.loads(message.data)))
    return found
