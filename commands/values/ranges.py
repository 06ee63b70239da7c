"""Valid ranges in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from streams.xtce import ValidRange


def number(value: Fraction) -> int | float:
    """A Fraction as the simplest number of Python."""
    return value.numerator if value.denominator == 1 else float(value)


def in_words(ranges: Sequence[ValidRange]) -> str:
    """`from 0 to 360`, `more than 0`, `at most 5 or from 7 to 9`."""
    return " or ".join(_one(part) for part in ranges)


def _one(part: ValidRange) -> str:
    low, high = part.minimum, part.maximum
    if low is not None and low == high:
        return str(number(low))
    if low is not None and high is not None and part.min_inclusive and part.max_inclusive:
        return f"from {number(low)} to {number(high)}"
    ends = []
    if low is not None:
        ends.append(f"{'at least' if part.min_inclusive else 'more than'} {number(low)}")
    if high is not None:
        ends.append(f"{'at most' if part.max_inclusive else 'less than'} {number(high)}")
    return " and ".join(ends) or "of any size"


def as_json(ranges: Sequence[ValidRange]) -> list[dict[str, Any]]:
    """Ranges for a form; an end that is open is left out."""
    found = []
    for part in ranges:
        entry: dict[str, Any] = {}
        if part.minimum is not None:
            entry |= {"minimum": number(part.minimum), "minimum_inclusive": part.min_inclusive}
        if part.maximum is not None:
            entry |= {"maximum": number(part.maximum), "maximum_inclusive": part.max_inclusive}
        found.append(entry)
    return found
