"""Verify a generation: derive its frames again, independently, and compare both contents' digests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse
from projections.generations.digest import Content, content_of
from projections.generations.drop import check_known, drop_generation
from projections.reprocess import Progress, reprocess
from projections.writer import position
from projections.writer_flow import CONSUMER
from streams import names
from streams.generations import PARSER_VERSION, Generations, read_generations


@dataclass(frozen=True)
class Verified:
    """Both contents over the same frames; they are the same when `same`."""

    generation: str
    first: int
    last: int
    content: Content
    again: Content

    @property
    def same(self) -> bool:
        """Say whether the second derivation has the identical content."""
        return self.content == self.again


async def verify_generation(
    nc: Client,
    clickhouse: ClickHouse,
    name: str,
    *,
    addresses: Mapping[str, Any],
    workers: int = 1,
    who: str = "",
    progress: Progress = lambda done, total: None,
) -> Verified:
    """Derive the frames of a generation again, compare, and drop the second derivation.

    Raises ProjectionError for an unknown generation, or one that another version of the parser made.
    """
    state = await read_generations(nc)
    check_known(state, name)
    if state.known[name].parser_version != PARSER_VERSION:
        raise ProjectionError(
            f"{name} was made by parser version {state.known[name].parser_version}, this is {PARSER_VERSION}",
            fix="verify it with the program that made it; its rows stay comparable with `generations diff`",
        )
    first, last = await frames_of(clickhouse, state, name)
    second = await reprocess(
        nc,
        clickhouse,
        await asyncio.to_thread(state.mission_of, name),
        addresses=addresses,
        name=_free_name(state, name),
        first=first,
        last=last,
        workers=workers,
        who=who,
        progress=progress,
    )
    content = await asyncio.to_thread(content_of, clickhouse, name, first, last)
    await drop_generation(nc, clickhouse, second.generation, who)
    return Verified(name, first, last, content, second.content)


async def frames_of(clickhouse: ClickHouse, state: Generations, name: str) -> tuple[int, int]:
    """Return the first and last offset of the frames whose rows a generation has."""
    segments = state.known[name].segments
    first = segments[0][0] if segments else 1
    live = await asyncio.to_thread(position, clickhouse, CONSUMER, names.FRAMES, name)
    last = max(live, segments[-1][1] if segments else 0)
    if last < first:
        raise ProjectionError(f"{name} has no rows yet", fix="wait until the parser has begun")
    return first, last


def _free_name(state: Generations, name: str) -> str:
    candidates = (f"{name}-verify-{number}" for number in range(1, len(state.known) + 2))
    return next(candidate for candidate in candidates if candidate not in state.known)
