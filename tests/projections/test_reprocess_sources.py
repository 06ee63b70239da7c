"""Every frame of a segment comes from one place: the archive where it is proven there, else the stream."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from projections.archive.stretches import Sealed
from projections.reprocess.sources import parts
from streams.seal import Seal


def sealed(runs: list[tuple[int, int]]) -> list[Sealed]:
    marks = np.zeros(0, np.uint16)
    return [Sealed(n, Seal(first, last, "", {}, marks, "")) for n, (first, last) in enumerate(runs, 1)]


@st.composite
def seal_runs(draw: st.DrawFn) -> list[tuple[int, int]]:
    at, found = 1, []
    for gap, size in draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=6)):
        found.append((at + gap, at + gap + size - 1))
        at += gap + size
    return found


@given(seal_runs(), st.integers(1, 30), st.integers(0, 40))
def test_each_frame_comes_once_and_in_order_from_where_it_is_proven(
    runs: list[tuple[int, int]], first: int, size: int
) -> None:
    last = first + size - 1
    found = parts(first, last, sealed(runs))
    assert [offset for part in found for offset in range(part.first, part.last + 1)] == list(
        range(first, last + 1)
    )
    for part in found:
        covered = [one for one in runs if one[0] <= part.last and one[1] >= part.first]
        assert [(one.seal.first, one.seal.last) for one in part.sealed] == (covered if part.sealed else [])
        assert part.sealed or not covered
