"""Segments: how the frames to derive are shared out between processes, and how far each one is.

The position of a segment stands in the table `offsets`, written behind the rows that it stands for, so a
killed reprocess goes on where it was and counts nothing twice (law 4).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from projections.clickhouse import ClickHouse
from projections.writer import store_position
from streams import names

LARGEST = 1_000_000
"""Frames of the largest segment: what one process takes at a time."""

_CONSUMER = "reprocess"


class Segment(NamedTuple):
    """A run of frames, from offset `first` to `last`."""

    first: int
    last: int

    @property
    def consumer(self) -> str:
        """Name of its position in the table `offsets`."""
        return f"{_CONSUMER} {self.first}"

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.last - self.first + 1


def share_out(first: int, last: int, workers: int) -> list[Segment]:
    """Cut the frames `first` to `last` into at least `workers` segments of nearly the same size.

    >>> share_out(1, 10, 3)
    [Segment(first=1, last=4), Segment(first=5, last=7), Segment(first=8, last=10)]
    """
    frames = max(0, last - first + 1)
    count = min(frames, max(workers, -(-frames // LARGEST)))
    edges = [first - 1 + -(-frames * number // count) for number in range(count + 1)] if count else []
    return [Segment(before + 1, after) for before, after in pairwise(edges)]


def store(clickhouse: ClickHouse, generation: str, segment: Segment, offset: int) -> None:
    """Store that the rows of the segment's frames up to `offset` are in the tables."""
    store_position(clickhouse, segment.consumer, names.FRAMES, offset, generation)


def positions(clickhouse: ClickHouse, generation: str) -> dict[int, int]:
    """Return the stored offsets by the segments' first offsets."""
    rows = clickhouse.rows(
        "SELECT consumer, offset FROM offsets WHERE generation = {generation:String} "
        "AND startsWith(consumer, {prefix:String})",
        {"generation": generation, "prefix": f"{_CONSUMER} "},
    )
    return {int(row["consumer"].split(" ", 1)[1]): int(row["offset"]) for row in rows}
