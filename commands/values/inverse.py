"""Calibrators backwards: the raw value whose calibrated value is nearest to a given one (XTCE 1.2,
CalibratorType: a calibrator leads from raw to calibrated, for arguments too).

Over integers every calibrator that only rises or only falls can be inverted, over floats lines and splines.
Steps (splines of order 0) take exactly the values of their points. All others are refused.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from commands.values.codec import WrongValueError
from commands.values.raw_numbers import limits, nearest
from infra.errors import MissionError
from streams.decode.calibrate import calibrate
from streams.xtce.calibrators import Calibrator, Polynomial, Spline
from streams.xtce.encodings import FloatEncoding, IntegerEncoding

_NOISE = 1e-9  # of a value: what floating point may lose on the way through a calibrator


def calibrated(calibrator: Calibrator, raw: float) -> float:
    """The calibrated value of one raw value; NaN outside of a spline that ends at its points."""
    values, outside = calibrate(calibrator, np.array([raw], np.float64))
    return math.nan if outside is not None else float(values[0])


def near(one: float, other: float) -> bool:
    """Whether two values differ by no more than what floating point loses."""
    return math.isclose(one, other, rel_tol=_NOISE, abs_tol=1e-300)


class Inverse(ABC):
    """A calibrator backwards."""

    @abstractmethod
    def candidates(self, value: float) -> list[int | float]:
        """Raw values for a calibrated one, nearest first; raises WrongValueError when there are none."""

    @abstractmethod
    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest calibrated value, None where it has no such ends."""


def invert(calibrator: Calibrator, encoding: IntegerEncoding | FloatEncoding) -> Inverse:
    """The inverse of a calibrator; raises MissionError when a value may have several raw values."""
    if isinstance(calibrator, Spline) and calibrator.order == 0:
        return _Steps(calibrator, encoding)
    if isinstance(encoding, IntegerEncoding):
        low, high = _domain(calibrator, encoding)
        if not _is_monotonic(calibrator, low, high):
            raise _ambiguous(encoding)
        return _OverIntegers(calibrator, low, high)
    if isinstance(calibrator, Spline) and _rises_or_falls([value for _, value in calibrator.points]):
        return _Lines(calibrator)
    if isinstance(calibrator, Polynomial):
        start, slope, *rest = (*calibrator.coefficients, 0.0)
        if slope and not any(rest):
            return _Line(start, slope)
    raise _ambiguous(encoding)


def _ambiguous(encoding: IntegerEncoding | FloatEncoding) -> MissionError:
    return MissionError(
        "the calibrator of an argument cannot be inverted: a value may stand for several raw values",
        where=encoding.place,
        fix="use a line or a curve that only rises or only falls over all raw values",
    )


def _domain(calibrator: Calibrator, encoding: IntegerEncoding) -> tuple[int, int]:
    """The raw integers that have a calibrated value."""
    low, high = limits(encoding)
    if isinstance(calibrator, Spline) and not calibrator.extrapolate:
        low, high = (
            max(low, math.ceil(calibrator.points[0][0])),
            min(high, math.floor(calibrator.points[-1][0])),
        )
    if low > high:
        raise _no_raw_value(encoding)
    return low, high


def _no_raw_value(encoding: IntegerEncoding | FloatEncoding) -> MissionError:
    return MissionError(
        "the calibrator's points hold no raw value of the encoding",
        where=encoding.place,
        fix="mend the SplinePoints",
    )


def _is_monotonic(calibrator: Calibrator, low: int, high: int) -> bool:
    """Whether the curve only rises or only falls from one raw integer to the other."""
    if isinstance(calibrator, Spline):
        return _rises_or_falls([value for _, value in calibrator.points])
    if not any(calibrator.coefficients[1:]):
        return False
    slope = np.polynomial.Polynomial(calibrator.coefficients).trim().deriv()
    with np.errstate(all="ignore"):  # a turn at infinity is none
        roots = np.asarray(slope.roots(), np.complex128).tolist()
    turns = sorted(root.real for root in roots if abs(root.imag) <= _NOISE * abs(root))
    edges = [float(low), *(turn for turn in turns if low < turn < high), float(high)]
    middles = [(one + other) / 2 for one, other in itertools.pairwise(edges) if one < other]
    return len({bool(slope(middle) > 0) for middle in middles}) <= 1


