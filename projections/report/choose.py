"""Which parameters a report draws, and how finely: its size stays bounded, however large the mission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from projections.queries.answer import Row

MOST_PLOTS = 400
MOST_LABELLED = 40
MOST_POINTS, FEWEST_POINTS = 300, 60
_ALL_POINTS = 24_000
_NUMBERS = ("int", "uint", "float", "double", "halffloat")
_WHOLE = ("int", "uint")


def own_parameters(parameters: Sequence[Row]) -> list[Row]:
    """Return the parameters of one packet alone: what several have is their header."""
    packets = Counter(row["qualified"] for row in parameters)
    return [row for row in parameters if packets[row["qualified"]] == 1]


def numeric(parameters: Sequence[Row]) -> list[Row]:
    """Return those whose value is a number."""
    return [row for row in parameters if row["type"].startswith(_NUMBERS)]


def labelled(parameters: Sequence[Row]) -> list[Row]:
    """Return those whose value is a label of a number, or true and false."""
    return [
        row
        for row in parameters
        if row["type"] == "bool" or (row["type"] == "string" and row["raw_type"].startswith(_WHOLE))
    ]


def points_of(plots: int) -> int:
    """Return how many points each of so many plots has."""
    return max(FEWEST_POINTS, min(MOST_POINTS, _ALL_POINTS // max(plots, 1)))
