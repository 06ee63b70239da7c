"""From values to places on paper: scales with ticks at round numbers, for values and for times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_FARTHEST = 5e307
"""Values are drawn no farther out, so that the width of a scale is a number."""

_FAR = 10.0

_TIME_STEPS_S = (
    0.001, 0.01, 0.1, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600,
    43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000,
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """A linear scale: `low` is drawn at `start`, `high` at `stop`; what lies beyond at the nearer end."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return where a value is drawn."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


def value_range(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float, int]:
    """Return low and high of a scale for ranges of values in the order of time, and how many are beyond it.

    A damaged packet's value would make a line of everything else: what is `_FAR` times as far out as the
    usual values are wide, and alone with that among its neighbours, is cut off.
    """
    lows = [max(-_FARTHEST, min(_FARTHEST, low)) for low in lows]
    highs = [max(-_FARTHEST, min(_FARTHEST, high)) for high in highs]
    skipped = len(lows) // 20
    least, greatest = sorted(lows)[skipped], sorted(highs)[-1 - skipped]
    room = (greatest - least) * _FAR
    far = [
        room > 0 and (low < least - room or high > greatest + room)
        for low, high in zip(lows, highs, strict=True)
    ]
    alone = [
        at for at, one in enumerate(far) if one and not any(far[max(0, at - 1) : at] + far[at + 1 : at + 2])
    ]
    kept = [at for at in range(len(far)) if at not in set(alone)]
    low, high = min(lows[at] for at in kept), max(highs[at] for at in kept)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin, len(alone)


def value_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Return at most `most` round values of a scale with their texts, shortest form first.

    >>> value_ticks(0, 9)
    [(0.0, '0'), (2.0, '2'), (4.0, '4'), (6.0, '6'), (8.0, '8')]
    >>> value_ticks(67.9012, 67.9087)[0]
    (67.902, '67.902')
    """
    rough = (high - low) / most
    if not rough > 0:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= rough)
    first = math.ceil(low / step)
    values = [float(f"{number * step:.12g}") for number in range(first, first + most + 1)]
    decimals = max(0, -math.floor(math.log10(step)))
    large = max(abs(low), abs(high)) >= 1e6 or decimals > 6
    return [
        (value, f"{value:.6g}" if large else f"{value:.{decimals}f}") for value in values if value <= high
    ]


def time_ticks(start: int, stop: int, most: int = 6) -> list[tuple[int, str]]:
    """Return at most `most` round times (ns UTC) with their texts: the day only where a tick is a day."""
    rough = (stop - start) / 1e9 / most
    step = int(next((one for one in _TIME_STEPS_S if one >= rough), _TIME_STEPS_S[-1]) * 1e9)
    first = -(-start // step) * step
    return [(time, _clock(time, step)) for time in range(first, stop + 1, step)][: most + 1]


def _clock(time: int, step: int) -> str:
    moment = datetime.fromtimestamp(time // 10**9, tz=UTC)
    if step >= 86_400 * 10**9:
        return f"{moment:%Y-%m-%d}"
    if step >= 60 * 10**9:
        return f"{moment:%H:%M}"
    fraction = f".{time % 10**9 // 10**6:03d}" if step < 10**9 else ""
    return f"{moment:%H:%M:%S}{fraction}"