def _rises_or_falls(values: list[float]) -> bool:
    pairs = list(itertools.pairwise(values))
    return all(one < other for one, other in pairs) or all(one > other for one, other in pairs)


def _outside(value: float, ends: tuple[float, float]) -> WrongValueError:
    return WrongValueError(
        f"is {value:.12g}, must be from {ends[0]:.12g} to {ends[1]:.12g}: its encoding ends there"
    )


@dataclass(frozen=True)
class _OverIntegers(Inverse):
    """By bisection over the raw integers."""

    calibrator: Calibrator
    low: int
    high: int

    def candidates(self, value: float) -> list[int | float]:
        least, greatest = self._sorted_ends()
        if not (least <= value <= greatest or near(value, least) or near(value, greatest)):
            raise _outside(value, (least, greatest))
        below, above = self.low, self.high
        falls = calibrated(self.calibrator, below) > calibrated(self.calibrator, above)
        while above - below > 1:
            middle = (below + above) // 2
            if (calibrated(self.calibrator, middle) < value) != falls:
                below = middle
            else:
                above = middle
        return sorted({below, above}, key=lambda raw: abs(calibrated(self.calibrator, raw) - value))

    def ends(self) -> tuple[float, float]:
        return self._sorted_ends()

    def _sorted_ends(self) -> tuple[float, float]:
        one, other = calibrated(self.calibrator, self.low), calibrated(self.calibrator, self.high)
        return min(one, other), max(one, other)


@dataclass(frozen=True)
class _Line(Inverse):
    """A line over floats."""

    start: float
    slope: float

    def candidates(self, value: float) -> list[int | float]:
        return [(value - self.start) / self.slope]

    def ends(self) -> None:
        return None


@dataclass(frozen=True)
class _Lines(Inverse):
    """Lines between points over floats; beyond the outer ones where the spline extrapolates."""

    calibrator: Spline

    def candidates(self, value: float) -> list[int | float]:
        ends = self.ends()
        if ends and not ends[0] <= value <= ends[1]:
            raise _outside(value, ends)
        rising = sorted(self.calibrator.points, key=lambda point: point[1])
        at = bisect_left(rising, value, key=lambda point: point[1])
        at = max(1, min(at, len(rising) - 1))
        (raw, here), (next_raw, there) = rising[at - 1], rising[at]
        return [raw + (value - here) * (next_raw - raw) / (there - here)]

    def ends(self) -> tuple[float, float] | None:
        if self.calibrator.extrapolate:
            return None
        values = [value for _, value in self.calibrator.points]
        return min(values), max(values)


class _Steps(Inverse):
    """The points of a spline of order 0: each value stands for its own raw value, nothing between."""

    def __init__(self, calibrator: Spline, encoding: IntegerEncoding | FloatEncoding) -> None:
        self._raw: dict[float, int | float] = {}
        for raw, value in calibrator.points:
            candidate = math.ceil(raw) if isinstance(encoding, IntegerEncoding) else nearest(raw, encoding)
            fits = (
                isinstance(encoding, FloatEncoding) or limits(encoding)[0] <= candidate <= limits(encoding)[1]
            )
            if fits and calibrated(calibrator, candidate) == value:
                self._raw.setdefault(value, candidate)
        if not self._raw:
            raise _no_raw_value(encoding)

    def candidates(self, value: float) -> list[int | float]:
        for known, raw in self._raw.items():
            if near(known, value):
                return [raw]
        known_values = ", ".join(f"{known:.12g}" for known in self._raw)
        raise WrongValueError(f"is {value:.12g}, must be one of {known_values}")

    def ends(self) -> tuple[float, float]:
        return min(self._raw), max(self._raw)
