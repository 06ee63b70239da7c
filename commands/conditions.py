"""Conditions of the mission database (XTCE, MatchCriteriaType) on samples of live telemetry.

The same meaning as in `streams/decode/predicates.py`: a parameter without a sample or a value fulfils no
comparison; numbers are compared as numbers, labels of an enumeration by what they stand for, times as
instants.
"""

from __future__ import annotations

import base64
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from commands.telemetry import Sample
from infra.errors import CommandError
from streams.xtce import AbsoluteTimeType, BinaryType, BooleanType, EnumeratedType, StringType
from streams.xtce.conditions import Combination, Comparison, Condition, Reference
from streams.xtce.element import parse_number
from streams.xtce.epochs import parse_instant
from streams.xtce.types import ParameterType

Lookup = Callable[[str], Sample | None]
"""Gives the sample of a parameter, by qualified name."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COMPARISON = re.compile(r"\s*([^\s=!<>]+)\s*(==|!=|<=|>=|<|>)\s*(?:'([^']*)'|\"([^\"]*)\"|(.+?))\s*")


def parse_comparison(text: str) -> Comparison:
    """Read `PARAMETER >= 12` or `PHASE == 'PAD'`, the way people write a check; raises CommandError."""
    found = _COMPARISON.fullmatch(text)
    if found is None:
        fix = "write a parameter, one of == != < <= > >=, and a value, like ALTITUDE > 1000"
        raise CommandError(f"{text!r} is no check", fix=fix)
    value = next(each for each in found.groups()[2:] if each is not None)
    return Comparison(Reference(found[1], True, text), found[2], value, text)


def references(condition: Condition) -> Iterator[Reference]:
    """Yield the parameters that a condition looks at."""
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from references(part)
        return
    yield condition.left
    if isinstance(condition.right, Reference):
        yield condition.right


def holds(condition: Condition, lookup: Lookup) -> bool:
    """Whether a condition holds."""
    if isinstance(condition, Combination):
        parts = (holds(part, lookup) for part in condition.parts)
        return all(parts) if condition.kind == "and" else any(parts)
    left = lookup(condition.left.parameter)
    if left is None:
        return False
    compare = _OPERATORS[condition.operator]
    try:
        if isinstance(condition.right, Reference):
            right = lookup(condition.right.parameter)
            return right is not None and _compared(
                compare, _value(left, condition.left.calibrated), _value(right, condition.right.calibrated)
            )
        return _against_text(compare, left, condition.left.calibrated, condition.right)
    except (ValueError, TypeError):
        return False


def _against_text(compare: Callable[[Any, Any], bool], sample: Sample, calibrated: bool, text: str) -> bool:
    kind = sample.field.parameter.type
    if isinstance(kind, EnumeratedType) and calibrated:
        labelled = compare in (operator.eq, operator.ne) and any(text == label for _, _, label in kind.labels)
        return _compared(compare, *((sample.value, text) if labelled else (sample.raw, _number(text))))
    value = _value(sample, calibrated)
    if isinstance(kind, BinaryType):
        return _compared(compare, base64.b64decode(value), bytes.fromhex(text.removeprefix("0x")))
    return _compared(compare, value, _constant(text, value, kind if calibrated else None))


def _constant(text: str, value: Any, kind: ParameterType | None) -> Any:
    """Read a constant as the kind of thing that a value is; raises ValueError for what is none."""
    if isinstance(value, bool) and isinstance(kind, BooleanType):
        return _truth(text, kind)
    if isinstance(value, str):
        return text
    instant = parse_instant(text) if isinstance(kind, AbsoluteTimeType) else None
    return _number(text) if instant is None else instant


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    return left is not None and right is not None and bool(compare(left, right))


def _value(sample: Sample, calibrated: bool) -> Any:
    value = sample.value if calibrated else sample.raw
    if isinstance(sample.field.parameter.type, StringType | EnumeratedType):
        return value
    return (
        float(value) if value in ("NaN", "Infinity", "-Infinity") else value
    )  # floats without a JSON number


def _number(text: str) -> int | float:
    number = parse_number(text)
    return number.numerator if number.denominator == 1 else float(number)


def _truth(text: str, kind: BooleanType) -> bool:
    word = text.strip().lower()
    if word in (kind.one.lower(), "true", "1"):
        return True
    if word in (kind.zero.lower(), "false", "0"):
        return False
    raise ValueError(text)
