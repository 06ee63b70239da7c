"""A process that derives segments: `python -m projections.reprocess.worker`, started by `pool`.

Reads one JSON line with the addresses and the generation, then a line `[first, last, start, end]` for each
segment; answers with lines `{"at": offset}` and `{"done": offset}`, or `{"error": text}`. It ends with its
standard input, so also when its parent was killed. It is nice: the live path comes first.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import orjson
import uvloop
from nats.aio.client import Client

from infra.connection import connect_nats
from infra.errors import FlightLedgerError
from projections.clickhouse import ClickHouse, connect
from projections.reprocess.derive import Derivation
from projections.reprocess.segments import Segment
from streams.generations import read_generations
from streams.mission import Mission

_NICE = 10


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
        mission = state.mission_of(job["generation"])
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            await _derive(nc, clickhouse, mission, job, orjson.loads(line))
    finally:
        await nc.close()


async def _derive(
    nc: Client, clickhouse: ClickHouse, mission: Mission, job: dict[str, Any], task: list[int]
) -> None:
    first, last, start, end = task
    derivation = Derivation(
        clickhouse,
        mission,
        job["generation"],
        Segment(first, last),
        progress=lambda offset: _answer(at=offset),
        flush_rows=job["flush_rows"],
    )
    await derivation.run(nc, start=start, end=end)
    _answer(done=derivation.done)


def _answer(**fields: int | str) -> None:
    sys.stdout.buffer.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def main() -> int:
    """Work; 2 when it can not go on, after saying why."""
    os.nice(_NICE)
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
