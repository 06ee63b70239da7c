"""Strips of labels: how long a phase, a mode or a flag was what. Pure, like `plots`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from projections.queries.answer import Row
from projections.report.flight import ns
from projections.report.scale import Scale, time_ticks

LEFT, RIGHT = 150, 990
"""Where lanes begin and end, in a picture that is 1000 wide."""

MOST_RUNS = 60
"""What changes more often is no state that a strip could show."""

TONES = 6
_TOLD = 12


@dataclass(frozen=True)
class Lane:
    """One parameter: runs of one label as (x, width, label, tone); `changes` is how often it changed.

    `labels` are the first ones in their order; what has more than `MOST_RUNS` runs has none to draw.
    """

    parameter: Row
    runs: Sequence[tuple[float, float, str, int]]
    changes: int
    labels: Sequence[str]


def lanes(parameters: Sequence[Row], samples: dict[str, list[Row]], span: tuple[int, int]) -> list[Lane]:
    """Return a lane for each parameter whose label changes, those first that can be drawn."""
    x = Scale(*span, LEFT, RIGHT)
    found = [_lane(one, _values(samples[one["qualified"]]), x) for one in parameters]
    return sorted((lane for lane in found if lane.changes), key=lambda lane: not lane.runs)


def ticks(span: tuple[int, int]) -> list[tuple[float, str]]:
    """Return the times below the lanes."""
    x = Scale(*span, LEFT, RIGHT)
    return [(x(at), text) for at, text in time_ticks(*span, most=8)]


def _values(rows: Sequence[Row]) -> list[tuple[int, int, str]]:
    """Return begin, end and label: of buckets of a flag (0 or 1) the newest, else of samples."""
    return [
        (ns(row["bucket"]), ns(row["last_time"]), "true" if row["last"] else "false")
        if "bucket" in row
        else (ns(row["time"]), ns(row["time"]), str(row["value"]))
        for row in rows
    ]


def _lane(parameter: Row, values: Sequence[tuple[int, int, str]], x: Scale) -> Lane:
    runs: list[tuple[int, int, str]] = []
    for start, stop, label in values:
        if runs and runs[-1][2] == label:
            runs[-1] = (runs[-1][0], stop, label)
        else:
            if runs:
                runs[-1] = (runs[-1][0], start, runs[-1][2])
            runs.append((start, stop, label))
    tones = {label: number % TONES for number, label in enumerate(dict.fromkeys(label for *_, label in runs))}
    drawn = (
        []
        if len(runs) > MOST_RUNS
        else [
            (x(start), round(max(x(stop) - x(start), 0.5), 1), label, tones[label])
            for start, stop, label in runs
        ]
    )
    return Lane(parameter, drawn, max(0, len(runs) - 1), [label for *_, label in runs[:_TOLD]])
