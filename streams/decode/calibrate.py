"""Calibrators over arrays (XTCE 1.2, CalibratorType).

A spline without `extrapolate` has no value outside of its points: the value is missing (null in the table)
and the packet gets a fault that names the parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.decode.predicates import Test
from streams.decode.raw import Array, Mask
from streams.decode.samples import Samples, Values
from streams.xtce.calibrators import Calibrator, Polynomial, Spline

OUTSIDE = "outside of its calibrator's points"

Floats = npt.NDArray[np.float64]


def calibrate(calibrator: Calibrator, raw: Floats) -> tuple[Floats, Mask | None]:
    """Calibrated values of raw values, and which of them are outside of the calibrator."""
    if isinstance(calibrator, Polynomial):
        return _polynomial(calibrator, raw), None
    return _spline(calibrator, raw)


def _polynomial(calibrator: Polynomial, raw: Floats) -> Floats:
    """Horner's scheme, highest power first."""
    highest, *rest = reversed(calibrator.coefficients)
    total = np.full(len(raw), highest)
    for coefficient in rest:
        total *= raw
        total += coefficient
    return total


def _spline(calibrator: Spline, raw: Floats) -> tuple[Floats, Mask | None]:
    x = np.array([point[0] for point in calibrator.points])
    y = np.array([point[1] for point in calibrator.points])
    before = np.searchsorted(x, raw, "right") - 1
    if calibrator.order == 0:
        values = np.where(np.isnan(raw), raw, y[np.maximum(before, 0)])
    else:
        piece = np.clip(before, 0, len(x) - 2)
        slope = np.diff(y) / np.diff(x)
        values = np.where(raw == x[-1], y[-1], y[piece] + slope[piece] * (raw - x[piece]))
    if calibrator.extrapolate:
        return values, None
    outside = (raw < x[0]) | (raw > x[-1])
    return values, outside if outside.any() else None


@dataclass(frozen=True)
class Calibrated:
    """The calibration of one slot: the first context whose test holds, else the default, else raw."""

    default: Calibrator | None
    contexts: tuple[tuple[Test, Calibrator], ...]

    @property
    def bounded(self) -> bool:
        """Whether a value may be missing."""
        used = [calibrator for _, calibrator in self.contexts] + ([self.default] if self.default else [])
        return any(isinstance(calibrator, Spline) and not calibrator.extrapolate for calibrator in used)

    def values(self, samples: Samples, raw: Array) -> Values:
        """Calibrated values, float64[k]."""
        numbers = raw.astype(np.float64)
        if not self.contexts:
            return _found(*calibrate(self.default, numbers)) if self.default else Values(numbers)
        result, outside = numbers.copy(), np.zeros(len(raw), np.bool_)
        rest = np.ones(len(raw), np.bool_)
        for test, calibrator in self.contexts:
            chosen = test.mask(samples) & rest
            _put(calibrator, numbers, chosen, result, outside)
            rest &= ~chosen
        if self.default:
            _put(self.default, numbers, rest, result, outside)
        return _found(result, outside if outside.any() else None)


def _put(calibrator: Calibrator, numbers: Floats, chosen: Mask, result: Floats, outside: Mask) -> None:
    if chosen.any():
        values, beyond = calibrate(calibrator, numbers[chosen])
        result[chosen] = values
        if beyond is not None:
            outside[chosen] = beyond


def _found(values: Floats, outside: Mask | None) -> Values:
    return Values(values) if outside is None else Values(values, outside, ((OUTSIDE, outside),))
