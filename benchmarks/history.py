"""The history of one parameter: 10 million samples as 2,000 buckets with count, min, max, mean and last."""

from __future__ import annotations

import asyncio
import time

from benchmarks.asking import against_aim, alone, database, milliseconds, shown
from benchmarks.figures import Outcome, expect
from benchmarks.options import Options
from benchmarks.systems import run_async
from benchmarks.wide_mission import fill, wide_mission
from projections.clickhouse import ClickHouse
from projections.queries.history import history
from projections.queries.scope import scope_of

AIM_MS = 100.0
SAMPLES, POINTS = 10_000_000, 2_000
_QUESTIONS = 10
_PARAMETERS = {"calibrated value (Float64)": "T0_P0", "float (Float32)": "T0_P2", "counter (UInt32)": "T0_P3"}


def run(options: Options) -> Outcome:
    """Fill a database, and ask `rounds` times ten questions about each kind of parameter."""
    return run_async(_measure(options))


async def _measure(options: Options) -> Outcome:
    outcome = Outcome()
    async with database() as clickhouse:
        begin = time.perf_counter()
        await asyncio.to_thread(fill, clickhouse, wide_mission(1, 5), [1], SAMPLES)
        outcome.facts["filled"] = (
            f"{SAMPLES:,} packets inside of ClickHouse in {time.perf_counter() - begin:.0f} s"
        )
        for what, label in _PARAMETERS.items():
            times = await asyncio.to_thread(_times, clickhouse, label, _QUESTIONS * options.rounds)
            outcome.rates.append(against_aim(what, times, AIM_MS))
            outcome.facts[what] = shown(times)
        outcome.facts["SELECT 1"] = await asyncio.to_thread(alone, clickhouse)
    return outcome


def _times(clickhouse: ClickHouse, label: str, count: int) -> list[float]:
    rows = _ask(clickhouse, label)
    expect(sum(row["count"] for row in rows) == SAMPLES, f"{label}: not every sample is in a bucket, once")
    expect(len(rows) <= POINTS, f"{label}: {len(rows)} buckets")
    return milliseconds(lambda number: _ask(clickhouse, label), count)


def _ask(clickhouse: ClickHouse, label: str) -> list[dict[str, int]]:
    scope = scope_of(clickhouse, {})
    return [row for answer in history(clickhouse, scope, [label], points=POINTS) for row in answer.rows()]
