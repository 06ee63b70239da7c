"""Arguments of telecommands and their types (XTCE 1.2, ArgumentTypeSetType and ArgumentListType).

A type's data is read as that of a parameter type. Known limits, each a remark with file and line, and the
telecommands that need it are left out: aggregates and arrays, sizes from a DiscreteLookupList, calibrators
that depend on a context, transform algorithms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from streams.xtce.bounds import read_bound
from streams.xtce.element import Node
from streams.xtce.names import qualified
from streams.xtce.types import ParameterType, TypeReader, description

_UNREAD = ("DiscreteLookupList", "ContextCalibratorList", "ToBinaryTransformAlgorithm")


@dataclass(frozen=True)
class ValidRange:
    """Values that are valid; None is an open end, an inclusive end belongs to the range."""

    minimum: Fraction | None
    maximum: Fraction | None
    min_inclusive: bool = True
    max_inclusive: bool = True

    def contains(self, value: Fraction) -> bool:
        """Whether a number lies within the range."""
        return self._above(value) and self._below(value)

    def _above(self, value: Fraction) -> bool:
        if self.minimum is None:
            return True
        return value >= self.minimum if self.min_inclusive else value > self.minimum

    def _below(self, value: Fraction) -> bool:
        if self.maximum is None:
            return True
        return value <= self.maximum if self.max_inclusive else value < self.maximum


@dataclass(frozen=True)
class ArgumentType:
    """What an argument may be: its data and encoding, and which values are valid.

    Without `ranges` all that the encoding holds is valid. `ranges_calibrated`: they are about values, not
    about raw values. `characters` is the least and the greatest length of a text, `pattern` what all of it
    must match.
    """

    data: ParameterType
    ranges: tuple[ValidRange, ...] = ()
    ranges_calibrated: bool = True
    characters: tuple[int, int | None] | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Argument:
    """One argument of a MetaCommand; `default` is the text of initialValue, None where it has to be given."""

    name: str
    type: ArgumentType
    default: str | None
    description: str
    place: str


class ArgumentTypeReader:
    """Reads argument types on demand, each once."""

    def __init__(self) -> None:
        self._types = TypeReader("argument type")
        self._read: dict[str, ArgumentType] = {}

    def read(self, node: Node) -> ArgumentType:
        """The type that an element of an ArgumentTypeSet defines."""
        name = qualified(node)
        if name not in self._read:
            whole = self._types.derived(node)
            for tag in _UNREAD:
                if (found := whole.child(f".//{tag}")) is not None:
                    raise node.unsupported(f"a {found.tag} in an argument type")
            ranges = _ranges(whole)
            self._read[name] = ArgumentType(
                data=self._types.read(node),
                ranges=tuple(_range(part) for part in ranges[0]),
                ranges_calibrated=ranges[1],
                characters=_characters(whole),
                pattern=_pattern(whole),
            )
        return self._read[name]

    def argument(self, node: Node) -> Argument:
        """One Argument of an ArgumentList."""
        kind = self.read(node.scope.find("argument type", node.string("argumentTypeRef"), node))
        default = node.optional("initialValue")
        return Argument(
            name=node.string("name"),
            type=kind,
            default=kind.data.initial if default is None else default,
            description=description(node) or kind.data.description,
            place=node.place,
        )


def _ranges(node: Node) -> tuple[list[Node], bool]:
    """The ValidRange elements of a type, in a ValidRangeSet or (XTCE 1.1) by themselves."""
    listed = node.child("ValidRangeSet")
    holder = listed or node.child("ValidRange")
    found = list((listed or node).children("ValidRange"))
    return found, True if holder is None else holder.boolean("validRangeAppliesToCalibrated", True)


def _range(node: Node) -> ValidRange:
    (minimum, above), (maximum, below) = (read_bound(node, end, node.exact) for end in ("min", "max"))
    if minimum is not None and maximum is not None and minimum > maximum:
        raise node.error(
            f"the valid range from {float(minimum):g} to {float(maximum):g} is empty", "exchange its two ends"
        )
    return ValidRange(minimum, maximum, above, below)


def _characters(node: Node) -> tuple[int, int | None] | None:
    size = node.child("SizeRangeInCharacters")
    if size is None:
        return None
    least = size.integer("minInclusive", 0)
    most = None if size.optional("maxInclusive") is None else size.integer("maxInclusive")
    if most is not None and most < least:
        raise size.error(f"a text of {least} to {most} characters", "exchange the two numbers")
    return least, most


def _pattern(node: Node) -> str | None:
    pattern = node.optional("restrictionPattern")
    if pattern is None:
        return None
    try:
        re.compile(pattern)
    except re.error:
        raise node.unsupported(
            f'the restrictionPattern "{pattern}"', "write it as a regular expression of Python"
        ) from None
    return pattern
