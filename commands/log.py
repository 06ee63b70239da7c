"""COMMANDS: append an event of a telecommand, read one telecommand, read and follow all of them.

An event counts on the newest event of its telecommand (optimistic concurrency): of two who act at once one
wins, the other gets ConflictError, looks again and decides anew (`advance`). Proven by
`tests/commands/test_log.py`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from commands.fold import fold
from commands.rules import misfit
from commands.schemas import check_event
from commands.telecommand import MALFORMED, Event, Fields, Telecommand
from infra.errors import StreamError
from streams import names
from streams.chain import ConflictError, Expected, append_event
from streams.read import Message, StreamReader, last_offset, read_up_to

ID = re.compile(r"[a-z0-9]{4,32}")
_TRIES = 100
_PAUSE_S = 0.2

Decide = Callable[[Telecommand], tuple[str, dict[str, Any]] | None]
"""Says for a telecommand's newest state which event comes next, with its fields; None for none."""

log = logging.getLogger(__name__)


def parse_event(message: Message) -> Event:
    """Read an event; one that is no JSON object, or does not say who, says so in its fields (law 6)."""
    _, identity, name = message.subject.split(".", 2)
    try:
        fields: Any = orjson.loads(message.data)
    except orjson.JSONDecodeError as error:
        fields = {MALFORMED: f"its payload is not JSON: {error}"}
    else:
        if not isinstance(fields, dict):
            fields = {MALFORMED: "its payload is no JSON object"}
        elif not isinstance(fields.get("who"), str):
            fields[MALFORMED] = "it does not say who did it"
    return Event(message.offset, message.recorded, identity, name, fields)


async def append(
    nc: Client, before: Telecommand, name: str, fields: Mapping[str, Any], *, view: int | None = None
) -> Event:
    """Append the next event of a telecommand; the event's `recorded` is its `at`, until it is read again.

    With `view`, the last offset of COMMANDS that the decision was made on, it counts on all of COMMANDS.
    Raises ConflictError when the telecommand, or with `view` anything, has newer events; StreamError when the
    stream does not take it or does not answer (then it may be there: look); ValueError for an event that is
    malformed or does not fit: whoever appends has looked at `misfit` before.
    """
    check_event(name, fields)
    if why := misfit(before, name, fields):
        raise ValueError(f"the event {name} does not fit telecommand {before.id}: {why}")
    subject = names.command_subject(before.id, name)
    expected = Expected(names.command_subject(before.id, "*"), before.last_offset)
    if view is not None:
        expected = Expected(names.command_subject("*", "*"), view)
    data = orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)
    offset = await append_event(nc, names.COMMANDS, subject, data, expected=expected)
    return Event(offset, int(fields["at"]), before.id, name, orjson.loads(data))


async def read_telecommand(nc: Client, identity: str, *, before: int | None = None) -> Telecommand:
    """Read and fold one telecommand, as it was before an offset; its state is NONE when there is no such.

    Raises StreamError or an error of NATS when the server does not answer, for NONE must be the truth.
    """
    end = await last_offset(nc, names.COMMANDS) if before is None else before - 1
    subject = names.command_subject(identity, "*")
    batches = read_up_to(nc, names.COMMANDS, end, subject=subject)
    return fold(identity, [parse_event(message) async for batch in batches for message in batch])


async def advance(
    nc: Client, before: Telecommand, decide: Decide, *, patience: float = 10.0
) -> tuple[Telecommand, Event | None]:
    """Append what `decide` says for the newest state; return that state and the event, None for none.

    Begins with `before` and reads again whenever another was first or the stream gave no answer: an event
    whose acknowledgement was lost is recognised and not appended twice. Raises StreamError when the stream
    does not answer for `patience` seconds.
    """
    deadline = time.monotonic() + patience
    tried: list[tuple[str, Fields]] = []
    while True:
        try:
            if tried:
                before = await read_telecommand(nc, before.id)
                if (mine := _found(before, tried)) is not None:
                    return before, mine
            decision = decide(before)
            if decision is None:
                return before, None
            name, fields = decision[0], orjson.loads(orjson.dumps(decision[1]))
            tried.append((name, fields))
            return before, await append(nc, before, name, fields)
        except ConflictError:
            if len(tried) > _TRIES:
                raise
        except (StreamError, NatsError, TimeoutError) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("telecommand %s: %s; looking again", before.id, error)
            await asyncio.sleep(_PAUSE_S)


def _found(telecommand: Telecommand, tried: list[tuple[str, Fields]]) -> Event | None:
    """The event that was appended by us without an answer; `at` and `from` make it unmistakable."""
    return next((step for step in telecommand.steps if (step.name, step.fields) in tried), None)


async def follow(nc: Client, start: int = 1) -> AsyncIterator[list[Event]]:
    """Yield the events from the offset `start` on, in order, without an end; an empty list when up to date.

    The first empty list says that everything that was there at the call has been yielded.
    """
    end = await last_offset(nc, names.COMMANDS)
    async for batch in read_up_to(nc, names.COMMANDS, end, start=start):
        if batch:
            yield [parse_event(message) for message in batch]
    yield []
    async with StreamReader(nc, names.COMMANDS, start=max(start, end + 1)) as reader:
        while True:
            messages = await reader.read(1.0)
            yield [parse_event(message) for message in messages]
