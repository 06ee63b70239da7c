"""A process that derives segments: `python -m projections.reprocess.worker`, started by `pool`.

Reads one JSON line with the addresses and the generation, then a line `[first, last, start, end]` for each
segment; answers with lines `{"at": offset}` and `{"done": offset}`, or `{"error": text}`. It ends with its
standard input, so also when its parent was killed. It is nice: the live path comes first.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import orjson
import uvloop
from nats.aio.client import Client

from infra.collector import collect_rarely
from infra.connection import connect_nats
from infra.errors import FlightLedgerError
from infra.give_way import give_way
from projections.archive.fill import archived
from projections.archive.seals import read_seals
from projections.archive.stretches import Sealed
from projections.clickhouse import ClickHouse, connect
from projections.reprocess.derive import Derivation
from projections.reprocess.segments import Segment
from streams.generations import read_generations
from streams.mission import Mission

_NICE = 10


class Worker:
    """Derives segments of one generation."""

    def __init__(self, nc: Client, clickhouse: ClickHouse, mission: Mission, job: dict[str, Any]) -> None:
        self._nc, self._clickhouse, self._mission, self._job = nc, clickhouse, mission, job
        self._sealed: list[Sealed] = []

    async def find_seals(self) -> None:
        """Learn of the seals over frames that the archive has, if frames are to come from there."""
        if self._job.get("from_archive"):
            stored = await asyncio.to_thread(archived, self._clickhouse)
            seals = await read_seals(self._nc)
            self._sealed = [one for one in seals.sealed if one.seal.last <= stored]

    async def derive(self, first: int, last: int, start: int, end: int) -> None:
        """Derive one segment, and say how far it is."""
        derivation = Derivation(
            self._clickhouse,
            self._mission,
            self._job["generation"],
            Segment(first, last),
            progress=lambda offset: _answer(at=offset),
            flush_rows=self._job["flush_rows"],
            sealed=self._sealed,
        )
        await derivation.run(self._nc, start=start, end=end)
        _answer(done=derivation.done)


async def work(job: dict[str, Any]) -> None:
    """Derive one segment after the other until standard input ends."""
    nc = await connect_nats(
        job["nats_url"], name="reprocess", user=job["nats_user"], password=job["nats_password"]
    )
    try:
        clickhouse = connect(
            job["clickhouse_url"], user=job["clickhouse_user"], password=job["clickhouse_password"]
        )
        state = await read_generations(nc)
        worker = Worker(nc, clickhouse, state.mission_of(job["generation"]), job)
        await worker.find_seals()
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            await worker.derive(*orjson.loads(line))
    finally:
        await nc.close()


def _answer(**fields: int | str) -> None:
    sys.stdout.buffer.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def main() -> int:
    """Work; 2 when it can not go on, after saying why."""
    give_way(_NICE)
    collect_rarely()
    job = orjson.loads(sys.stdin.buffer.readline())
    try:
        uvloop.run(work(job))
    except BrokenPipeError:  # the parent is gone
        return 2
    except FlightLedgerError as error:
        _answer(error=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
