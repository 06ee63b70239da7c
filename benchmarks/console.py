"""The whole board as of times in the middle of the history: 1,000 parameters, 10 million packets.

40 packet types of 25 parameters, beside those of the header; the most frequent type has 128 times as many
packets as the rarest. Each question is about another time. What is answered is checked once against the rows.
"""

from __future__ import annotations

import asyncio
import random
import time

from benchmarks.asking import against_aim, alone, database, milliseconds, shown
from benchmarks.figures import Outcome, expect
from benchmarks.options import Options
from benchmarks.systems import run_async
from benchmarks.wide_mission import FRAME_NS, GENERATION, START_NS, fill, wide_mission
from projections.clickhouse import ClickHouse
from projections.queries.console import console
from projections.queries.scope import scope_of

AIM_MS = 50.0
TYPES, PARAMETERS = 40, 25
ROWS, FRAMES = 10_000_000, 5_000_000
_QUESTIONS = 20


def run(options: Options) -> Outcome:
    """Fill a database, and ask `rounds` times twenty questions."""
    return run_async(_measure(options))


async def _measure(options: Options) -> Outcome:
    shares = [2.0 ** -(number % 8) for number in range(TYPES)]
    rows = [int(ROWS * share / sum(shares)) for share in shares]
    async with database() as clickhouse:
        begin = time.perf_counter()
        await asyncio.to_thread(fill, clickhouse, wide_mission(TYPES, PARAMETERS), rows, FRAMES)
        filled = time.perf_counter() - begin
        await asyncio.to_thread(_check, clickhouse)
        chosen = random.Random(options.seed)
        times = [START_NS + chosen.randrange(FRAMES) * FRAME_NS for _ in range(_QUESTIONS * options.rounds)]
        then = await asyncio.to_thread(
            milliseconds, lambda number: _board(clickhouse, times[number]), len(times)
        )
        now = await asyncio.to_thread(milliseconds, lambda number: _board(clickhouse, None), _QUESTIONS)
        facts: dict[str, object] = {
            "as of a time": shown(then),
            "now": shown(now),
            "SELECT 1": await asyncio.to_thread(alone, clickhouse),
            "filled": f"{sum(rows):,} packets inside of ClickHouse in {filled:.0f} s",
        }
    return Outcome([against_aim("the board as of a time", then, AIM_MS)], facts)


def _board(clickhouse: ClickHouse, as_of: int | None) -> list[dict[str, object]]:
    scope = scope_of(clickhouse, {} if as_of is None else {"as_of": as_of})
    return list(console(clickhouse, scope, now=time.time_ns()))


def _check(clickhouse: ClickHouse) -> None:
    """Compare one board with the newest row of each table, found by reading all of it."""
    as_of = START_NS + FRAMES // 2 * FRAME_NS
    board = {row["parameter"]: row for row in _board(clickhouse, as_of)}
    for number in range(TYPES):
        label = f"T{number}_P0"
        (newest,) = clickhouse.rows(
            f"SELECT max(frame_offset) AS offset, argMax({label}, frame_offset) AS value "
            f"FROM packet_T{number} WHERE generation = '{GENERATION}' "
            f"AND recorded <= fromUnixTimestamp64Nano({as_of}, 'UTC')"
        )
        found = board[label]
        same = (found["frame_offset"], found["value"]) == (newest["offset"], newest["value"])
        expect(same, f"{label}: {found} is not {newest}")
