"""Absolute times and durations."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from commands.values.codec import Raw, ValueCodec, WrongValueError, shown
from commands.values.numbers import as_float, read_number
from commands.values.raw_numbers import limits, nearest, pattern
from infra.errors import MissionError
from streams.decode.raw import raw_form
from streams.decode.times import Clock
from streams.xtce import AbsoluteTimeType, RelativeTimeType
from streams.xtce.durations import parse_duration
from streams.xtce.encodings import FloatEncoding, IntegerEncoding
from streams.xtce.epochs import parse_instant

_START = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(instant: int) -> str:
    """int nanoseconds UTC since 1970 as ISO 8601, with as many digits as it needs."""
    seconds, nanoseconds = divmod(instant, 10**9)
    text = (_START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanoseconds:09d}".rstrip("0").rstrip(".") + "Z"


def _count(count: Fraction, encoding: IntegerEncoding | FloatEncoding) -> int | float:
    """The nearest count that the encoding holds."""
    if isinstance(encoding, FloatEncoding):
        return nearest(as_float(count), encoding)
    raw = math.floor(count + Fraction(1, 2))
    pattern(raw, encoding)  # checks that it fits
    return raw


def _scaled(data: AbsoluteTimeType | RelativeTimeType, encoding: IntegerEncoding | FloatEncoding) -> None:
    """Refuse what has no inverse."""
    if encoding.calibration is not None:
        raise MissionError(
            "a calibrator of a time in a telecommand is not supported",
            where=encoding.place,
            fix="use scale and offset",
        )
    if not data.scale:
        raise MissionError("a time with scale 0 cannot be sent", where=data.place, fix="mend its scale")


class TimeCodec(ValueCodec):
    """An instant, given in ISO 8601; UTC where it has no zone."""

    kind: ClassVar[str] = "time"

    def __init__(self, data: AbsoluteTimeType, encoding: IntegerEncoding | FloatEncoding) -> None:
        _scaled(data, encoding)
        self._encoding = encoding
        self._clock = Clock(data.scale, data.offset, data.epoch)

    def raw(self, given: Any) -> Raw:
        """The count of the instant."""
        instant = parse_instant(given) if isinstance(given, str) else None
        if instant is None:
            raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}")
        try:
            return _count(self._clock.count(instant), self._encoding)
        except WrongValueError:
            raise WrongValueError(f"is {given}, must be {self.wanted()}") from None

    def raw_text(self, text: str) -> Raw:
        """The count itself."""
        return _count(read_number(text), self._encoding)

    def value(self, raw: Raw) -> int:
        """Nanoseconds UTC since 1970."""
        assert not isinstance(raw, bytes)
        found = self._clock.values(np.array([raw], raw_form(self._encoding).dtype))
        if found.missing is not None:
            raise WrongValueError(f"is the count {raw}, which is outside the years 1678 to 2261")
        return int(found.data[0])

    def to_json(self, value: Any) -> str:
        """ISO 8601."""
        return iso_time(value)

    def form(self) -> dict[str, Any]:
        """The earliest and the latest instant, where there are such."""
        ends = self._ends()
        return {"earliest": ends[0], "latest": ends[1]} if ends else {}

    def wanted(self) -> str:
        """A time, with the first and the last that its encoding holds."""
        ends = self._ends()
        within = f" from {ends[0]} to {ends[1]}" if ends else ""
        return f"a time such as 2026-11-24T12:30:00.5Z{within}"

    def _ends(self) -> tuple[str, str] | None:
        if isinstance(self._encoding, FloatEncoding):
            return None
        try:
            one, other = (self.value(end) for end in limits(self._encoding))
        except WrongValueError:
            return None
        return iso_time(min(one, other)), iso_time(max(one, other))


class DurationCodec(ValueCodec):
    """A duration in seconds, given as a number or as xs:duration (`PT1M30S`)."""

    kind: ClassVar[str] = "duration"

    def __init__(self, data: RelativeTimeType, encoding: IntegerEncoding | FloatEncoding) -> None:
        _scaled(data, encoding)
        self._encoding = encoding
        self._scale, self._offset = data.scale, data.offset

    def raw(self, given: Any) -> Raw:
        """The count of the duration."""
        seconds = parse_duration(given) if isinstance(given, str) else None
        try:
            seconds = read_number(given) if seconds is None else seconds
            return _count((seconds - self._offset) / self._scale, self._encoding)
        except WrongValueError:
            raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}") from None

    def raw_text(self, text: str) -> Raw:
        """The count itself."""
        return _count(read_number(text), self._encoding)

    def value(self, raw: Raw) -> float:
        """Seconds."""
        assert not isinstance(raw, bytes)
        return float(raw) * float(self._scale) + float(self._offset)

    def form(self) -> dict[str, Any]:
        """The shortest and the longest, in seconds, where there are such."""
        ends = self._ends()
        return {"ranges": [{"minimum": ends[0], "maximum": ends[1]}]} if ends else {}

    def wanted(self) -> str:
        """Seconds, with the least and the most that its encoding holds."""
        ends = self._ends()
        within = f" from {ends[0]:.12g} to {ends[1]:.12g}" if ends else ""
        return f"seconds{within}, or a duration such as PT1M30S"

    def _ends(self) -> tuple[float, float] | None:
        if isinstance(self._encoding, FloatEncoding):
            return None
        one, other = (self.value(end) for end in limits(self._encoding))
        return min(one, other), max(one, other)
