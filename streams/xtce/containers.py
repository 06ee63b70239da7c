"""Sequence containers (XTCE 1.2, SequenceContainerType): which parameters stand where in a packet.

Known limits, each refused at load with file and line: entries other than parameters, arrays and containers,
locations relative to the container's end or the next entry, locations and repeat offsets from the packet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.xtce.conditions import Condition, read_condition
from streams.xtce.element import Node
from streams.xtce.names import parameter_name, qualified
from streams.xtce.parameters import Parameter
from streams.xtce.sizes import DynamicSize, FixedSize, LookupSize, Size, read_size
from streams.xtce.types import description


@dataclass(frozen=True)
class Repeat:
    """How often an entry comes, and how many bits lie between two."""

    count: Size
    gap: int
    place: str


@dataclass(frozen=True)
class Entry:
    """One entry: parameters (several for an aggregate or array) or a container.

    `start` counts bits from the container's first bit, or from the previous entry's end.
    """

    parameters: tuple[str, ...]
    container: str | None
    start: int
    from_container_start: bool
    condition: Condition | None
    repeat: Repeat | None
    place: str


@dataclass(frozen=True)
class Container:
    """A sequence container: its own entries, after those of its base."""

    name: str
    qualified_name: str
    entries: tuple[Entry, ...]
    base: str | None
    restriction: Condition | None
    abstract: bool
    description: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


def read_container(node: Node, leaves: Mapping[str, tuple[Parameter, ...]]) -> Container:
    """One SequenceContainer; `leaves` are the parameters of every Parameter element by qualified name."""
    base = node.child("BaseContainer")
    if node.child("BinaryEncoding") is not None:
        node.remark("BinaryEncoding of a container was read over: its size comes from its entries")
    return Container(
        name=node.string("name"),
        qualified_name=qualified(node),
        entries=tuple(_entry(child, leaves) for child in node.need("EntryList").children()),
        base=None
        if base is None
        else qualified(node.scope.find("container", base.string("containerRef"), base)),
        restriction=None if base is None else read_restriction(base),
        abstract=node.boolean("abstract", False),
        description=description(node),
        file=node.file,
        line=node.line,
    )


def read_restriction(base: Node) -> Condition | None:
    """The RestrictionCriteria of a BaseContainer."""
    criteria = base.child("RestrictionCriteria")
    if criteria is None:
        return None
    if criteria.child("NextContainer") is not None:
        criteria.remark("NextContainer was read over: packets are decoded one by one")
    restricted = any(child.tag not in {"NextContainer", "AncillaryDataSet"} for child in criteria.children())
    return read_condition(criteria) if restricted else None


def _entry(node: Node, leaves: Mapping[str, tuple[Parameter, ...]]) -> Entry:
    parameters: tuple[str, ...] = ()
    container = None
    match node.tag:
        case "ParameterRefEntry" | "ArrayParameterRefEntry":
            if node.child("DimensionList") is not None:
                raise node.unsupported("a part of an array as an entry", "refer to the whole array")
            parameters = tuple(leaf.qualified_name for leaf in entry_parameters(node, leaves))
        case "ContainerRefEntry":
            container = qualified(node.scope.find("container", node.string("containerRef"), node))
        case _:
            raise node.unsupported(f"the entry {node.tag}", "use ParameterRefEntry or ContainerRefEntry")
    condition = node.child("IncludeCondition")
    start, absolute = read_location(node)
    return Entry(
        parameters,
        container,
        start,
        absolute,
        None if condition is None else read_condition(condition),
        _repeat(node),
        node.place,
    )


def entry_parameters(node: Node, leaves: Mapping[str, tuple[Parameter, ...]]) -> tuple[Parameter, ...]:
    """What the parameterRef of an entry means: a parameter, or all leaves of its aggregate or array."""
    name = parameter_name(node.string("parameterRef"), node)
    found = leaves.get(name)
    if found is None:
        raise node.unsupported("a single member or element as an entry", "refer to the whole parameter")
    for parameter in found:
        if parameter.type.encoding is None:
            raise node.error(
                f"{parameter.qualified_name} is in a container, but {parameter.type.name} has no encoding",
                "add a data encoding to the type, or take the entry out",
            )
    return found


def read_location(node: Node) -> tuple[int, bool]:
    """Where an entry starts: bits, and whether they count from the container's start."""
    location = node.child("LocationInContainerInBits")
    if location is None:
        return 0, False
    start = read_size(location)
    reference = location.string("referenceLocation", "previousEntry")
    if not isinstance(start, FixedSize):
        raise location.unsupported("a location that comes from the packet", "give a FixedValue")
    if reference not in {"containerStart", "previousEntry"}:
        raise location.unsupported(
            f"a location from {reference}", "count from containerStart or previousEntry"
        )
    if reference == "containerStart" and start.value < 0:
        raise location.error(f"bit {start.value} is before the container", "give a location of 0 or more")
    return start.value, reference == "containerStart"


def _repeat(node: Node) -> Repeat | None:
    repeat = node.child("RepeatEntry")
    if repeat is None:
        return None
    count = read_size(repeat.need("Count"))
    if isinstance(count, FixedSize) and count.value < 0:
        raise repeat.error(f"the count {count.value} is negative", "give a count of 0 or more")
    gap = repeat.child("Offset")
    between = FixedSize(0) if gap is None else read_size(gap)
    if isinstance(between, DynamicSize | LookupSize) or between.value < 0:
        raise repeat.unsupported(
            "an Offset between repeats that is not fixed or is negative", "give a FixedValue"
        )
    return Repeat(count, between.value, repeat.place)
