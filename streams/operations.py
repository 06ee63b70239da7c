"""OPERATIONS: what happened to the ground system itself, as a hash-chained list of JSON events."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.errors import FlightLedgerError
from streams import names
from streams.chain import Expected, append_event
from streams.read import Message, last_offset, read_up_to

_RETRY_S = 0.5

log = logging.getLogger(__name__)


class Operation(NamedTuple):
    """One event: offset and recorded time (ns UTC) in OPERATIONS, its kind and its fields."""

    offset: int
    recorded: int
    kind: str
    fields: dict[str, Any]


async def append_operation(
    nc: Client, kind: str, fields: dict[str, Any], *, identity: str = "", expected: Expected | None = None
) -> int:
    """Append an event and return its offset; with an `identity`, the server takes it once within seconds.

    With `expected`, raises ConflictError when another writer was first on those subjects. Raises StreamError
    when the chain can not be extended.
    """
    data = orjson.dumps({"at": time.time_ns(), **fields}, option=orjson.OPT_SORT_KEYS)
    headers = {names.MESSAGE_ID: identity} if identity else {}
    subject = names.operation_subject(kind)
    return await append_event(nc, names.OPERATIONS, subject, data, headers=headers, expected=expected)


async def append_surely(nc: Client, kind: str, fields: dict[str, Any]) -> int:
    """Append an event exactly once, however long the server is away; `at` is the time of the call."""
    fields = {"at": time.time_ns(), **fields}
    identity, behind = secrets.token_hex(8), None
    while True:
        try:
            if behind is None:
                behind = await last_offset(nc, names.OPERATIONS)
            elif found := await _find(nc, identity, behind):
                return found
            return await append_operation(nc, kind, fields, identity=identity)
        except (FlightLedgerError, NatsError, TimeoutError) as error:
            log.warning("the event %s can not be appended yet: %s; trying on", kind, error or repr(error))
            await asyncio.sleep(_RETRY_S)


async def _find(nc: Client, identity: str, behind: int) -> int | None:
    """Return the offset of an event whose acknowledgement was lost, if it is in the stream."""
    end = await last_offset(nc, names.OPERATIONS)
    async for batch in read_up_to(nc, names.OPERATIONS, end, start=behind + 1, headers_only=True):
        for message in batch:
            if message.headers.get(names.MESSAGE_ID) == identity:
                return message.offset
    return None


def operation_of(message: Message) -> Operation:
    """Return a message of OPERATIONS as an event, without fields if it is none: anybody may publish there."""
    kind = message.subject.split(".", 1)[1]
    try:
        fields = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        fields = {}
    return Operation(message.offset, message.recorded, kind, fields if isinstance(fields, dict) else {})


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
