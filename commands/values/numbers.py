"""Integers and floats, with their calibrators backwards and their valid ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from commands.values.codec import Raw, ValueCodec, WrongValueError, shown
from commands.values.inverse import calibrated, invert, near
from commands.values.ranges import as_json, in_words
from commands.values.raw_numbers import limits, nearest, pattern
from infra.errors import MissionError
from streams.xtce import FloatType, IntegerType, ValidRange
from streams.xtce.element import parse_number
from streams.xtce.encodings import FloatEncoding, IntegerEncoding


def read_number(given: Any) -> Fraction:
    """An exact number from JSON or text; raises WrongValueError for anything else."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise WrongValueError(f"is {shown(given)}, must be a number")
    if isinstance(given, float) and not math.isfinite(given):
        raise WrongValueError(f"is {given}, must be a finite number")
    if isinstance(given, int):
        return Fraction(given)
    try:  # repr: 0.1 means one tenth, not the float nearest to it
        return parse_number(given) if isinstance(given, str) else Fraction(repr(given))
    except ValueError:
        raise WrongValueError(f"is {shown(given)}, must be a number such as 12, -0.5, 1e3 or 0x1F") from None


def as_float(number: Fraction) -> float:
    """A float; raises WrongValueError where it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        raise WrongValueError("is too large for a floating-point number") from None


class NumberCodec(ValueCodec):
    """A number. Without a calibrator a whole number stays exact, whatever its size."""

    kind: ClassVar[str] = "number"

    def __init__(
        self,
        data: IntegerType | FloatType,
        encoding: IntegerEncoding | FloatEncoding,
        ranges: Sequence[ValidRange] = (),
        ranges_calibrated: bool = True,
    ) -> None:
        self._encoding = encoding
        self._unit = data.unit
        self._ranges = tuple(ranges)
        self._on_values = ranges_calibrated
        calibration = encoding.calibration
        if calibration is not None and calibration.contexts:
            raise MissionError(
                "a calibrator that depends on a context in a telecommand is not supported",
                where=encoding.place,
                fix="use a DefaultCalibrator",
            )
        self._calibrator = calibration.default if calibration else None
        self._inverse = invert(self._calibrator, encoding) if self._calibrator else None
        self._whole = self._calibrator is None and (
            isinstance(data, IntegerType) or isinstance(encoding, IntegerEncoding)
        )
        self._is_integer = self._calibrator is None and isinstance(data, IntegerType)

    def raw(self, given: Any) -> Raw:
        """The nearest raw number."""
        number = read_number(given)
        if self._ranges and self._on_values and not self._is_valid(number):
            raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}")
        raw = self._invert(number) if self._inverse else self._plain(number, given)
        if self._ranges and not self._on_values and not self._is_valid(Fraction(raw)):
            raise WrongValueError(
                f"is {shown(given)}, its raw value {raw}, which must be {in_words(self._ranges)}"
            )
        return raw

    def raw_text(self, text: str) -> Raw:
        """The number itself."""
        return self._plain(read_number(text), text)

    def value(self, raw: Raw) -> int | float:
        """The calibrated number, or the raw one."""
        assert not isinstance(raw, bytes)
        if self._calibrator:
            return calibrated(self._calibrator, raw)
        return int(raw) if self._is_integer else float(raw)

    def wanted(self) -> str:
        """Its ranges."""
        kind = "a whole number" if self._whole else "a number"
        ranges, unit = self._known_ranges(), f" {self._unit}" if self._unit else ""
        return f"{kind} {in_words(ranges)}{unit}" if ranges else f"{kind}{unit and ' of'}{unit}"

    def form(self) -> dict[str, Any]:
        """Whether it is whole, and its ranges: those of the database, or what the encoding holds."""
        return {"whole": self._whole, "ranges": as_json(self._known_ranges())}

    def _known_ranges(self) -> tuple[ValidRange, ...]:
        """The valid values, or all that the encoding holds; none where that has no ends."""
        if self._ranges and self._on_values:
            return self._ranges
        ends = self._ends()
        return (ValidRange(Fraction(ends[0]), Fraction(ends[1])),) if ends else ()

    def _is_valid(self, number: Fraction) -> bool:
        return any(part.contains(number) for part in self._ranges)

    def _plain(self, number: Fraction, given: Any) -> int | float:
        """The number without a calibrator."""
        if isinstance(self._encoding, IntegerEncoding):
            if number.denominator != 1:
                raise WrongValueError(f"is {shown(given)}, must be a whole number")
            pattern(number.numerator, self._encoding)  # checks that it fits
            return number.numerator
        raw = nearest(as_float(number), self._encoding)
        if self._whole and raw != number:
            raise WrongValueError(
                f"is {shown(given)}, must be a whole number that its encoding holds exactly"
            )
        return raw

    def _invert(self, number: Fraction) -> int | float:
        """The raw number with the nearest value; where that is not valid, its neighbour."""
        assert self._inverse and self._calibrator
        wanted = as_float(number)
        for candidate in self._inverse.candidates(wanted):
            if isinstance(self._encoding, FloatEncoding):
                return nearest(candidate, self._encoding)
            value = self.value(candidate)
            checked = self._ranges and self._on_values
            if not checked or near(value, wanted) or self._is_valid(Fraction(value)):
                return candidate
        raise WrongValueError(
            f"is {wanted:.12g}, and its encoding holds no value near it that is {in_words(self._ranges)}"
        )

    def _ends(self) -> tuple[int | float, int | float] | None:
        """The least and the greatest value that the encoding holds, where it has such."""
        if self._inverse:
            return self._inverse.ends()
        return limits(self._encoding) if isinstance(self._encoding, IntegerEncoding) else None
