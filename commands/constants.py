"""Parameters of a packet that are always the same: their values, and conditions that look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commands.values import Raw, ValueCodec, WrongValueError
from commands.values.choices import EnumeratedCodec
from infra.errors import MissionError
from streams.decode.predicates import OPERATORS
from streams.xtce.conditions import Combination, Comparison, Condition, Reference

Constants = Mapping[str, tuple[Raw, ValueCodec]]
"""Raw value and codec of parameters by qualified name."""


def raw_of(codec: ValueCodec, given: Any, calibrated: bool, name: str, where: str) -> Raw:
    """The raw value of what the database gives; a number in place of a label is a raw value.

    Raises MissionError for what does not fit.
    """
    try:
        if not calibrated:
            return codec.raw_text(str(given))
        try:
            return codec.raw(given)
        except WrongValueError:
            if not isinstance(codec, EnumeratedCodec):
                raise
            return codec.raw_text(str(given))
    except WrongValueError as error:
        raise MissionError(f"{name} {error}", where=where, fix="mend the value") from None


def holds(condition: Condition, constants: Constants) -> bool:
    """Whether a condition on constants holds; raises MissionError where it looks at anything else."""
    if isinstance(condition, Combination):
        parts = [holds(part, constants) for part in condition.parts]
        return all(parts) if condition.kind == "and" else any(parts)
    raw, codec = _constant(condition.left, constants)
    if isinstance(condition.right, Reference):
        right, other = _constant(condition.right, constants)
        return _compared(condition, raw, codec, other.value(right) if condition.right.calibrated else right)
    calibrated = condition.left.calibrated
    right = raw_of(codec, condition.right, calibrated, condition.left.parameter, condition.place)
    return _compared(condition, raw, codec, codec.value(right) if calibrated else right)


def _constant(reference: Reference, constants: Constants) -> tuple[Raw, ValueCodec]:
    if reference.parameter not in constants:
        raise MissionError(
            f"a condition of an entry looks at {reference.parameter}, which has no value before it",
            where=reference.place,
            fix="give it one by a restriction, by initialValue or in [commands.packet.parameters]",
        )
    return constants[reference.parameter]


def _compared(condition: Comparison, raw: Raw, codec: ValueCodec, right: Any) -> bool:
    left = codec.value(raw) if condition.left.calibrated else raw
    try:
        return bool(OPERATORS[condition.operator](left, right))
    except TypeError:
        raise MissionError(
            f"{condition.left.parameter} cannot be compared with {right!r}",
            where=condition.place,
            fix="mend the condition",
        ) from None
