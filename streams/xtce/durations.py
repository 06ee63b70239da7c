"""Durations (XTCE 1.2, RelativeTimeType: xs:duration, such as `PT1M30.5S`)."""

from __future__ import annotations

import re
from fractions import Fraction

from streams.xtce.element import Node

_DURATION = re.compile(
    r"(-?)P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)  # years and months have no fixed length
_SECONDS = (86400, 3600, 60, 1)


def parse_duration(text: str) -> Fraction | None:
    """The seconds of an xs:duration of days, hours, minutes and seconds; None for other text."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()[1:]):
        return None
    total = sum(
        (Fraction(part) * unit for part, unit in zip(found.groups()[1:], _SECONDS, strict=True) if part),
        Fraction(0),
    )
    return -total if found[1] else total


def read_duration(node: Node, name: str) -> int | None:
    """An attribute that is a duration, as int nanoseconds; None where it is left out."""
    text = node.optional(name)
    if text is None:
        return None
    seconds = parse_duration(text)
    if seconds is None or seconds < 0:
        raise node.error(f'{name}="{text}" is no duration', 'write it like "PT5S", "PT1M30.5S" or "P1DT2H"')
    return round(seconds * 10**9)
