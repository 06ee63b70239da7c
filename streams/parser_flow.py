"""The telemetry parser as a bytewax dataflow: FRAMES -> parse -> TELEMETRY.

The position is stored with the output: the last message of each run of frames (`parsed.<generation>.frames`)
names the offset to go on at. A crash before it repeats the run; the rows have the same identities then, so
nothing is lost and nothing counts twice (law 4). Proven by `tests/faults/test_parser_kill.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from streams import names
from streams.append import Appender, Outgoing
from streams.feed import Feed, StreamSource, dataflow, run_flow
from streams.frame_batch import FrameBatch
from streams.mission import Mission
from streams.parser import Parsed, Parser, lookback
from streams.read import StreamReader
from streams.telemetry import pack

FIRST, LAST, RESUME = "Fl-First", "Fl-Last", "Fl-Resume"
"""Headers of `parsed.<generation>.frames`: the run of frames and the offset to go on at."""


async def stored_position(nc: Client, generation: str) -> int:
    """Return the FRAMES offset at which this generation goes on; 1 when TELEMETRY has nothing of it."""
    subject = names.parsed_subject(generation, "frames")
    try:
        message = await nc.jetstream().get_last_msg(names.TELEMETRY, subject)
    except NotFoundError:
        return 1
    return int((message.headers or {}).get(RESUME, "1"))


def messages_of(generation: str, parsed: Parsed) -> list[Outgoing]:
    """Return the messages that a parsed run becomes, the one with the position last."""
    found = [
        Outgoing(names.telemetry_subject(generation, table.packet), data, {})
        for table in parsed.tables
        for data in pack(table.packet, table.rows)
    ]
    found += [
        Outgoing(names.parsed_subject(generation, "quarantine"), data, {})
        for data in pack("quarantine", parsed.quarantine)
    ]
    *before, last = pack("frames", parsed.frames) if parsed.frames.num_rows else [b""]
    subject = names.parsed_subject(generation, "frames")
    position = {FIRST: str(parsed.first), LAST: str(parsed.last), RESUME: str(parsed.resume)}
    return [*found, *(Outgoing(subject, data, {}) for data in before), Outgoing(subject, last, position)]


async def run_parser(
    nc: Client,
    mission: Mission,
    generation: str,
    *,
    start: int,
    feed: Feed[FrameBatch],
    progress: Callable[[int], None] = lambda offset: None,
) -> None:
    """Parse from the offset `start` on until `feed` is stopped; `progress` gets each offset done."""
    loop = asyncio.get_running_loop()
    parser = Parser(mission, start=start)
    first = max(1, start - lookback(mission))
    async with Appender(nc) as appender:

        def write(parsed: Parsed) -> None:
            messages = messages_of(generation, parsed)
            asyncio.run_coroutine_threadsafe(appender.append(messages), loop).result()
            progress(parsed.last)

        source = StreamSource(names.FRAMES, feed, lambda batch: int(batch.offsets[-1]) + 1, first)
        flow = dataflow("telemetry-parser", feed, source, parser.parse, write)
        await run_flow(flow, feed, _fill(nc, feed, first))


async def _fill(nc: Client, feed: Feed[FrameBatch], start: int) -> None:
    async with StreamReader(nc, names.FRAMES, start=start) as reader:
        while not feed.stopped:
            messages = await reader.read(0.5)
            feed.behind = reader.pending
            if messages:
                await feed.put(FrameBatch.from_messages(messages))
