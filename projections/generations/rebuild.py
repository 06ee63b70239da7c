"""Rebuild: every projection dropped and built again from the streams alone, with the identical content.

Law 1: the streams are the truth. Nothing may write to the tables meanwhile; a rebuild that was killed is
simply run again, because everything it needs is in the streams.
Proven by `tests/projections/test_rebuild.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from projections.archive.fill import archived, fill
from projections.clickhouse import ClickHouse
from projections.event_log import are_of_another_log
from projections.generations.digest import Content, archive_content, content_of, telecommand_content
from projections.reprocess.derive import FLUSH_ROWS
from projections.reprocess.run import derive_segments
from projections.reprocess.segments import Segment, share_out
from projections.schema import create_fixed_tables, drop_all_tables
from projections.telecommands.projector import RowMaking, project_all
from projections.writer import position, store_position, write_generations
from projections.writer_flow import CONSUMER
from streams import names
from streams.generations import Generation, read_generations

TELECOMMANDS = "telecommands"
ARCHIVE = "archive"

Progress = Callable[[str, int, int], None]
"""Told the generation, how many of its frames are done, and of how many."""


@dataclass(frozen=True)
class Rebuilt:
    """The content of one generation before and after."""

    generation: str
    before: Content | None
    """None where the tables were of another event log."""
    after: Content

    @property
    def same(self) -> bool:
        """Say whether the rebuilt content is the identical one."""
        return self.before in (None, self.after)


async def rebuild(
    nc: Client,
    clickhouse: ClickHouse,
    *,
    addresses: Mapping[str, Any],
    workers: int = 1,
    flush_rows: int = FLUSH_ROWS,
    progress: Progress = lambda generation, done, total: None,
    row_making: RowMaking | None = None,
) -> list[Rebuilt]:
    """Drop every table and derive every generation again that was not dropped, and with `row_making` all
    that is known of telecommands: the content named TELECOMMANDS. The frame archive's is named ARCHIVE.

    Tables of another event log are only emptied, but for what was reprocessed: the writer fills them."""
    is_foreign = await are_of_another_log(nc, clickhouse)
    if is_foreign:  # no position and no content in them says anything about these streams
        await asyncio.to_thread(drop_all_tables, clickhouse)
        await asyncio.to_thread(create_fixed_tables, clickhouse)
    state = await read_generations(nc)
    known = [generation for generation in state.known.values() if not generation.dropped]
    before = {one.name: await asyncio.to_thread(content_of, clickhouse, one.name) for one in known}
    live = {one.name: await _written(clickhouse, one) for one in known}
    telemetry = await asyncio.to_thread(position, clickhouse, CONSUMER, names.TELEMETRY)
    told_before = await asyncio.to_thread(telecommand_content, clickhouse)
    stored = await asyncio.to_thread(archived, clickhouse)
    frames_before = await asyncio.to_thread(archive_content, clickhouse)
    await asyncio.to_thread(drop_all_tables, clickhouse)
    await asyncio.to_thread(create_fixed_tables, clickhouse)
    await asyncio.to_thread(write_generations, clickhouse, state)
    found = []
    for one in known:
        segments = _segments(one, live[one.name], workers)
        job = {**addresses, "generation": one.name, "flush_rows": flush_rows}

        def told(done: int, total: int, name: str = one.name) -> None:
            progress(name, done, total)

        await derive_segments(nc, clickhouse, job, segments, workers=workers, progress=told)
        await asyncio.to_thread(store_position, clickhouse, CONSUMER, names.FRAMES, live[one.name], one.name)
        after = await asyncio.to_thread(content_of, clickhouse, one.name)
        found.append(Rebuilt(one.name, None if is_foreign else before[one.name], after))
    await asyncio.to_thread(store_position, clickhouse, CONSUMER, names.TELEMETRY, telemetry)
    if stored:
        await fill(nc, clickhouse, stored, lambda done, total: progress(ARCHIVE, done, total))
        frames_after = await asyncio.to_thread(archive_content, clickhouse)
        found.append(Rebuilt(ARCHIVE, frames_before, frames_after))
    if row_making is not None:
        await project_all(nc, clickhouse, row_making)
        told_after = await asyncio.to_thread(telecommand_content, clickhouse)
        if told_before.rows or told_after.rows:
            found.append(Rebuilt(TELECOMMANDS, None if is_foreign else told_before, told_after))
    return found


async def _written(clickhouse: ClickHouse, generation: Generation) -> int:
    """Return the last frame whose rows the live path has written for a generation."""
    return await asyncio.to_thread(position, clickhouse, CONSUMER, names.FRAMES, generation.name)


def _segments(generation: Generation, live: int, workers: int) -> list[Segment]:
    """Return the reprocessed segments, and behind them what the live path derived."""
    segments = [Segment(*segment) for segment in generation.segments]
    behind = segments[-1].last + 1 if segments else 1
    return [*segments, *share_out(behind, live, workers)]
