"""Absolute times: from counts since an epoch to nanoseconds UTC since 1970 (XTCE 1.2, EpochType).

TAI, GPS and J2000 count every second, leap seconds too; their counts become UTC by the table of leap seconds
below. UNIX and plain dates count UTC days of 86,400 seconds. Epochs: TAI 1958-01-01T00:00:00 TAI; GPS
1980-01-06T00:00:00 UTC; J2000 2000-01-01T12:00:00 TT, which is 11:59:27.816 TAI.

Known limits: a leap second itself (23:59:60) gets the nanoseconds of the second after it, as POSIX time does;
before 1972 the difference of 10 s of 1972 is taken.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from streams.decode.raw import Array, Mask
from streams.decode.samples import Values

SECOND = 10**9
_LIMIT = 9.2e18  # a little within int64, so that an estimate in floating point is on the safe side
OUT_OF_RANGE = "outside the years 1678 to 2261"

# TAI - UTC in seconds from the UTC day on; IERS Bulletin C (IETF leap-seconds.list), newest 2017-01-01.
_LEAPS = (
    ("1972-01-01", 10), ("1972-07-01", 11), ("1973-01-01", 12), ("1974-01-01", 13), ("1975-01-01", 14),
    ("1976-01-01", 15), ("1977-01-01", 16), ("1978-01-01", 17), ("1979-01-01", 18), ("1980-01-01", 19),
    ("1981-07-01", 20), ("1982-07-01", 21), ("1983-07-01", 22), ("1985-07-01", 23), ("1988-01-01", 24),
    ("1990-01-01", 25), ("1991-01-01", 26), ("1992-07-01", 27), ("1993-07-01", 28), ("1994-07-01", 29),
    ("1996-01-01", 30), ("1997-07-01", 31), ("1999-01-01", 32), ("2006-01-01", 33), ("2009-01-01", 34),
    ("2012-07-01", 35), ("2015-07-01", 36), ("2017-01-01", 37),
)  # fmt: skip
_TAI_UTC = np.array([seconds for _, seconds in _LEAPS], np.int64) * SECOND
_TAI_STARTS = np.array([day for day, _ in _LEAPS], "datetime64[ns]").astype(np.int64) + _TAI_UTC

# Nanoseconds from 1970-01-01T00:00:00 TAI to the epoch, for the scales that count leap seconds.
_TAI_EPOCHS = {
    "TAI": -4383 * 86400 * SECOND,
    "GPS": (315964800 + 19) * SECOND,
    "J2000": (946684800 + 12 * 3600) * SECOND - 32_184_000_000,
}


def tai_to_utc(nanoseconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Nanoseconds since 1970 on the TAI clock as nanoseconds UTC since 1970."""
    last = np.searchsorted(_TAI_STARTS, nanoseconds, "right") - 1
    return nanoseconds - _TAI_UTC[np.maximum(last, 0)]


def utc_to_tai(nanoseconds: int) -> int:
    """Nanoseconds UTC since 1970 as nanoseconds since 1970 on the TAI clock; the inverse of `tai_to_utc`."""
    last = int(np.searchsorted(_TAI_STARTS - _TAI_UTC, nanoseconds, "right")) - 1
    return nanoseconds + int(_TAI_UTC[max(last, 0)])


class Clock:
    """Counts to nanoseconds UTC: `raw * scale + offset` seconds after an epoch, exact for integers."""

    def __init__(self, scale: Fraction, offset: Fraction, epoch: str | int) -> None:
        self.counts_leaps = epoch in _TAI_EPOCHS
        start = 0 if epoch == "UNIX" else _TAI_EPOCHS[epoch] if isinstance(epoch, str) else epoch
        self.step = scale * SECOND
        self.base = round(offset * SECOND) + start
        self._wrapped = _wrap(self.base)  # int64 sums wrap, so the sum is right where it fits

    def fits(self, low: int, high: int) -> bool:
        """Whether all counts from low to high are instants that int64 holds."""
        return all(abs(count * self.step + self.base) < _LIMIT for count in (low, high))

    def count(self, instant: int) -> Fraction:
        """The exact count of an instant, nanoseconds UTC since 1970: the inverse of `values`."""
        moment = utc_to_tai(instant) if self.counts_leaps else instant
        return Fraction(moment - self.base) / self.step

    def values(self, raw: Array) -> Values:
        """int64 nanoseconds UTC[k]; instants that int64 does not hold are missing."""
        estimate = raw.astype(np.float64) * _float(self.step) + _float(Fraction(self.base))
        good: Mask = np.abs(estimate) < _LIMIT  # NaN is not
        if not good.all():
            raw = np.where(good, raw, raw.dtype.type(0))
        nanoseconds = self._rounded(raw) if raw.dtype.kind == "f" else self._exact(raw)
        if self.counts_leaps:
            nanoseconds = tai_to_utc(nanoseconds)
        if good.all():
            return Values(nanoseconds)
        return Values(nanoseconds, ~good, ((OUT_OF_RANGE, ~good),))

    def _exact(self, raw: Array) -> npt.NDArray[np.int64]:
        """Whole counts of a rational step, rounded half up to a nanosecond."""
        numerator, denominator = self.step.numerator, self.step.denominator
        raw = raw.astype(np.int64 if raw.dtype.kind == "i" else np.uint64)
        if numerator * denominator >= 2**62:  # too fine for int64: one by one, in Python's integers
            exact = [(count * numerator + denominator // 2) // denominator for count in raw.tolist()]
            return np.array([_wrap(count + self.base) for count in exact], np.int64)
        whole = (raw // denominator).astype(np.int64) * numerator
        part = (raw % denominator).astype(np.int64) * numerator + denominator // 2
        return np.asarray(whole + part // denominator + self._wrapped, np.int64)

    def _rounded(self, raw: Array) -> npt.NDArray[np.int64]:
        """Counts in floating point: whole seconds and the rest apart, so that the rest keeps its digits."""
        seconds = raw.astype(np.float64) * _float(self.step / SECOND)
        whole = np.floor(seconds)
        rest = np.rint((seconds - whole) * SECOND).astype(np.int64)
        return np.asarray(whole.astype(np.int64) * SECOND + rest + self._wrapped, np.int64)


def _wrap(number: int) -> int:
    """The number that int64 holds in its place."""
    return (number + 2**63) % 2**64 - 2**63


def _float(number: Fraction) -> float:
    """A float, infinite where it is too large."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
