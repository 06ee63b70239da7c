"""One segment of FRAMES through the parser into the tables: read -> parse -> write, fused in one dataflow.

The parts are the live ones: the reader of the stream, the parser's core, the writer. Only TELEMETRY is left
out, which exists for live consumers. The rows are therefore those that the live path would have made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from nats.aio.client import Client

from projections.clickhouse import ClickHouse
from projections.reprocess.segments import Segment, store
from projections.writer import Writer
from streams import names
from streams.feed import Feed, StreamSource, dataflow, run_flow
from streams.frame_batch import FrameBatch
from streams.mission import Mission
from streams.parser import Parsed, Parser, lookback
from streams.read import StreamReader

FLUSH_ROWS = 100_000
"""Rows that are collected before they are inserted together."""


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
    ) -> None:
        self._clickhouse, self._mission, self._generation = clickhouse, mission, generation
        self._segment, self._progress, self._flush_rows = segment, progress, flush_rows
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
        await run_flow(flow, self._feed, self._fill(nc, first, limit))
        await asyncio.to_thread(self._flush, self._segment.last)

    async def _fill(self, nc: Client, first: int, limit: int) -> None:
        async with StreamReader(nc, names.FRAMES, start=first) as reader:
            at = first
            while at <= limit and not self._feed.over:
                messages = await reader.read(1.0)
                if messages and messages[-1].offset > limit:
                    messages = [message for message in messages if message.offset <= limit]
                    at = limit + 1
                if messages:
                    await self._feed.put(FrameBatch.from_messages(messages))
                    at = max(at, messages[-1].offset + 1)
        await self._feed.end()

    def _write(self, parsed: Parsed) -> None:
        for table in parsed.tables:
            self._add(table.packet, table.rows, fixed=False)
        self._add("quarantine", parsed.quarantine, fixed=True)
        self._add("frames", parsed.frames, fixed=True)
        self._resume = parsed.resume
        if self._writer.waiting >= self._flush_rows:
            self._flush(parsed.resume - 1)
        self._progress(min(parsed.last, self._segment.last))
        if parsed.resume > self._segment.last:
            self._feed.stop()

    def _add(self, table: str, rows: pa.RecordBatch, *, fixed: bool) -> None:
        if rows.num_rows:
            offsets = rows.column("frame_offset")  # packets that began before are another segment's
            inside = pc.and_(
                pc.greater_equal(offsets, self._start), pc.less_equal(offsets, self._segment.last)
            )
            self._writer.add(self._generation, table, rows.filter(inside), fixed=fixed)

    def _flush(self, offset: int) -> None:
        self._writer.flush()
        self.done = min(offset, self._segment.last)
        store(self._clickhouse, self._generation, self._segment, self.done)
