"""Where the fields of one telecommand stand: the walk through a layout that writing and reading share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

from commands.layout import Field, Mark, Place


class Placed(NamedTuple):
    """A field, its first bit and how many bits it has."""

    field: Field
    start: int
    bits: int

    @property
    def end(self) -> int:
        """The bit after its last one."""
        return self.start + self.bits


def walk(steps: Iterable[Field | Mark], visit: Callable[[Field, int], int]) -> list[Placed]:
    """Visit each field with its first bit, in order; `visit` answers how many bits it has."""
    position, marks, found = 0, {0: 0}, []
    for step in steps:
        position = _start(step.place, position, marks)
        if isinstance(step, Mark):
            marks[step.number] = position
        else:
            bits = visit(step, position)
            found.append(Placed(step, position, bits))
            position += bits
    return found


def overlap(placed: Iterable[Placed]) -> tuple[str, str] | None:
    """The name of a field that cannot stand where it does, and why; None when all can."""
    ordered = sorted(placed, key=lambda field: field.start)
    if ordered and ordered[0].start < 0:
        return ordered[0].field.name, f"starts {-ordered[0].start} bits before the packet"
    for one, other in itertools.pairwise(ordered):
        if other.start < one.end:
            return other.field.name, f"stands on the bits of {one.field.name}"
    return None


def _start(place: Place, position: int, marks: dict[int, int]) -> int:
    return place.start + (position if place.mark is None else marks[place.mark])
