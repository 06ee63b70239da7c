"""OPERATIONS: what happened to the ground system itself, as a hash-chained list of JSON events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client

from streams import names
from streams.chain import Expected, append_event
from streams.read import Message, last_offset, read_up_to


class Operation(NamedTuple):
    """One event: offset and recorded time (ns UTC) in OPERATIONS, its kind and its fields."""

    offset: int
    recorded: int
    kind: str
    fields: dict[str, Any]


async def append_operation(
    nc: Client, kind: str, fields: dict[str, Any], *, expected: Expected | None = None
) -> int:
    """Append an event and return its offset. Raises StreamError when the chain can not be extended.

    With `expected`, ConflictError when another writer was first on those subjects.
    """
    data = orjson.dumps({"at": time.time_ns(), **fields}, option=orjson.OPT_SORT_KEYS)
    return await append_event(nc, names.OPERATIONS, names.operation_subject(kind), data, expected=expected)


def operation_of(message: Message) -> Operation:
    """Return a message of OPERATIONS as an event."""
    kind = message.subject.split(".", 1)[1]
    return Operation(message.offset, message.recorded, kind, orjson.loads(message.data))


async def read_operations(
    nc: Client, start: int = 1, *, kinds: Sequence[str] | None = None
) -> list[Operation]:
    """Return all events, or those of some kinds, from the offset `start` to the last at the call.

    Name the kinds where you can: seals over FRAMES outnumber all the other events by far.
    """
    end = await last_offset(nc, names.OPERATIONS)
    subjects = [names.operation_subject(kind) for kind in kinds] if kinds else None
    batches = read_up_to(nc, names.OPERATIONS, end, start=start, subject=subjects)
    return [operation_of(message) async for batch in batches for message in batch]
