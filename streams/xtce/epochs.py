"""Scales and epochs of time types (XTCE 1.2, EncodingType and ReferenceTimeType)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

from streams.xtce.element import Node

_UNITS = {"seconds": Fraction(1), "picoSeconds": Fraction(1, 10**12), "days": Fraction(86400)}
_EPOCHS = ("TAI", "J2000", "UNIX", "GPS")


def read_scale(node: Node) -> tuple[Fraction, Fraction]:
    """The Encoding of a time type: seconds per count, and seconds at count 0."""
    encoding = node.child("Encoding")
    if encoding is None:
        return Fraction(1), Fraction(0)
    unit = encoding.string("units", "seconds")
    if unit not in _UNITS:
        raise encoding.unsupported(f'the time unit "{unit}"', "use seconds, picoSeconds or days")
    return encoding.exact("scale", "1") * _UNITS[unit], encoding.exact("offset", "0") * _UNITS[unit]


def read_epoch(node: Node) -> str | int:
    """The Epoch of a time type: TAI, J2000, UNIX, GPS, or int nanoseconds UTC since 1970 of a date."""
    reference = node.child("ReferenceTime")
    if reference is None:
        if node.child("Encoding") is None:
            return "UNIX"
        raise node.error(f"the {node.tag} has no epoch", "add ReferenceTime with an Epoch")
    offset = reference.child("OffsetFrom")
    if offset is not None:
        raise offset.unsupported("a time that is an OffsetFrom another parameter", "give an Epoch")
    epoch = reference.need("Epoch")
    if epoch.text in _EPOCHS:
        return epoch.text
    nanoseconds = parse_instant(epoch.text)
    if nanoseconds is None:
        raise epoch.error(
            f'"{epoch.text}" is no epoch',
            f"use one of {', '.join(_EPOCHS)} or a date such as 2000-01-01T12:00:00",
        )
    return nanoseconds


def parse_instant(text: str) -> int | None:
    """Nanoseconds UTC since 1970 of an ISO 8601 date, or date and time; None for other text.

    A time without a zone is UTC.
    """
    head, dot, tail = text.strip().partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    try:
        if "T" not in head:
            instant = datetime.combine(date.fromisoformat(head), datetime.min.time())
        else:
            instant = datetime.fromisoformat(head + tail[len(digits) :])
    except ValueError:
        return None
    since = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    fraction = int(digits[:9].ljust(9, "0")) if dot and digits else 0
    return (since.days * 86400 + since.seconds) * 10**9 + fraction
