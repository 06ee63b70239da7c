"""Rebuild: every projection dropped and built again from the streams alone, with the identical content.

Law 1: the streams are the truth. Nothing may write to the tables meanwhile; a rebuild that was killed is
simply run again, because everything it needs is in the streams.
Proven by `tests/projections/test_generations_by_command.py` and `test_event_log_by_command.py`, on servers of
your own by `tests/infra/test_distributed_services.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nats.aio.client import Client

from projections.archive.fill import archived, fill
from projections.clickhouse import ClickHouse
from projections.event_log import are_of_this_log
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
    """None where there were no whole tables of this event log."""
    after: Content

    @property
    def same(self) -> bool:
        """Say whether the rebuilt content is the identical one."""
        return self.before in (None, self.after)


@dataclass(frozen=True)
class _Tables:
    """What the tables had: how far they were, and the content of generations, ARCHIVE and TELECOMMANDS."""

    live: Mapping[str, int] = field(default_factory=dict)
    """The last frame whose rows the live path had written for a generation."""
    telemetry: int = 0
    archived: int = 0
    contents: Mapping[str, Content] = field(default_factory=dict)


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

    Where there are no whole tables of this event log, only what was reprocessed is derived: the writer does
    the rest.
    """
    state = await read_generations(nc)
    known = [generation for generation in state.known.values() if not generation.dropped]
    is_ours = await asyncio.to_thread(are_of_this_log, clickhouse, state)
    tables = await asyncio.to_thread(_tables, clickhouse, known) if is_ours else _Tables()
    await asyncio.to_thread(drop_all_tables, clickhouse)
    await asyncio.to_thread(create_fixed_tables, clickhouse)
    found = []
    for one in known:
        at = tables.live.get(one.name, 0)
        job = {**addresses, "generation": one.name, "flush_rows": flush_rows}

        def told(done: int, total: int, name: str = one.name) -> None:
            progress(name, done, total)

        segments = _segments(one, at, workers)
        await derive_segments(nc, clickhouse, job, segments, workers=workers, progress=told)
        await asyncio.to_thread(store_position, clickhouse, CONSUMER, names.FRAMES, at, one.name)
        after = await asyncio.to_thread(content_of, clickhouse, one.name)
        found.append(Rebuilt(one.name, tables.contents.get(one.name), after))
    await asyncio.to_thread(store_position, clickhouse, CONSUMER, names.TELEMETRY, tables.telemetry)
    if tables.archived:
        await fill(nc, clickhouse, tables.archived, lambda done, total: progress(ARCHIVE, done, total))
        frames = await asyncio.to_thread(archive_content, clickhouse)
        found.append(Rebuilt(ARCHIVE, tables.contents[ARCHIVE], frames))
    if row_making is not None:
        await project_all(nc, clickhouse, row_making)
        before = tables.contents.get(TELECOMMANDS)
        after = await asyncio.to_thread(telecommand_content, clickhouse)
        if after.rows or (before is not None and before.rows):
            found.append(Rebuilt(TELECOMMANDS, before, after))
    await asyncio.to_thread(write_generations, clickhouse, state)  # last: the mark of whole tables
    return found


def _tables(clickhouse: ClickHouse, known: Sequence[Generation]) -> _Tables:
    contents = {one.name: content_of(clickhouse, one.name) for one in known}
    return _Tables(
        live={one.name: position(clickhouse, CONSUMER, names.FRAMES, one.name) for one in known},
        telemetry=position(clickhouse, CONSUMER, names.TELEMETRY),
        archived=archived(clickhouse),
        contents=contents
        | {ARCHIVE: archive_content(clickhouse), TELECOMMANDS: telecommand_content(clickhouse)},
    )


def _segments(generation: Generation, live: int, workers: int) -> list[Segment]:
    """Return the reprocessed segments, and behind them what the live path derived."""
    segments = [Segment(*segment) for segment in generation.segments]
    behind = segments[-1].last + 1 if segments else 1
    return [*segments, *share_out(behind, live, workers)]
