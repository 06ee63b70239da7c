"""Data types of parameters and arguments (XTCE 1.2, ParameterTypeSetType and ArgumentTypeSetType): what a
raw value means.

Known limits, each refused at load with file and line: encodings that do not fit the type (an enumeration
over a string, a boolean over a float), OffsetFrom in a ReferenceTime, and times of string or binary encoding.
"""

from __future__ import annotations

import itertools
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction

from streams.xtce.alarms import AlarmRange, ContextAlarm, read_alarms, read_context_alarms
from streams.xtce.element import Node
from streams.xtce.encodings import (
    ENCODING_TAGS,
    BinaryEncoding,
    Encoding,
    FloatEncoding,
    IntegerEncoding,
    StringEncoding,
    read_encoding,
)
from streams.xtce.epochs import read_epoch, read_scale
from streams.xtce.names import Kind, qualified

_MAX_ELEMENTS = 65536
_MAX_DEPTH = 50


@dataclass(frozen=True)
class ParameterType:
    """What all types have; `encoding` is None for parameters that are in no container.

    `initial` is the text of initialValue, the value where nothing else gives one (telecommands only).
    """

    name: str
    encoding: Encoding | None
    unit: str
    description: str
    alarms: tuple[AlarmRange, ...]
    context_alarms: tuple[ContextAlarm, ...]
    initial: str | None
    place: str


@dataclass(frozen=True)
class IntegerType(ParameterType):
    """An integer, or a float when it is calibrated."""


@dataclass(frozen=True)
class FloatType(ParameterType):
    """A floating-point number."""


@dataclass(frozen=True)
class StringType(ParameterType):
    """Text."""


@dataclass(frozen=True)
class BinaryType(ParameterType):
    """Bytes."""


@dataclass(frozen=True)
class EnumeratedType(ParameterType):
    """Labels for ranges of raw values: (first, last, label), ascending, without overlap.

    A raw value without a label has the value `UNDEFINED(<raw>)`.
    """

    labels: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class BooleanType(ParameterType):
    """True for every raw value but 0; `one` and `zero` are what conditions may call them."""

    one: str
    zero: str


@dataclass(frozen=True)
class AbsoluteTimeType(ParameterType):
    """An instant: `epoch` plus `raw * scale + offset` seconds.

    The epoch is TAI, J2000, UNIX, GPS, or int nanoseconds UTC since 1970 of a date.
    """

    scale: Fraction
    offset: Fraction
    epoch: str | int


@dataclass(frozen=True)
class RelativeTimeType(ParameterType):
    """A duration: `raw * scale + offset` seconds."""

    scale: Fraction
    offset: Fraction


@dataclass(frozen=True)
class AggregateType(ParameterType):
    """A structure: (member name, member type), in order."""

    members: tuple[tuple[str, ParameterType], ...]


@dataclass(frozen=True)
class ArrayType(ParameterType):
    """An array of fixed dimensions; the last one counts fastest."""

    element: ParameterType
    dimensions: tuple[int, ...]


_FITTING: dict[str, tuple[type[ParameterType], tuple[type, ...]]] = {
    "Integer": (IntegerType, (IntegerEncoding, FloatEncoding)),
    "Float": (FloatType, (IntegerEncoding, FloatEncoding)),
    "String": (StringType, (StringEncoding,)),
    "Binary": (BinaryType, (BinaryEncoding,)),
    "Enumerated": (EnumeratedType, (IntegerEncoding,)),
    "Boolean": (BooleanType, (IntegerEncoding,)),
    "AbsoluteTime": (AbsoluteTimeType, (IntegerEncoding, FloatEncoding)),
    "RelativeTime": (RelativeTimeType, (IntegerEncoding, FloatEncoding)),
}
TYPE_TAGS = (*(f"{stem}ParameterType" for stem in _FITTING), "AggregateParameterType", "ArrayParameterType")
ARGUMENT_TYPE_TAGS = (
    *(f"{stem}ArgumentType" for stem in _FITTING),
    "RelativeTimeAgumentType",  # the schema of XTCE 1.2 has it so
    "AggregateArgumentType",
    "ArrayArgumentType",
)


