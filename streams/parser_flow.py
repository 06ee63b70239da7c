"""The telemetry parser as a bytewax dataflow: FRAMES -> parse -> TELEMETRY.

The position is stored with the output: the last message of each run of frames (`parsed.<generation>.frames`)
names the frame to go on at, and the one to read from so that packets that had begun are whole. It is in the
stream only when the rows before it are (see `append`). A crash before it repeats the run; the rows have the
same identities then, so nothing is lost and nothing counts twice (law 4). Proven by
`tests/faults/test_parser_kill.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa
from nats.aio.client import Client

from streams import names
from streams.append import HEADER_ROOM, Appender, Outgoing
from streams.chain import last_event
from streams.feed import Feed, StreamSource, dataflow, run_flow
from streams.frame_batch import FrameBatch
from streams.mission import Mission
from streams.parsed_rows import ORIGIN_SCHEMA, QUARANTINE_SCHEMA
from streams.parser import Parsed, Parser, lookback
from streams.read import StreamReader, last_offset
from streams.telemetry import MAX_MESSAGE_BYTES, pack_within

FIRST, LAST, RESUME = "Fl-First", "Fl-Last", "Fl-Resume"
"""Headers of `parsed.<generation>.frames`: the run of frames and the offset to read from to go on."""

log = logging.getLogger(__name__)


class Position(NamedTuple):
    """Where a generation goes on: with the rows of the frame `start`, after reading from `first`."""

    start: int
    first: int


def position_at(mission: Mission, start: int) -> Position:
    """Return the position to begin at a frame, whatever was parsed before."""
    return Position(start, max(1, start - lookback(mission)))


async def stored_position(nc: Client, generation: str) -> Position | None:
    """Return where this generation goes on; None when TELEMETRY does not tell."""
    message = await last_event(nc, names.TELEMETRY, names.parsed_subject(generation, "frames"))
    if message is None:
        return None
    found = _position(message.headers)
    if found is None or not 1 <= found.first <= found.start <= await last_offset(nc, names.FRAMES) + 1:
        log.error("TELEMETRY offset %d is no position of the parser: it does not count", message.offset)
        return None
    return found


def _position(headers: Mapping[str, str]) -> Position | None:
    try:
        return Position(int(headers[LAST]) + 1, int(headers[RESUME]))
    except (KeyError, ValueError):
        return None


async def store_position(nc: Client, generation: str, position: Position) -> None:
    """Let a generation go on at a position, after a crash too; nothing may be parsing it meanwhile."""
    subject = names.parsed_subject(generation, "frames")
    async with Appender(nc) as appender:
        await appender.append([Outgoing(subject, b"", _headers(position.start, *position))])


def _headers(first: int, start: int, resume: int) -> dict[str, str]:
    return {FIRST: str(first), LAST: str(start - 1), RESUME: str(resume)}


def messages_of(generation: str, parsed: Parsed, limit: int = MAX_MESSAGE_BYTES) -> list[Outgoing]:
    """Return the messages that a parsed run becomes, none above `limit` bytes, the position last."""
    found, refused = [], [parsed.quarantine]
    for table in parsed.tables:
        subject = names.telemetry_subject(generation, table.packet)
        for rows, data in pack_within(table.packet, table.rows, min(limit, MAX_MESSAGE_BYTES)):
            if len(data) <= limit:
                found.append(Outgoing(subject, data, {}))
            else:
                refused.append(_refusal(rows, f"the row has {len(data)} bytes, a message at most {limit}"))
    subject = names.parsed_subject(generation, "quarantine")
    found += _packed(subject, "quarantine", refused, limit)
    subject = names.parsed_subject(generation, "frames")
    *before, last = [*_packed(subject, "frames", [parsed.frames], limit)] or [Outgoing(subject, b"", {})]
    position = _headers(parsed.first, parsed.last + 1, parsed.resume)
    return [*found, *before, last._replace(headers=position)]


def _packed(subject: str, table: str, batches: list[pa.RecordBatch], limit: int) -> Iterator[Outgoing]:
    for batch in batches:
        for _, data in pack_within(table, batch, min(limit, MAX_MESSAGE_BYTES)):
            yield Outgoing(subject, data, {})


def _refusal(row: pa.RecordBatch, reason: str) -> pa.RecordBatch:
    """Return the quarantine's row for a packet whose own row no message can hold."""
    origin = dict(zip(ORIGIN_SCHEMA.names, row.columns, strict=False))
    told = {"stage": "row", "reason": reason, "decoded": False, "size": 0, "bytes": b""}
    columns = [
        origin[field.name].cast(field.type)
        if field.name in origin
        else pa.array([told[field.name]]).cast(field.type)
        for field in QUARANTINE_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(columns, schema=QUARANTINE_SCHEMA)


async def run_parser(
    nc: Client,
    mission: Mission,
    generation: str,
    *,
    position: Position,
    feed: Feed[FrameBatch],
    progress: Callable[[int], None] = lambda offset: None,
) -> None:
    """Parse from a position on until `feed` is stopped; `progress` gets each offset done."""
    loop = asyncio.get_running_loop()
    parser = Parser(mission, start=position.start)
    limit = nc.max_payload - HEADER_ROOM
    async with Appender(nc) as appender:

        def write(parsed: Parsed) -> None:
            if parsed.last >= position.start:
                messages = messages_of(generation, parsed, limit)
                asyncio.run_coroutine_threadsafe(appender.append(messages), loop).result()
                progress(parsed.last)

        source = StreamSource(names.FRAMES, feed, lambda batch: int(batch.offsets[-1]) + 1, position.first)
        flow = dataflow("telemetry-parser", feed, source, parser.parse, write)
        await run_flow(flow, feed, _fill(nc, feed, position.first))


async def _fill(nc: Client, feed: Feed[FrameBatch], start: int) -> None:
    async with StreamReader(nc, names.FRAMES, start=start) as reader:
        while not feed.stopped:
            messages = await reader.read(0.5)
            feed.behind = reader.pending
            if messages:
                await feed.put(FrameBatch.from_messages(messages))
