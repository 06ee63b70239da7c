"""One segment of FRAMES through the parser into the tables: read -> parse -> write, fused in one dataflow.

The parts are the live ones: the reader of the stream, the parser's core, the writer. Only TELEMETRY is left
out, which exists for live consumers. The rows are therefore those that the live path would have made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pyarrow as pa
from nats.aio.client import Client

from projections.archive.stretches import Sealed
from projections.clickhouse import ClickHouse
from projections.reprocess.segments import Segment, store
from projections.reprocess.sources import Part, archived_frames, parts
from projections.writer import Writer
from streams import names
from streams.feed import Feed, StreamSource, dataflow, run_flow
from streams.frame_batch import FrameBatch
from streams.mission import Mission
from streams.parser import Parsed, Parser, lookback
from streams.read import Message, StreamReader

FLUSH_ROWS = 400_000
"""Rows that are collected before they are inserted together: fewer inserts leave fewer parts to merge."""

RUN_FRAMES, RUN_BYTES = 10_000, 16 * 1024**2
"""So many frames, or bytes, of the stream go to the parser together: it costs as much for a few."""

REQUEST_FRAMES = 1_000
"""Frames that are asked for at once: what waits to be sent stands before the live path's answers."""

FLUSH_BYTES = 128 * 1024**2
"""Bytes of rows that are collected at most."""


class Derivation:
    """Derives one segment of a generation; `done` is the offset up to which the rows are in the tables."""

    def __init__(
        self,
        clickhouse: ClickHouse,
        mission: Mission,
        generation: str,
        segment: Segment,
        *,
        progress: Callable[[int], None] = lambda offset: None,
        flush_rows: int = FLUSH_ROWS,
        sealed: Sequence[Sealed] = (),
    ) -> None:
        """`sealed`: seals over frames that the archive has; those frames come from there."""
        self._clickhouse, self._mission, self._generation = clickhouse, mission, generation
        self._segment, self._progress, self._flush_rows = segment, progress, flush_rows
        self._sealed = sealed
        self._writer = Writer(clickhouse, lambda _: mission)
        self._feed: Feed[FrameBatch] = Feed()
        self._start = self._resume = segment.first
        self.done = segment.first - 1

    async def run(self, nc: Client, *, start: int, end: int) -> None:
        """Derive from the offset `start` on; `end` is the last frame that may complete a packet.

        A packet that began in the segment may need frames behind it: those are read as well.
        """
        self._start = start
        before = lookback(self._mission)
        first = max(1, start - before)
        limit = end if before else self._segment.last
        parser = Parser(self._mission, start=start)
        source = StreamSource(names.FRAMES, self._feed, lambda batch: int(batch.offsets[-1]) + 1, first)
        flow = dataflow("reprocess", self._feed, source, parser.parse, self._write)
        await run_flow(flow, self._feed, self._fill(nc, parts(first, limit, self._sealed)))
        await asyncio.to_thread(self._flush, self._segment.last)

    async def _fill(self, nc: Client, parts: Sequence[Part]) -> None:
        for part in parts:
            await (self._read_archive(part) if part.sealed else self._read_stream(nc, part))
        await self._feed.end()

    async def _read_archive(self, part: Part) -> None:
        frames = archived_frames(self._clickhouse, part)
        while not self._feed.over and (batch := await asyncio.to_thread(next, frames, None)) is not None:
            await self._feed.put(batch)

    async def _read_stream(self, nc: Client, part: Part) -> None:
        waiting, size, at = list[Message](), 0, part.first
        async with StreamReader(nc, names.FRAMES, start=part.first, batch=REQUEST_FRAMES) as reader:
            while at <= part.last and not self._feed.over:
                messages = await reader.read(1.0)
                if messages:
                    at = messages[-1].offset + 1
                    waiting += messages if at <= part.last + 1 else _up_to(part.last, messages)
                    size += sum(len(message.data) for message in messages)
                is_full = len(waiting) >= RUN_FRAMES or size >= RUN_BYTES
                if waiting and (is_full or at > part.last):
                    await self._feed.put(FrameBatch.from_messages(waiting))
                    waiting, size = [], 0

    def _write(self, parsed: Parsed) -> None:
        for table in parsed.tables:
            self._add(table.packet, table.rows, fixed=False)
        self._add("quarantine", parsed.quarantine, fixed=True)
        self._add("frames", parsed.frames, fixed=True)
        self._resume = parsed.resume
        if self._writer.waiting >= self._flush_rows or self._writer.waiting_bytes >= FLUSH_BYTES:
            self._flush(parsed.resume - 1)
        self._progress(min(parsed.last, self._segment.last))
        if parsed.resume > self._segment.last:
            self._feed.stop()

    def _add(self, table: str, rows: pa.RecordBatch, *, fixed: bool) -> None:
        if rows.num_rows:
            offsets = rows.column("frame_offset").to_numpy()
            inside = (offsets >= self._start) & (offsets <= self._segment.last)
            if not inside.all():  # packets that began before are another segment's
                rows = rows.filter(pa.array(inside))
            self._writer.add(self._generation, table, rows, fixed=fixed)

    def _flush(self, offset: int) -> None:
        self._writer.flush()
        self.done = min(offset, self._segment.last)
        store(self._clickhouse, self._generation, self._segment, self.done)


def _up_to(last: int, messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.offset <= last]
