"""Verify the archive: every sealed stretch of it has the digest that was sealed when the frames were new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nats.aio.client import Client

from projections.archive.fill import archived
from projections.archive.seals import read_seals
from projections.archive.stretches import Stretch, Wrong, stretches
from projections.clickhouse import ClickHouse
from streams import names
from streams.read import last_offset

KEPT = 100
"""Wrong stretches that are named; the others are counted."""


@dataclass(frozen=True)
class ArchiveReport:
    """What was found: `frames` compared with `seals`; `unsealed` archived frames nothing vouches for yet.

    `missing` are frames of FRAMES that the archive does not have yet, `unreadable` the offsets in OPERATIONS
    of events that should be seals and are none.
    """

    archived_to: int
    frames: int
    seals: int
    unsealed: int
    missing: int
    broken: int
    wrong: list[Wrong]
    unreadable: list[int]
    seconds: float

    @property
    def good(self) -> bool:
        """Say whether all that is sealed is as it was sealed."""
        return not self.broken and not self.unreadable


async def verify_archive(
    nc: Client, clickhouse: ClickHouse, progress: Callable[[int, int], None] = lambda done, of: None
) -> ArchiveReport:
    """Recompute the digest of every sealed stretch from the archive, and compare it with the seal's."""
    begun, stored = time.perf_counter(), await asyncio.to_thread(archived, clickhouse)
    seals = await read_seals(nc, 1, stored)
    whole = [one for one in seals.sealed if one.seal.last <= stored]
    frames, broken, wrong = 0, 0, list[Wrong]()
    found = stretches(clickhouse, whole)
    while (one := await asyncio.to_thread(_next, found)) is not None:
        frames += one.sealed.seal.frames
        if one.wrong is not None:
            broken += 1
            wrong += [one.wrong] if broken <= KEPT else []
        progress(one.sealed.seal.last, stored)
    end = await last_offset(nc, names.FRAMES)
    seconds = time.perf_counter() - begun
    return ArchiveReport(
        archived_to=stored,
        frames=frames,
        seals=len(whole),
        unsealed=stored - frames,
        missing=max(0, end - stored),
        broken=broken,
        wrong=wrong,
        unreadable=seals.unreadable,
        seconds=seconds,
    )


def _next(found: Iterator[Stretch]) -> Stretch | None:
    return next(found, None)
