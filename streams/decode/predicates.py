"""Conditions compiled to tests over samples: of a whole batch at once, or of one packet.

A parameter that is absent, or has no value, fulfils no comparison. Numbers are compared as numbers, labels of
an enumeration by the raw values they stand for, times as instants.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from infra.errors import MissionError
from streams.decode.raw import Array, Mask, raw_range
from streams.decode.samples import Conversion, Samples
from streams.decode.slots import Slot
from streams.xtce import AbsoluteTimeType, BinaryType, BooleanType, EnumeratedType, StringType
from streams.xtce.conditions import Combination, Comparison, Condition, Reference
from streams.xtce.element import parse_number
from streams.xtce.epochs import parse_instant

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
"""What the comparison operators of XTCE do; alike for numbers and arrays."""


class Test(Protocol):
    """A compiled condition."""

    def mask(self, samples: Samples) -> Mask:
        """Where it holds, bool[k]."""

    def slots(self) -> tuple[Slot, ...]:
        """The slots that it looks at."""


Resolve = Callable[[Reference], tuple[tuple[Slot, Conversion], ...]]
"""Finds the slots that a reference may mean, nearest first; raises MissionError when there is none."""


@dataclass(frozen=True)
class Operand:
    """A parameter in a condition: of several slots the first that is present counts."""

    candidates: tuple[tuple[Slot, Conversion], ...]
    calibrated: bool

    def values(self, samples: Samples) -> tuple[Array, Mask]:
        """Values to compare, and where there are any."""
        data, there = self._one(samples, *self.candidates[-1])
        for slot, conversion in reversed(self.candidates[:-1]):
            nearer, present = self._one(samples, slot, conversion)
            data, there = np.where(present, nearer, data), present | there
        return data, there

    def _one(self, samples: Samples, slot: Slot, conversion: Conversion) -> tuple[Array, Mask]:
        present = samples.present(slot.index)
        there = np.ones(samples.count, np.bool_) if present is None else present
        if slot.form.dtype is None and (not self.calibrated or isinstance(slot.parameter.type, BinaryType)):
            return _objects(samples.raw_bytes(slot.index)), there
        if not self.calibrated or conversion.plain:
            return samples.raw(slot.index), there
        values = samples.values(slot.index, conversion)
        return values.data, there if values.missing is None else there & ~values.missing


@dataclass(frozen=True)
class Compare:
    """A parameter against a constant."""

    operand: Operand
    operator: str
    constant: Any

    def mask(self, samples: Samples) -> Mask:
        """Where it holds."""
        data, there = self.operand.values(samples)
        return np.asarray(OPERATORS[self.operator](data, self.constant), np.bool_) & there

    def slots(self) -> tuple[Slot, ...]:
        """The slots that it looks at."""
        return tuple(slot for slot, _ in self.operand.candidates)

    def key(self) -> tuple[int, int] | None:
        """(slot index, raw value) when the test asks one raw integer to be one value; else None."""
        slot, conversion = self.operand.candidates[0]
        plain = not self.operand.calibrated or conversion.plain
        single = len(self.operand.candidates) == 1 and raw_range(slot.encoding) is not None
        found = self.operator == "==" and plain and single and type(self.constant) is int
        return (slot.index, self.constant) if found else None


@dataclass(frozen=True)
class InRanges:
    """A raw integer within one of some ranges, or (negated) within none."""

    operand: Operand
    ranges: tuple[tuple[int, int], ...]
    negated: bool

    def mask(self, samples: Samples) -> Mask:
        """Where it holds."""
        data, there = self.operand.values(samples)
        inside = np.zeros(samples.count, np.bool_)
        for first, last in self.ranges:
            inside |= np.asarray((data >= first) & (data <= last), np.bool_)
        return np.asarray((inside != self.negated) & there, np.bool_)

    def slots(self) -> tuple[Slot, ...]:
        """The slots that it looks at."""
        return tuple(slot for slot, _ in self.operand.candidates)


@dataclass(frozen=True)
class CompareTwo:
    """A parameter against another."""

    left: Operand
    operator: str
    right: Operand

    def mask(self, samples: Samples) -> Mask:
        """Where it holds."""
        left, left_there = self.left.values(samples)
        right, right_there = self.right.values(samples)
        return np.asarray(OPERATORS[self.operator](left, right), np.bool_) & left_there & right_there

    def slots(self) -> tuple[Slot, ...]:
        """The slots that it looks at."""
        return tuple(slot for operand in (self.left, self.right) for slot, _ in operand.candidates)


@dataclass(frozen=True)
class Joined:
    """Tests joined by and, or by or."""

    parts: tuple[Test, ...]
    every: bool

    def mask(self, samples: Samples) -> Mask:
        """Where it holds."""
        join = np.logical_and if self.every else np.logical_or
        return np.asarray(join.reduce([part.mask(samples) for part in self.parts]), np.bool_)

    def slots(self) -> tuple[Slot, ...]:
        """The slots that it looks at."""
        return tuple(slot for part in self.parts for slot in part.slots())


def compile_condition(condition: Condition, resolve: Resolve) -> Test:
    """The test for a condition; raises MissionError for a value that does not fit its parameter."""
    if isinstance(condition, Combination):
        return Joined(
            tuple(compile_condition(part, resolve) for part in condition.parts), condition.kind == "and"
        )
    left = Operand(resolve(condition.left), condition.left.calibrated)
    if isinstance(condition.right, Reference):
        right = Operand(resolve(condition.right), condition.right.calibrated)
        if _kind(left) != _kind(right):
            raise MissionError(
                f"{condition.left.parameter} and {condition.right.parameter} cannot be compared",
                where=condition.place,
                fix="compare numbers with numbers and text with text",
            )
        return CompareTwo(left, condition.operator, right)
    return _against_constant(condition, left, condition.right)


def _against_constant(condition: Comparison, left: Operand, text: str) -> Test:
    slot, _ = left.candidates[0]
    kind = slot.parameter.type
    if isinstance(kind, EnumeratedType) and left.calibrated:
        labelled = tuple((first, last) for first, last, label in kind.labels if label == text)
        raw = Operand(left.candidates, False)
        if labelled and condition.operator in {"==", "!="}:
            return InRanges(raw, labelled, condition.operator == "!=")
        left = raw  # a number in place of a label is compared with the raw value
    try:
        return Compare(left, condition.operator, _constant(left, text))
    except (ValueError, TypeError):
        raise MissionError(
            f'{condition.left.parameter} cannot be compared with "{text}"',
            where=condition.place,
            fix=_expected(left, kind),
        ) from None


def _constant(operand: Operand, text: str) -> Any:
    """The constant as the kind of thing that the operand is; raises ValueError when the text is none."""
    slot, _ = operand.candidates[0]
    kind = slot.parameter.type
    if _kind(operand) == "text":
        return text
    if _kind(operand) == "bytes":
        return bytes.fromhex(text.removeprefix("0x")) if isinstance(kind, BinaryType) else text.encode()
    if operand.calibrated and isinstance(kind, BooleanType):
        return _truth(text, kind)
    if operand.calibrated and isinstance(kind, AbsoluteTimeType):
        instant = parse_instant(text)
        return int(parse_number(text)) if instant is None else instant
    number = parse_number(text)
    return number.numerator if number.denominator == 1 else float(number)


def _truth(text: str, kind: BooleanType) -> bool:
    """What a word or a digit means to a boolean; raises ValueError for any other text."""
    word = text.strip().lower()
    for meaning, words in (
        (True, (kind.one.lower(), "true", "1")),
        (False, (kind.zero.lower(), "false", "0")),
    ):
        if word in words:
            return meaning
    raise ValueError(text)


def _kind(operand: Operand) -> str:
    """What an operand's values are: numbers, text or bytes."""
    slot, _ = operand.candidates[0]
    if slot.form.dtype is not None:
        return "number"
    return "text" if operand.calibrated and isinstance(slot.parameter.type, StringType) else "bytes"


def _expected(operand: Operand, kind: object) -> str:
    if isinstance(kind, EnumeratedType) and kind.labels:
        return f"use a label such as {kind.labels[0][2]} with == or !=, or a raw value"
    if operand.calibrated and isinstance(kind, BooleanType):
        return f"use {kind.one} or {kind.zero}"
    return "write a number" if _kind(operand) == "number" else "write bytes in hexadecimal"


def _objects(array: pa.Array) -> Array:
    """An Arrow array of binaries as numpy objects, empty where null."""
    return np.asarray(array.fill_null(b"").to_numpy(zero_copy_only=False), object)
