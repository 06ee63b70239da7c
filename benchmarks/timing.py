"""Timing in turns: every contender once, then all of them again; the best time of each counts.

Other work on the machine only ever makes a run slower, so the best of several is nearest to what the code
takes, and turns make sure that a busy minute does not meet one contender only.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

LEAST_S = 0.2
"""Seconds for which a quick contender is repeated in its turn."""


def seconds_each(run: Callable[[], object]) -> float:
    """Return the mean time of a run, repeated for at least `LEAST_S`."""
    count, begin = 0, time.perf_counter()
    while True:
        run()
        count += 1
        passed = time.perf_counter() - begin
        if passed >= LEAST_S:
            return passed / count


def best_in_turns(rounds: int, contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the best time in seconds of each contender over so many rounds."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in contenders.items():
            best[name] = min(best.get(name, float("inf")), seconds_each(run))
    return best


async def best_in_turns_async(
    rounds: int, contenders: Mapping[str, Callable[[], Awaitable[float]]]
) -> dict[str, float]:
    """The same for coroutine functions, which take their own time: each returns its seconds."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in contenders.items():
            best[name] = min(best.get(name, float("inf")), await run())
    return best


async def seconds_of(work: Awaitable[object]) -> float:
    """Await something and return how long it took."""
    begin = time.perf_counter()
    await work
    return time.perf_counter() - begin