class TypeReader:
    """Reads types on demand, each once; aggregates and arrays read those they are made of."""

    def __init__(self, kind: Kind = "type") -> None:
        self.kind = kind
        self._read: dict[str, ParameterType] = {}
        self._open: list[str] = []

    def refer(self, node: Node, attribute: str) -> ParameterType:
        """The type that an attribute of an element refers to."""
        return self.read(node.scope.find(self.kind, node.string(attribute), node))

    def read(self, node: Node) -> ParameterType:
        """The type that an element defines; raises MissionError for a type that contains itself."""
        name = qualified(node)
        if name not in self._read:
            if name in self._open:
                circle = " -> ".join([*self._open[self._open.index(name) :], name])
                raise node.error(f"the type contains itself: {circle}", "break the circle")
            if len(self._open) == _MAX_DEPTH:
                raise node.error(f"types are nested more than {_MAX_DEPTH} deep", "nest them less")
            self._open.append(name)
            try:
                self._read[name] = self._make(self.derived(node), name)
            finally:
                self._open.pop()
        return self._read[name]

    def derived(self, node: Node) -> Node:
        """The element with all that its baseType gives and it does not say itself."""
        base_name = node.optional("baseType")
        if base_name is None:
            return node
        base = node.scope.find(self.kind, base_name, node)
        if base.tag != node.tag:
            raise node.error(f"the baseType {base_name} is a {base.tag}", f"derive from a {node.tag}")
        return _merged(node, base, self.kind)

    def _make(self, node: Node, name: str) -> ParameterType:
        if node.tag == "AggregateParameterType":
            return self._aggregate(node, name)
        if node.tag == "ArrayParameterType":
            return self._array(node, name)
        if node.tag not in TYPE_TAGS and _stem(node) not in _FITTING:
            raise node.unsupported(f"an {node.tag}", "give each of its values an argument of its own")
        return self._single(node, name)

    def _single(self, node: Node, name: str) -> ParameterType:
        """A type of one value."""
        cls, fitting = _FITTING[_stem(node)]
        encoding = _encoding(node)
        if encoding is not None and not isinstance(encoding, fitting):
            raise node.unsupported(
                f"{type(encoding).__name__} for a {node.tag}", "choose another type or encoding"
            )
        if cls in {EnumeratedType, BooleanType} and getattr(encoding, "calibration", None) is not None:
            node.remark(f"the calibrator of a {node.tag} was read over: labels stand for raw values")
        initial = node.optional("initialValue")
        alarms = read_alarms(node), read_context_alarms(node)
        common = (name, encoding, _unit(node), description(node), *alarms, initial, node.place)
        if cls is EnumeratedType:
            return EnumeratedType(*common, labels=_labels(node))
        if cls is BooleanType:
            return BooleanType(
                *common,
                one=node.string("oneStringValue", "True"),
                zero=node.string("zeroStringValue", "False"),
            )
        if cls is AbsoluteTimeType:
            return AbsoluteTimeType(*common, *read_scale(node), epoch=read_epoch(node))
        if cls is RelativeTimeType:
            return RelativeTimeType(*common, *read_scale(node))
        return cls(*common)

    def _aggregate(self, node: Node, name: str) -> AggregateType:
        members: dict[str, ParameterType] = {}
        for member in node.need("MemberList").children("Member"):
            label = member.string("name")
            if label in members:
                raise member.error(
                    f'the member "{label}" is defined twice', "rename or remove one of the two"
                )
            members[label] = self.refer(member, "typeRef")
        common = (name, None, "", description(node), (), (), None, node.place)
        return AggregateType(*common, tuple(members.items()))

    def _array(self, node: Node, name: str) -> ArrayType:
        dimensions = tuple(_dimension(child) for child in node.need("DimensionList").children("Dimension"))
        if not dimensions:
            raise node.error("the array has no Dimension", "add a Dimension to its DimensionList")
        count = 1
        for dimension in dimensions:
            count *= dimension
        if count > _MAX_ELEMENTS:
            raise node.error(
                f"the array has {count} elements, {_MAX_ELEMENTS} are possible", "make it smaller"
            )
        element = self.refer(node, "arrayTypeRef")
        common = (name, None, "", description(node), (), (), None, node.place)
        return ArrayType(*common, element, dimensions)


