"""`reprocess`: starts a generation, or goes on with one, derives all its segments, and finishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse
from projections.generations.digest import Content, content_of
from projections.reprocess.derive import FLUSH_ROWS
from projections.reprocess.pool import Task, run_workers
from projections.reprocess.segments import Segment, positions, share_out
from projections.writer import write_generations
from streams import names
from streams.generations import (
    GENERATION_FINISHED,
    GENERATION_STARTED,
    PARSER_VERSION,
    Generation,
    Generations,
    ensure_mission,
    free_name,
    read_generations,
)
from streams.mission import Mission
from streams.operations import append_operation
from streams.read import last_offset

Progress = Callable[[int, int], None]
"""Told how many frames are done, and of how many."""


@dataclass(frozen=True)
class Reprocessed:
    """What a reprocess has derived: `frames` now (without what an earlier run had done), `content` in all."""

    generation: str
    first: int
    last: int
    frames: int
    content: Content


async def reprocess(
    nc: Client,
    clickhouse: ClickHouse,
    mission: Mission,
    *,
    addresses: Mapping[str, Any],
    name: str | None = None,
    first: int = 1,
    last: int | None = None,
    workers: int = 1,
    flush_rows: int = FLUSH_ROWS,
    who: str = "",
    from_archive: bool = False,
    progress: Progress = lambda done, total: None,
) -> Reprocessed:
    """Derive the frames `first` to `last` (default: all there are) into a generation beside the others.

    A generation of the same mission and frames that was not finished is taken up again. `addresses` tells
    the worker processes the servers: `nats_url`, `nats_user`, `nats_password`, and the same of `clickhouse`.
    `who` asked for it stands in the event. With `from_archive`, sealed frames come out of the frame archive,
    and a stretch of it that is not what was sealed is refused.
    Raises ProjectionError when the name belongs to another generation, or there are no such frames.
    """
    generation = await _begin(nc, mission, name, (first, last), workers=workers, who=who)
    await asyncio.to_thread(write_generations, clickhouse, await read_generations(nc))
    segments = [Segment(*segment) for segment in generation.segments]
    job = {**addresses, "generation": generation.name, "flush_rows": flush_rows, "from_archive": from_archive}
    frames = await derive_segments(nc, clickhouse, job, segments, workers=workers, progress=progress)
    content = await asyncio.to_thread(content_of, clickhouse, generation.name)
    first, last = segments[0].first, segments[-1].last
    if not generation.finished:
        fields = {"generation": generation.name, "first": first, "last": last, "digest": content.digest}
        await append_operation(nc, GENERATION_FINISHED, fields)
        await asyncio.to_thread(write_generations, clickhouse, await read_generations(nc))
    return Reprocessed(generation.name, first, last, frames, content)


async def derive_segments(
    nc: Client,
    clickhouse: ClickHouse,
    job: Mapping[str, Any],
    segments: list[Segment],
    *,
    workers: int,
    progress: Progress = lambda done, total: None,
) -> int:
    """Derive what is not done yet of some segments; return how many frames that was.

    `job` has the addresses, `generation` and `flush_rows`. Raises ProjectionError when a worker fails.
    """
    end = await last_offset(nc, names.FRAMES)
    tasks, done = await asyncio.to_thread(_tasks, clickhouse, job["generation"], segments, end)
    total, before = sum(segment.frames for segment in segments), sum(done.values())

    def told(segment: Segment, offset: int) -> None:
        done[segment.first] = offset - segment.first + 1
        progress(sum(done.values()), total)

    await run_workers(job, tasks, workers, told)
    return total - before


async def _begin(
    nc: Client,
    mission: Mission,
    name: str | None,
    frames: tuple[int, int | None],
    *,
    workers: int,
    who: str,
) -> Generation:
    """Return the generation to derive, as OPERATIONS has it now."""
    first, last = frames
    await ensure_mission(nc, mission)
    state = await read_generations(nc)
    if found := _unfinished(state, mission, name, first, last):
        return found
    end = await last_offset(nc, names.FRAMES)
    segments = share_out(first, end if last is None else min(last, end), workers)
    if not segments:
        raise ProjectionError(
            f"there are no frames from {first} to {end if last is None else last}",
            where=f"FRAMES has the offsets 1 to {end}",
            fix="import a recording first, or name another range",
        )
    if name is None:
        name = free_name(state, mission)
    elif name in state.known and not state.known[name].dropped:
        raise ProjectionError(
            f"there is a generation {name!r} already",
            where="OPERATIONS",
            fix="give another --name, or drop it: `generations drop`",
        )
    fields = {
        "generation": name,
        "mission": mission.digest,
        "parser_version": PARSER_VERSION,
        "segments": [[segment.first, segment.last] for segment in segments],
        "who": who,
    }
    await append_operation(nc, GENERATION_STARTED, fields)
    return (await read_generations(nc)).known[name]


def _unfinished(
    state: Generations, mission: Mission, name: str | None, first: int, last: int | None
) -> Generation | None:
    """Return the generation of this mission and these frames that was begun and not finished."""
    for known in reversed(state.known.values()):
        fits = (
            known.segments
            and not (known.finished or known.dropped)
            and known.mission_digest == mission.digest
            and known.parser_version == PARSER_VERSION
            and known.segments[0][0] == first
        )
        if fits and name in (None, known.name) and last in (None, known.segments[-1][1]):
            return known
    return None


def _tasks(
    clickhouse: ClickHouse, generation: str, segments: list[Segment], end: int
) -> tuple[list[Task], dict[int, int]]:
    """Return what is left to derive, and how many frames of each segment are done."""
    stored = positions(clickhouse, generation)
    tasks, done = [], {}
    for segment in segments:
        at = stored.get(segment.first, segment.first - 1)
        done[segment.first] = at - segment.first + 1
        if at < segment.last:
            tasks.append(Task(segment, at + 1, end))
    return tasks, done
