"""Numbers that are fixed or come from the packet: sizes and counts (XTCE 1.2, IntegerValueType)."""

from __future__ import annotations

from dataclasses import dataclass

from streams.xtce.conditions import (
    Condition,
    Reference,
    read_argument_reference,
    read_condition,
    read_reference,
)
from streams.xtce.element import Node


@dataclass(frozen=True)
class FixedSize:
    """The same number in every packet."""

    value: int


@dataclass(frozen=True)
class DynamicSize:
    """`slope * parameter + intercept`, cut to an integer towards zero.

    XTCE gives a LinearAdjustment's slope no default; 1 is taken where it is left out.
    """

    reference: Reference
    slope: float
    intercept: float
    place: str


@dataclass(frozen=True)
class LookupSize:
    """The number of the first condition that holds (DiscreteLookupList)."""

    choices: tuple[tuple[Condition, int], ...]
    place: str


Size = FixedSize | DynamicSize | LookupSize


def read_size(node: Node) -> Size:
    """What stands inside SizeInBits, Count, Offset, Variable or LocationInContainerInBits."""
    for child in node.children():
        match child.tag:
            case "FixedValue":
                return FixedSize(child.text_integer())
            case "Fixed":
                return FixedSize(child.need("FixedValue").text_integer())
            case "DynamicValue":
                return _dynamic(child)
            case "DiscreteLookupList":
                return _lookup(child)
    raise node.error(f"{node.tag} has no number", "add a FixedValue, a DynamicValue or a DiscreteLookupList")


def _dynamic(node: Node) -> DynamicSize:
    argument = node.child("ArgumentInstanceRef")
    reference = (
        read_reference(node.need("ParameterInstanceRef"))
        if argument is None
        else read_argument_reference(argument)
    )
    linear = node.child("LinearAdjustment")
    if linear is None:
        return DynamicSize(reference, 1.0, 0.0, node.place)
    return DynamicSize(reference, linear.number("slope", 1.0), linear.number("intercept", 0.0), node.place)


def _lookup(node: Node) -> LookupSize:
    choices = tuple(
        (read_condition(child), child.integer("value")) for child in node.children("DiscreteLookup")
    )
    if not choices:
        raise node.error("the DiscreteLookupList is empty", "add a DiscreteLookup")
    return LookupSize(choices, node.place)
