"""The database writer as a bytewax dataflow: TELEMETRY -> rows -> ClickHouse.

Its position, the TELEMETRY offset, is stored in the table `offsets` after the rows it stands for. The last
FRAMES offset that is in the tables is stored beside it, per generation: that is what an import waits for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pyarrow as pa
from nats.aio.client import Client

from infra.errors import FlightLedgerError
from projections.clickhouse import ClickHouse
from projections.writer import Position, Writer, position, store_positions
from streams import names
from streams.feed import Feed, StreamSource, dataflow, run_flow
from streams.parser_flow import LAST
from streams.read import Message, StreamReader, last_offset
from streams.telemetry import table_of, unpack

CONSUMER = "database-writer"
LINGER_S = 0.25
"""How long a few rows wait for more, so that live traffic does not become thousands of tiny inserts."""

FLOOD_S = 1.0
"""How long many rows wait at most while an insert is under way: a large insert costs a row a third."""

_MANY_BYTES = 4 * 1024**2
_ENOUGH_BYTES = 16 * 1024**2
_LOOK_S = 0.02


class Rows(NamedTuple):
    """Rows of one table of one generation."""

    generation: str
    table: str
    fixed: bool
    rows: pa.RecordBatch


class Run(NamedTuple):
    """What a run of TELEMETRY messages holds: rows, the frame offsets they complete, and the positions."""

    rows: list[Rows]
    frames_done: dict[str, int]
    last: int
    bad: list[str]


def unpack_run(writer: Writer, messages: list[Message]) -> Run:
    """Turn messages into rows; a message that makes no sense is named in `bad`, never a reason to stop."""
    run = Run([], {}, messages[-1].offset, [])
    for message in messages:
        try:
            kind, generation, _ = message.subject.split(".", 2)
            fixed = kind == "parsed"
            if message.data:
                table, columns, count = table_of(message.data)
                schema = writer.schema(generation, table, fixed=fixed)
                run.rows.append(Rows(generation, table, fixed, unpack(columns, count, schema)))
            if LAST in message.headers:
                run.frames_done[generation] = int(message.headers[LAST])
        except (FlightLedgerError, KeyError, ValueError) as error:
            run.bad.append(f"TELEMETRY offset {message.offset}: {error}")
    return run


def write_run(clickhouse: ClickHouse, writer: Writer, run: Run) -> None:
    """Write the rows, then the positions."""
    for rows in run.rows:
        writer.add(*rows[:2], rows.rows, fixed=rows.fixed)
    writer.flush()
    done = [Position(names.FRAMES, offset, generation) for generation, offset in run.frames_done.items()]
    store_positions(clickhouse, CONSUMER, [*done, Position(names.TELEMETRY, run.last)])


async def start_offset(nc: Client, clickhouse: ClickHouse) -> int:
    """Return where the writer goes on: behind its position, or at 1 when TELEMETRY was made anew."""
    stored = await asyncio.to_thread(position, clickhouse, CONSUMER, names.TELEMETRY)
    return 1 if stored > await last_offset(nc, names.TELEMETRY) else stored + 1


async def run_writer(
    nc: Client,
    clickhouse: ClickHouse,
    writer: Writer,
    *,
    feed: Feed[list[Message]],
    report: Callable[[Run], None],
    hole: Callable[[int, int], Awaitable[None]],
) -> None:
    """Write from the stored position on until `feed` is stopped.

    `hole` is called with the expected and the found TELEMETRY offset when the stream no longer has what
    comes next (it is bounded); whoever runs the parser lets it parse those frames again.
    """
    start = await start_offset(nc, clickhouse)

    def write(run: Run) -> None:
        write_run(clickhouse, writer, run)
        report(run)

    source = StreamSource(names.TELEMETRY, feed, lambda messages: messages[-1].offset + 1, start)
    flow = dataflow("database-writer", feed, source, lambda messages: unpack_run(writer, messages), write)
    await run_flow(flow, feed, _fill(nc, feed, start, hole))


async def _fill(
    nc: Client, feed: Feed[list[Message]], start: int, hole: Callable[[int, int], Awaitable[None]]
) -> None:
    expected = start
    async with StreamReader(nc, names.TELEMETRY, start=start) as reader:
        while not feed.stopped:
            messages = await _gather(reader, feed)
            feed.behind = reader.pending
            if not messages:
                continue
            if messages[0].offset > expected:
                await hole(expected, messages[0].offset)
            expected = messages[-1].offset + 1
            await feed.put(messages)


async def _gather(reader: StreamReader, feed: Feed[list[Message]]) -> list[Message]:
    """Return the messages for one insert: few wait a moment for more, many until the dataflow is free."""
    messages = await reader.read(0.5)
    begun, size = time.monotonic(), sum(len(message.data) for message in messages)
    while messages and size < _ENOUGH_BYTES and not (size >= _MANY_BYTES and feed.idle):
        left = begun + (LINGER_S if size < _MANY_BYTES else FLOOD_S) - time.monotonic()
        if left <= 0:
            break
        more = await reader.read(min(left, _LOOK_S))
        messages += more
        size += sum(len(message.data) for message in more)
    return messages
