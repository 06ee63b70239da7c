"""Match criteria: Comparison, ComparisonList, BooleanExpression (XTCE 1.2, MatchCriteriaType)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.xtce.element import Node
from streams.xtce.names import parameter_name

# The short words are no XTCE, but stand in databases of real missions.
_OPERATORS = {
    "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
    "eq": "==", "neq": "!=", "lt": "<", "leq": "<=", "gt": ">", "geq": ">=",
}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """A parameter of the same packet: its qualified name, and whether its value or its raw value is meant.

    In a telecommand it may be an argument: its name, which has no slash.
    """

    parameter: str
    calibrated: bool
    place: str


@dataclass(frozen=True)
class Comparison:
    """`left operator right`; right is the text as the file has it, or another parameter."""

    left: Reference
    operator: str
    right: str | Reference
    place: str


@dataclass(frozen=True)
class Combination:
    """Conditions joined by `and` or `or`."""

    kind: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Comparison | Combination


def in_words(condition: Condition) -> str:
    """A condition as people write it: `MODE == SAFE and BATTERY_V > 11`."""
    if isinstance(condition, Combination):
        parts = (
            f"({in_words(part)})" if isinstance(part, Combination) else in_words(part)
            for part in condition.parts
        )
        return f" {condition.kind} ".join(parts)
    right = _name(condition.right) if isinstance(condition.right, Reference) else condition.right
    return f"{_name(condition.left)} {condition.operator} {right}"


def _name(reference: Reference) -> str:
    name = reference.parameter.rsplit("/", 1)[-1]
    return name if reference.calibrated else f"raw {name}"


def read_reference(node: Node) -> Reference:
    """A ParameterInstanceRef, or the same attributes on a Comparison."""
    if node.integer("instance", 0) != 0:
        raise node.unsupported(
            "a reference to an earlier or later instance of a parameter", 'use instance="0"'
        )
    name = parameter_name(node.string("parameterRef"), node)
    return Reference(name, node.boolean("useCalibratedValue", True), node.place)


def read_argument_reference(node: Node) -> Reference:
    """An ArgumentInstanceRef."""
    return Reference(node.string("argumentRef"), node.boolean("useCalibratedValue", True), node.place)


def read_condition(node: Node) -> Condition:
    """What stands inside RestrictionCriteria, IncludeCondition or ContextMatch."""
    for child in node.children():
        match child.tag:
            case "Comparison":
                return _comparison(child)
            case "ComparisonList":
                return _joined(
                    "and", tuple(_comparison(part) for part in child.children("Comparison")), child
                )
            case "BooleanExpression":
                return _expression(child)
            case "CustomAlgorithm":
                raise child.unsupported("a CustomAlgorithm as a condition", "write it as comparisons")
    raise node.error(
        f"{node.tag} has no condition",
        "add a Comparison, a ComparisonList or a BooleanExpression, or remove it",
    )


def _comparison(node: Node) -> Comparison:
    operator = _operator(node.string("comparisonOperator", "=="), node)
    inside = node.child("ParameterInstanceRef")  # of a telecommand's container the reference stands inside
    reference = read_reference(node if inside is None else inside)
    return Comparison(reference, operator, node.string("value"), node.place)


def _operator(text: str, node: Node) -> str:
    operator = _OPERATORS.get(text.strip())
    if operator is None:
        raise node.error(f'"{text}" is no comparison operator', "use one of == != < <= > >=")
    return operator


def _expression(node: Node) -> Condition:
    """A BooleanExpression, ANDedConditions or ORedConditions: what its children say."""
    parts = tuple(_part(child) for child in node.children())
    return _joined("or" if node.tag == "ORedConditions" else "and", parts, node)


def _part(node: Node) -> Condition:
    match node.tag:
        case "Condition":
            return _check(node)
        case "ANDedConditions" | "ORedConditions":
            return _expression(node)
    raise node.error(f"{node.tag} is no condition", "use Condition, ANDedConditions or ORedConditions")


def _check(node: Node) -> Comparison:
    """A Condition: parameter, operator, and a value or a second parameter."""
    operands = [read_reference(child) for child in node.children("ParameterInstanceRef")]
    if not operands:
        raise node.error("the Condition names no parameter", "add a ParameterInstanceRef")
    right = operands[1] if len(operands) > 1 else node.need("Value").text
    return Comparison(operands[0], _operator(node.need("ComparisonOperator").text, node), right, node.place)


def _joined(kind: Literal["and", "or"], parts: tuple[Condition, ...], node: Node) -> Condition:
    if not parts:
        raise node.error(f"{node.tag} is empty", "add a condition or remove it")
    return parts[0] if len(parts) == 1 else Combination(kind, parts)
