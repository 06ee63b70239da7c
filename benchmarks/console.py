"""The whole board as of times in the middle of the history: 1,000 parameters, 10 million packets.

40 packet types of 25 parameters, beside those of the header; the most frequent type has 128 times as many
packets as the rarest. Each question is about another time. What is answered is checked once against the rows,
and the values decoded from the frame archive against those in the tables.
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
from projections.queries.generation_reader import GenerationReaders
from projections.queries.scope import scope_of

AIM_MS = 50.0
TYPES, PARAMETERS = 40, 25
REPEATS = [2 ** (number % 8) for number in range(TYPES)]
CYCLES = 10_000_000 // sum(REPEATS)
FRAMES = CYCLES * sum(REPEATS)
_QUESTIONS = 20


def run(options: Options) -> Outcome:
    """Fill a database, and ask `rounds` times twenty questions."""
    return run_async(_measure(options))


async def _measure(options: Options) -> Outcome:
    mission = wide_mission(TYPES, PARAMETERS)
    async with database() as clickhouse:
        begin = time.perf_counter()
        await asyncio.to_thread(fill, clickhouse, mission, REPEATS, CYCLES)
        filled = time.perf_counter() - begin
        readers = GenerationReaders(clickhouse, lambda generation: mission)
        await asyncio.to_thread(_check, clickhouse, readers)
        chosen = random.Random(options.seed)
        times = [START_NS + chosen.randrange(FRAMES) * FRAME_NS for _ in range(_QUESTIONS * options.rounds)]

        def asked(moments: list[int | None], how: GenerationReaders) -> list[float]:
            return milliseconds(lambda number: _board(clickhouse, moments[number], how), len(moments))

        then = await asyncio.to_thread(asked, [*times], readers)
        facts: dict[str, object] = {
            "as of a time": shown(then),
            "now": shown(await asyncio.to_thread(asked, [None] * _QUESTIONS, readers)),
            "from the tables": shown(
                await asyncio.to_thread(asked, [*times[:_QUESTIONS]], GenerationReaders(clickhouse))
            ),
            "SELECT 1": await asyncio.to_thread(alone, clickhouse),
            "filled": f"{FRAMES:,} packets inside of ClickHouse in {filled:.0f} s",
        }
    return Outcome([against_aim("the board as of a time", then, AIM_MS)], facts)


def _board(clickhouse: ClickHouse, as_of: int | None, readers: GenerationReaders) -> list[dict[str, object]]:
    scope = scope_of(clickhouse, {} if as_of is None else {"as_of": as_of})
    return list(console(clickhouse, scope, now=time.time_ns(), readers=readers))


def _check(clickhouse: ClickHouse, readers: GenerationReaders) -> None:
    """Compare one board with the tables' and with the newest row of each, found by reading all of it."""
    as_of = START_NS + FRAMES // 2 * FRAME_NS
    rows = _board(clickhouse, as_of, readers)
    expect(rows == _board(clickhouse, as_of, GenerationReaders(clickhouse)), "the tables say something else")
    board = {row["parameter"]: row for row in rows}
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
