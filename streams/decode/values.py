"""Conversions: from raw values to the values that people read, one per parameter type.

| type | value |
|---|---|
| integer, float without a calibrator | the raw value itself; float64 for a float type over an integer |
| calibrated | float64 |
| integer type over a float encoding | int64, cut towards zero; missing where the raw value is none |
| enumerated | the label, or `UNDEFINED(<raw>)` |
| boolean | true for every raw value but 0 |
| absolute time | nanoseconds UTC |
| relative time | seconds, float64 |
| string | text |
| binary | the raw bytes themselves |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.decode.calibrate import Calibrated
from streams.decode.predicates import Test
from streams.decode.raw import Mask, raw_range
from streams.decode.samples import Conversion, Samples, Values, merge
from streams.decode.slots import Slot
from streams.decode.text import texts
from streams.decode.times import Clock
from streams.xtce import (
    AbsoluteTimeType,
    BooleanType,
    EnumeratedType,
    FloatType,
    IntegerType,
    RelativeTimeType,
    StringType,
)
from streams.xtce.conditions import Condition
from streams.xtce.encodings import FloatEncoding, IntegerEncoding, StringEncoding

NO_INTEGER = "no integer"
_TABLE_LIMIT = 4096

Problems = tuple[tuple[str, Mask], ...]


class Numeric:
    """What conversions to one number have in common; `plain` ones have the raw value as value."""

    plain = False
    nullable = False
    arrow: pa.DataType = pa.float64()

    def values(self, samples: Samples, index: int) -> Values:
        """The values of one slot."""
        raise NotImplementedError

    def column(self, samples: Samples, index: int) -> tuple[pa.Array, Problems]:
        """The values as an Arrow array, null where absent or missing."""
        values = samples.values(index, self)
        present = samples.present(index)
        null = merge(values.missing, None if present is None else ~present)
        return pa.array(values.data, self.arrow, mask=null), values.problems


@dataclass(frozen=True)
class Plain(Numeric):
    """The raw number."""

    arrow: pa.DataType
    plain: bool = True

    def values(self, samples: Samples, index: int) -> Values:
        """The raw values."""
        return Values(samples.raw(index))


class Widened(Numeric):
    """A float type over an integer: the same number as float64."""

    plain = True

    def values(self, samples: Samples, index: int) -> Values:
        """The raw values as float64."""
        return Values(samples.raw(index).astype(np.float64))


class CalibratedNumber(Numeric):
    """A calibrated number."""

    def __init__(self, calibrated: Calibrated) -> None:
        self.calibrated = calibrated
        self.nullable = calibrated.bounded

    def values(self, samples: Samples, index: int) -> Values:
        """The calibrated values."""
        return self.calibrated.values(samples, samples.raw(index))


class Cut(Numeric):
    """An integer type over a float encoding."""

    arrow = pa.int64()
    nullable = True

    def values(self, samples: Samples, index: int) -> Values:
        """The raw values cut towards zero; missing where int64 does not hold them."""
        raw = samples.raw(index).astype(np.float64)
        good = np.abs(raw) < 2.0**63
        values = np.where(good, raw, 0.0).astype(np.int64)
        return Values(values) if good.all() else Values(values, ~good, ((NO_INTEGER, ~good),))


class Boolean(Numeric):
    """A boolean over an integer."""

    arrow = pa.bool_()

    def values(self, samples: Samples, index: int) -> Values:
        """Where the raw value is not 0."""
        return Values(samples.raw(index) != 0)


class Instant(Numeric):
    """An absolute time."""

    arrow = pa.timestamp("ns", tz="UTC")

    def __init__(self, clock: Clock, base: Conversion, low_high: tuple[int, int] | None) -> None:
        self.clock, self.base = clock, base
        self.nullable = base.nullable or low_high is None or not clock.fits(*low_high)

    def values(self, samples: Samples, index: int) -> Values:
        """Nanoseconds UTC since 1970."""
        before = self.base.values(samples, index)
        after = self.clock.values(before.data)
        return Values(after.data, merge(before.missing, after.missing), before.problems + after.problems)


class Duration(Numeric):
    """A relative time."""

    def __init__(self, scale: float, offset: float, base: Conversion) -> None:
        self.scale, self.offset, self.base = scale, offset, base
        self.nullable = base.nullable

    def values(self, samples: Samples, index: int) -> Values:
        """Seconds."""
        before = self.base.values(samples, index)
        return before._replace(data=before.data.astype(np.float64) * self.scale + self.offset)


class Labelled:
    """An enumeration."""

    plain = False
    nullable = False
    arrow = pa.string()

    def __init__(self, kind: EnumeratedType, low: int, high: int) -> None:
        ranges = [(max(first, low), min(last, high), label) for first, last, label in kind.labels]
        ranges = [(first, last, label) for first, last, label in ranges if first <= last]
        self.labels = [label for _, _, label in ranges]
        self.texts = pa.array(self.labels, pa.string())
        self.ranges = ranges
        self.low = low
        self.table = self._table(low, high) if high - low < _TABLE_LIMIT else None

    def _table(self, low: int, high: int) -> npt.NDArray[np.int32]:
        """The label's number for every raw value; -1 where it has none."""
        table = np.full(high - low + 1, -1, np.int32)
        for number, (first, last, _) in enumerate(self.ranges):
            table[first - low : last - low + 1] = number
        return table

    def values(self, samples: Samples, index: int) -> Values:
        """The labels as objects; conditions do not come here, they compare raw values."""
        return Values(self.column(samples, index)[0].to_numpy(zero_copy_only=False))

    def column(self, samples: Samples, index: int) -> tuple[pa.Array, Problems]:
        """The labels."""
        raw = samples.raw(index)
        numbers = self._numbers(raw)
        texts = self.texts
        unknown = numbers < 0
        if unknown.any():
            strange, place = np.unique(raw[unknown], return_inverse=True)
            numbers[unknown] = place + len(self.labels)
            undefined = [f"UNDEFINED({value})" for value in strange.tolist()]
            texts = pa.array(self.labels + undefined, pa.string())
        present = samples.present(index)
        chosen = pa.array(numbers, pa.int32(), mask=None if present is None else ~present)
        return texts.take(chosen), ()

    def _numbers(self, raw: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
        if self.table is not None:
            return self.table[raw.astype(np.int64) - self.low]
        firsts = np.array([first for first, _, _ in self.ranges], raw.dtype)
        lasts = np.array([last for _, last, _ in self.ranges], raw.dtype)
        if not len(firsts):
            return np.full(len(raw), -1, np.int32)
        numbers = np.searchsorted(firsts, raw, "right").astype(np.int32) - np.int32(1)
        numbers[(numbers >= 0) & (raw > lasts[numbers])] = -1
        return numbers


class Text:
    """A string."""

    plain = False
    nullable = False
    arrow = pa.string()

    def __init__(self, encoding: StringEncoding, bits: int | None) -> None:
        self.encoding, self.bits = encoding, bits

    def values(self, samples: Samples, index: int) -> Values:
        """The texts as objects, empty where absent."""
        found, _ = texts(samples.raw_bytes(index), self.bits, self.encoding)
        return Values(np.asarray(found.fill_null("").to_numpy(zero_copy_only=False), object))

    def column(self, samples: Samples, index: int) -> tuple[pa.Array, Problems]:
        """The texts."""
        found, wrong = texts(samples.raw_bytes(index), self.bits, self.encoding)
        return found, tuple(wrong.items())


class RawBytes:
    """A binary: the raw bytes themselves."""

    plain = True
    nullable = False
    arrow = pa.binary()

    def values(self, samples: Samples, index: int) -> Values:
        """The bytes as objects, empty where absent."""
        raws = samples.raw_bytes(index).fill_null(b"")
        return Values(np.asarray(raws.to_numpy(zero_copy_only=False), object))

    def column(self, samples: Samples, index: int) -> tuple[pa.Array, Problems]:
        """The bytes."""
        return samples.raw_bytes(index), ()


def compile_conversion(slot: Slot, compile_test: Callable[[Condition], Test]) -> Conversion:
    """The conversion of one slot; `compile_test` makes tests of the conditions of its context calibrators."""
    kind, encoding = slot.parameter.type, slot.encoding
    if isinstance(encoding, IntegerEncoding | FloatEncoding):
        return _of_number(slot, encoding, compile_test)
    if isinstance(encoding, StringEncoding) and isinstance(kind, StringType):
        return Text(encoding, slot.bits)
    return RawBytes()


def _of_number(
    slot: Slot, encoding: IntegerEncoding | FloatEncoding, compile_test: Callable[[Condition], Test]
) -> Conversion:
    kind, ends = slot.parameter.type, raw_range(encoding)
    if isinstance(kind, EnumeratedType) and ends is not None:
        return Labelled(kind, *ends)
    if isinstance(kind, BooleanType):
        return Boolean()
    number = _number(slot, encoding, compile_test)
    if isinstance(kind, AbsoluteTimeType):
        clock = Clock(kind.scale, kind.offset, kind.epoch)
        return Instant(clock, number, None if encoding.calibration else ends)
    if isinstance(kind, RelativeTimeType):
        return Duration(float(kind.scale), float(kind.offset), number)
    return number


def _number(
    slot: Slot, encoding: IntegerEncoding | FloatEncoding, compile_test: Callable[[Condition], Test]
) -> Conversion:
    calibration = encoding.calibration
    if calibration is not None:
        contexts = tuple(
            (compile_test(condition), calibrator) for condition, calibrator in calibration.contexts
        )
        return CalibratedNumber(Calibrated(calibration.default, contexts))
    kind = slot.parameter.type
    if isinstance(kind, IntegerType) and isinstance(encoding, FloatEncoding):
        return Cut()
    if isinstance(kind, FloatType) and isinstance(encoding, IntegerEncoding):
        return Widened()
    return Plain(slot.form.arrow)
