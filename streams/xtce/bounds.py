"""The ends of ranges (XTCE 1.2, FloatRangeType): inclusive or exclusive, open where they are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from streams.xtce.element import Node

T = TypeVar("T")


def read_bound(node: Node, end: str, read: Callable[[str], T]) -> tuple[T | None, bool]:
    """One end ("min" or "max") of a range, and whether it is inclusive; infinities (XML's INF) are open ends.

    `read` reads an attribute of the node as a number.
    """
    for name, inclusive in ((f"{end}Inclusive", True), (f"{end}Exclusive", False)):
        text = node.optional(name)
        if text is not None:
            infinite = text.strip().lstrip("+-").upper() in {"INF", "INFINITY"}
            return (None if infinite else read(name)), inclusive
    return None, True
