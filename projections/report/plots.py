"""Small plots of numbers: a line of means in the band from least to greatest, gaps left open.

Pure: buckets of `query.history` in, places and texts out; `page.html` draws them as SVG.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from projections.queries.answer import Row
from projections.report.flight import ns
from projections.report.scale import Scale, time_ticks, value_range, value_ticks

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 62, 354, 8, 126

_OPEN_FROM = 3.0
"""A pause this many times as long as the usual distance of two points is left open."""

Tick = tuple[float, str]


@dataclass(frozen=True)
class Plot:
    """One parameter as it is drawn; `band`, `line` and `gaps` are the `d` of SVG paths."""

    parameter: Row
    count: int
    least: float
    greatest: float
    last: str
    line: str
    band: str
    gaps: str
    limits: Sequence[tuple[float, str, str]]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    beyond: int

    @property
    def told(self) -> str:
        """The plot in words, for who does not see it."""
        unit = f" {self.parameter['unit']}" if self.parameter["unit"] else ""
        return (
            f"{self.parameter['parameter']}: {self.count} samples from {self.least:.6g} to "
            f"{self.greatest:.6g}{unit}, the last {self.last}{unit}"
        )


def draw(parameter: Row, buckets: Sequence[Row], span: tuple[int, int], shaded: str = "") -> Plot | None:
    """Return the plot of a parameter over `span` (ns UTC), None when it has no finite value.

    `shaded` is what `shade` made of the gaps of its packets.
    """
    rows = [row for row in buckets if isinstance(row["min"], int | float)]
    if not rows:
        return None
    low, high, beyond = value_range([row["min"] for row in rows], [row["max"] for row in rows])
    x, y = Scale(*span, LEFT, RIGHT), Scale(low, high, BOTTOM, TOP)
    runs = _runs([(_middle(row), row) for row in rows])
    return Plot(
        parameter=parameter,
        count=sum(row["count"] for row in buckets),
        least=min(row["min"] for row in rows),
        greatest=max(row["max"] for row in rows),
        last=_text(buckets[-1]["last"]),
        line="".join(_line([(x(at), y(row["mean"])) for at, row in run]) for run in runs),
        band="".join(_band([(x(at), y(row["min"]), y(row["max"])) for at, row in run]) for run in runs),
        gaps=shaded,
        limits=_limits(parameter["alarms"], y),
        x_ticks=[(x(at), text) for at, text in time_ticks(*span)],
        y_ticks=[(y(value), text) for value, text in value_ticks(low, high)],
        beyond=beyond,
    )


def shade(missing: Iterable[tuple[int, int]], span: tuple[int, int]) -> str:
    """Return the area of stretches of time (ns UTC) from which packets are missing, at least 1 wide each.

    What touches is one: there are never more than a plot is wide.
    """
    x = Scale(*span, LEFT, RIGHT)
    places = sorted((round(x(min(both))), round(x(max(both)) + 0.5)) for both in missing)
    merged: list[tuple[int, int]] = []
    for start, stop in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((start, max(stop, start + 1)))
    return "".join(f"M{start} {TOP}H{stop}V{BOTTOM}H{start}Z" for start, stop in merged)


def is_constant(buckets: Sequence[Row]) -> bool:
    """Whether all samples have one value."""
    return all(row["min"] == row["max"] == buckets[0]["min"] for row in buckets)


def _middle(row: Row) -> int:
    """A bucket stands between its begin and its last sample."""
    return (ns(row["bucket"]) + ns(row["last_time"])) // 2


def _runs(points: Sequence[tuple[int, Row]]) -> list[list[tuple[int, Row]]]:
    """Return the points in runs without a pause."""
    steps = [after[0] - before[0] for before, after in pairwise(points)]
    longest = statistics.median(steps) * _OPEN_FROM if steps else 0
    runs = [[points[0]]]
    for step, point in zip(steps, points[1:], strict=True):
        if step > longest:
            runs.append([])
        runs[-1].append(point)
    return runs


def _line(points: Sequence[tuple[float, float]]) -> str:
    """A single point is a line of no length, which round ends make a dot."""
    places = [f"{x:g} {y:g}" for x, y in points]
    return f"M{places[0]}h0" if len(places) == 1 else f"M{'L'.join(places)}"


def _band(points: Sequence[tuple[float, float, float]]) -> str:
    if len(points) == 1:
        x, low, high = points[0]
        return f"M{x - 0.5:g} {low:g}V{high:g}H{x + 0.5:g}V{low:g}Z"
    there = [f"{x:g} {high:g}" for x, _, high in points]
    back = [f"{x:g} {low:g}" for x, low, _ in reversed(points)]
    return f"M{'L'.join((*there, *back))}Z"


def _limits(alarms: Sequence[Row], y: Scale) -> list[tuple[float, str, str]]:
    """Return height, level and value of the limits that are in sight."""
    ends = [
        (alarm[end], alarm["level"])
        for alarm in alarms
        for end in ("minimum", "maximum")
        if alarm[end] is not None
    ]
    return [(y(value), level, f"{value:g}") for value, level in ends if y.low < value < y.high]


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
