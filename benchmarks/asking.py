"""Time from a question to its answer, of a filled database, without the network of a page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np

from benchmarks.figures import Rate
from benchmarks.systems import temporary_system
from projections.clickhouse import ClickHouse, connect

_ALONE = 50


@asynccontextmanager
async def database() -> AsyncIterator[ClickHouse]:
    """A ClickHouse server of its own, with the limits of the embedded one."""
    async with temporary_system() as system:
        clickhouse = await asyncio.to_thread(connect, system.servers.clickhouse_url)
        yield clickhouse


def milliseconds(ask: Callable[[int], object], count: int) -> list[float]:
    """Return how long each of so many questions took, after one that does not count."""
    ask(0)
    found = []
    for number in range(count):
        begin = time.perf_counter()
        ask(number)
        found.append((time.perf_counter() - begin) * 1_000)
    return found


def against_aim(what: str, times: list[float], aim_ms: float) -> Rate:
    """Return the middle time as answers a second beside those that the aim allows."""
    return Rate(what, "answers/s", 1_000 / quantile(times, 0.5), 1_000 / aim_ms, f"{aim_ms:g} ms", 1.0)


def shown(times: list[float]) -> str:
    """Return middle, best and nearly worst for people."""
    middle, worst = quantile(times, 0.5), quantile(times, 0.99)
    return f"p50 {middle:.0f} ms, p99 {worst:.0f} ms, best {min(times):.0f} ms of {len(times)}"


def alone(clickhouse: ClickHouse) -> str:
    """Return how long the database takes to say nothing: how busy the machine is."""
    return shown(milliseconds(lambda number: clickhouse.rows("SELECT 1 AS one"), _ALONE))


def quantile(times: list[float], share: float) -> float:
    """Return the time that a share of the questions did not exceed."""
    return float(np.quantile(times, share))
