"""Sizes and counts that come from the packet, compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from infra.errors import MissionError
from streams.decode.faults import CannotDecodeError
from streams.decode.predicates import Operand, Resolve, Test, compile_condition
from streams.decode.quick import Patterns, quick_number
from streams.decode.raw import raw_range
from streams.decode.samples import Samples
from streams.xtce import EnumeratedType
from streams.xtce.sizes import DynamicSize, FixedSize, LookupSize, Size


@dataclass(frozen=True)
class FixedCount:
    """The same number always."""

    value: int

    def number(self, samples: Samples, patterns: Patterns) -> int:
        """The number."""
        return self.value


@dataclass(frozen=True)
class LinearCount:
    """A parameter, scaled and shifted, cut towards zero."""

    operand: Operand
    slope: float
    intercept: float

    @cached_property
    def _quick(self) -> Callable[[Patterns], int | None] | None:
        return quick_number(self.operand)

    def number(self, samples: Samples, patterns: Patterns) -> int:
        """The number in one packet; raises CannotDecodeError where the parameter has no number."""
        value = self._value(samples, patterns)
        if value is None:
            raise CannotDecodeError(f"a size or count depends on {self._name()}, which has no value")
        result = self.slope * value + self.intercept
        if not math.isfinite(result):
            raise CannotDecodeError(f"a size or count depends on {self._name()}, which is {value}")
        return int(result)

    def _value(self, samples: Samples, patterns: Patterns) -> float | None:
        if self._quick:
            return self._quick(patterns)
        data, there = self.operand.values(samples)
        return float(data[0]) if there[0] else None

    def _name(self) -> str:
        return self.operand.candidates[0][0].parameter.name

    def highest(self) -> int | None:
        """The greatest number that the parameter's raw integer allows; None when that is not known."""
        slot, conversion = self.operand.candidates[0]
        ends = raw_range(slot.encoding)
        if ends is None or (self.operand.calibrated and not conversion.plain):
            return None
        return max(int(self.slope * end + self.intercept) for end in ends)


@dataclass(frozen=True)
class LookupCount:
    """The number of the first condition that holds."""

    choices: tuple[tuple[Test, int], ...]

    def number(self, samples: Samples, patterns: Patterns) -> int:
        """The number in one packet; raises CannotDecodeError where no condition holds."""
        for test, value in self.choices:
            if test.mask(samples)[0]:
                return value
        raise CannotDecodeError("a size or count has no lookup that fits")


Count = FixedCount | LinearCount | LookupCount


def compile_count(size: Size, resolve: Resolve) -> Count:
    """The count for a size; raises MissionError when it refers to something that is no number."""
    if isinstance(size, FixedSize):
        return FixedCount(size.value)
    if isinstance(size, LookupSize):
        return LookupCount(
            tuple((compile_condition(condition, resolve), value) for condition, value in size.choices)
        )
    return _linear(size, resolve)


def _linear(size: DynamicSize, resolve: Resolve) -> LinearCount:
    operand = Operand(resolve(size.reference), size.reference.calibrated)
    slot, _ = operand.candidates[0]
    labels = isinstance(slot.parameter.type, EnumeratedType) and operand.calibrated
    if slot.form.dtype is None or labels:
        raise MissionError(
            f"a size or count refers to {size.reference.parameter}, which is no number",
            where=size.reference.place,
            fix='refer to a number, or use useCalibratedValue="false" for an enumeration',
        )
    return LinearCount(operand, size.slope, size.intercept)


def highest(count: Count) -> int | None:
    """The greatest number that a count can have; None when that is not known."""
    if isinstance(count, FixedCount):
        return count.value
    if isinstance(count, LookupCount):
        return max(value for _, value in count.choices)
    return count.highest()