def description(node: Node) -> str:
    """shortDescription and LongDescription, one below the other."""
    long = node.child("LongDescription")
    return "\n".join(
        text for text in (node.string("shortDescription", "").strip(), long.text if long else "") if text
    )


def _stem(node: Node) -> str:
    """The kind of a type, whether of parameters or of arguments: Integer, Float, …"""
    return node.tag.removesuffix("ParameterType").removesuffix("ArgumentType").removesuffix("AgumentType")


def _merged(node: Node, base: Node, kind: Kind) -> Node:
    """The base's element with what each derivation redefines put in place of what it had."""
    chain = [node.element]
    while base.optional("baseType") is not None and base.element not in chain:
        chain.append(base.element)
        base = base.scope.find(kind, base.string("baseType"), base)
    if base.element in chain:
        raise node.error("the baseType leads back to the type itself", "break the circle")
    result = deepcopy(base.element)
    for element in reversed(chain):
        result.attrib.update(element.attrib)
        for child in element:
            for same in result.findall(child.tag):
                result.remove(same)
            result.append(deepcopy(child))
    return Node(result, node.file, node.scope)


def _encoding(node: Node) -> Encoding | None:
    holder = node.child("Encoding") if _stem(node).endswith("Time") else node
    found = list(holder.children(*ENCODING_TAGS)) if holder else []
    if len(found) > 1:
        raise found[1].error("the type has two encodings", "keep one of them")
    return read_encoding(found[0]) if found else None


def _unit(node: Node) -> str:
    units = []
    for unit in (node.child("UnitSet") or node).children("Unit"):
        power = unit.string("power", "1").strip()
        if unit.text and unit.string("form", "calibrated") != "raw":
            units.append(unit.text if power in {"1", "1.0"} else f"{unit.text}^{power}")
    return " ".join(units)


def _labels(node: Node) -> tuple[tuple[int, int, str], ...]:
    found: list[tuple[int, int, str, Node]] = []
    for part in node.need("EnumerationList").children("Enumeration"):
        first = part.integer("value")
        last = part.integer("maxValue", first)
        if last < first:
            raise part.error(f"maxValue {last} is below value {first}", "exchange the two")
        found.append((first, last, part.string("label"), part))
    if not found:
        raise node.error("the EnumerationList is empty", "add an Enumeration")
    found.sort(key=lambda label: label[0])
    for (_, last, label, _), (first, _, following, part) in itertools.pairwise(found):
        if first <= last:
            raise part.error(
                f'the value {first} has two labels, "{label}" and "{following}"', "give each value one label"
            )
    return tuple((first, last, label) for first, last, label, _ in found)


def _dimension(node: Node) -> int:
    """How many elements a Dimension has: EndingIndex - StartingIndex + 1, both fixed."""
    bounds = []
    for tag in ("StartingIndex", "EndingIndex"):
        index = node.child(f"{tag}/FixedValue")
        if index is None:
            raise node.unsupported(f"an array whose {tag} is not a FixedValue", "give a FixedValue")
        bounds.append(index.text_integer())
    if bounds[1] < bounds[0] or bounds[0] != 0:
        raise node.error(
            f"an array from index {bounds[0]} to {bounds[1]}", "let it go from 0 to its last index"
        )
    return bounds[1] + 1
