"""OPERATIONS: what happened to the ground system itself, as a hash-chained list of JSON events."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client

from streams import names
from streams.chain import append_event
from streams.read import Message, StreamReader, last_offset

log = logging.getLogger(__name__)


class Operation(NamedTuple):
    """One event: offset and recorded time (ns UTC) in OPERATIONS, its kind and its fields."""

    offset: int
    recorded: int
    kind: str
    fields: dict[str, Any]


async def append_operation(nc: Client, kind: str, fields: dict[str, Any]) -> int:
    """Append an event and return its offset. Raises StreamError when the chain can not be extended."""
    data = orjson.dumps({"at": time.time_ns(), **fields}, option=orjson.OPT_SORT_KEYS)
    return await append_event(nc, names.OPERATIONS, names.operation_subject(kind), data)


async def read_operations(nc: Client, start: int = 1) -> list[Operation]:
    """Return all events from the offset `start` to the one that is the last at the call."""
    end = await last_offset(nc, names.OPERATIONS)
    found: list[Operation] = []
    if start > end:
        return found
    async with StreamReader(nc, names.OPERATIONS, start=start) as reader:
        while reader.next_offset <= end:
            found += operations_of(await reader.read(5.0))
    return found


def operations_of(messages: Iterable[Message]) -> Iterator[Operation]:
    """Yield the events of messages of OPERATIONS; one that is no JSON object is logged and left out."""
    for message in messages:
        try:
            fields = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            fields = None
        if isinstance(fields, dict):
            kind = message.subject.split(".", 1)[1]
            yield Operation(message.offset, message.recorded, kind, fields)
        else:
            log.error("left out: OPERATIONS offset %d is no JSON object", message.offset)
