"""Containers of telecommands (XTCE 1.2, CommandContainerType): which fields stand where in a packet.

A container may extend one of the MetaCommand that its own extends, one of a CommandContainerSet, or a
SequenceContainer of the telemetry; restriction criteria on what it extends give fields their values. Known
limits, each a remark with file and line, and the telecommands that need it are left out: entries other than
parameters, arguments, fixed values and containers; repeats; conditions on arguments; restrictions that are
more than parameters equal to values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.xtce.conditions import Combination, Comparison, Condition, read_condition
from streams.xtce.containers import entry_parameters, read_location, read_restriction
from streams.xtce.element import Node
from streams.xtce.names import Kind, parameter_name, qualified
from streams.xtce.order import MAX_DEPTH
from streams.xtce.parameters import Parameter

KINDS: tuple[Kind, ...] = ("command container", "container")
"""Where a containerRef is looked for, after the containers of the MetaCommands that are extended."""


@dataclass(frozen=True)
class FixedValue:
    """A FixedValueEntry: so many bits of always the same unsigned number."""

    name: str
    bits: int
    value: int


@dataclass(frozen=True)
class ArgumentField:
    """An ArgumentRefEntry: the place of an argument."""

    argument: str


@dataclass(frozen=True)
class CommandEntry:
    """One entry; `start` counts bits from the container's first bit, or from the previous entry's end.

    The first bit of a container that extends another is that of the whole packet. Where `condition` does not
    hold, the entry is not there.
    """

    content: FixedValue | ArgumentField | Parameter | CommandContainer
    start: int
    from_container_start: bool
    condition: Condition | None
    place: str


@dataclass(frozen=True)
class ParameterValue:
    """What restriction criteria say a parameter has to be; `text` is a raw value when not `calibrated`."""

    parameter: str
    text: str
    calibrated: bool
    place: str


@dataclass(frozen=True)
class CommandContainer:
    """A container: its own entries, after those of its base, and the values of its base's parameters."""

    name: str
    entries: tuple[CommandEntry, ...]
    base: CommandContainer | None
    values: tuple[ParameterValue, ...]
    place: str


class ContainerReader:
    """Reads containers; `leaves` are the parameters of every Parameter element by qualified name."""

    def __init__(self, leaves: Mapping[str, tuple[Parameter, ...]]) -> None:
        self._leaves = leaves
        self._shared: dict[str, CommandContainer] = {}
        self._open: list[str] = []

    def read(self, node: Node, inherited: Mapping[str, CommandContainer]) -> CommandContainer:
        """A container; `inherited` are those of the MetaCommands that its own extends, by local name."""
        if node.child("BinaryEncoding") is not None:
            node.remark("BinaryEncoding of a container was read over: its size comes from its entries")
        base = node.child("BaseContainer")
        return CommandContainer(
            name=node.string("name"),
            entries=tuple(
                entry for child in node.need("EntryList").children() for entry in self._entries(child)
            ),
            base=None if base is None else self._refer(base, inherited),
            values=() if base is None else _values(read_restriction(base), base),
            place=node.place,
        )

    def _refer(self, node: Node, inherited: Mapping[str, CommandContainer]) -> CommandContainer:
        """The container that a containerRef means."""
        reference = node.string("containerRef").strip()
        if reference in inherited:
            return inherited[reference]
        for kind in KINDS:
            if (target := node.scope.lookup(kind, reference)) is not None:
                return self._read_shared(target, node)
        local = inherited.get(reference.rsplit("/", 1)[-1])
        return local or self._read_shared(node.scope.find("command container", reference, node), node)

    def _read_shared(self, target: Node, user: Node) -> CommandContainer:
        name = f"{target.tag} {qualified(target)}"
        if name not in self._shared:
            if name in self._open:
                raise user.error(f"{qualified(target)} contains or extends itself", "break the circle")
            if len(self._open) == MAX_DEPTH:
                raise user.error(f"containers are nested more than {MAX_DEPTH} deep", "nest them less")
            self._open.append(name)
            try:
                self._shared[name] = self.read(target, {})
            finally:
                self._open.pop()
        return self._shared[name]

    def _entries(self, node: Node) -> list[CommandEntry]:
        """One entry; the leaves of an aggregate or array are entries of their own."""
        for tag in ("RepeatEntry", "DimensionList", "IncludeCondition//ArgumentInstanceRef"):
            if node.child(tag) is not None:
                raise node.unsupported(f"{tag.replace('//', ' with ')} in a telecommand's container")
        start, absolute = read_location(node)
        included = node.child("IncludeCondition")
        condition = None if included is None else read_condition(included)
        first, *others = self._contents(node)
        return [
            CommandEntry(first, start, absolute, condition, node.place),
            *(CommandEntry(other, 0, False, condition, node.place) for other in others),
        ]

    def _contents(self, node: Node) -> tuple[FixedValue | ArgumentField | Parameter | CommandContainer, ...]:
        match node.tag:
            case "ArgumentRefEntry":
                return (ArgumentField(node.string("argumentRef").strip()),)
            case "FixedValueEntry":
                return (_fixed(node),)
            case "ParameterRefEntry" | "ArrayParameterRefEntry":
                if parameter_name(node.string("parameterRef"), node) not in self._leaves:
                    raise node.unsupported(
                        f'the parameter "{node.string("parameterRef")}", '
                        "a single member or of a type that was read over,"
                    )
                return entry_parameters(node, self._leaves)
            case "ContainerRefEntry":
                return (self._refer(node, {}),)
        raise node.unsupported(
            f"the entry {node.tag}",
            "use ParameterRefEntry, ArgumentRefEntry, FixedValueEntry or ContainerRefEntry",
        )


def _fixed(node: Node) -> FixedValue:
    """A FixedValueEntry; XTCE leaves open how bits and bytes are aligned: the last bits count."""
    text = node.string("binaryValue").strip()
    try:
        value = int(text, 16)
    except ValueError:
        raise node.error(f'binaryValue="{text}" is not hexadecimal', "write it like 1ACF") from None
    bits = node.integer("sizeInBits", 4 * len(text))
    if bits < 1 or value < 0 or value >> bits:
        raise node.error(f"{text} does not fit into {bits} bits", "mend binaryValue or sizeInBits")
    return FixedValue(node.string("name", "") or f"fixed value {text}", bits, value)


def _values(condition: Condition | None, base: Node) -> tuple[ParameterValue, ...]:
    """The values that restriction criteria give to parameters."""
    if condition is None:
        return ()
    if isinstance(condition, Comparison) and condition.operator == "==" and isinstance(condition.right, str):
        left = condition.left
        return (ParameterValue(left.parameter, condition.right, left.calibrated, condition.place),)
    if isinstance(condition, Combination) and condition.kind == "and":
        return tuple(value for part in condition.parts for value in _values(part, base))
    raise base.unsupported(
        "a restriction of a telecommand's container that is more than parameters equal to values",
        "use Comparison with == or a ComparisonList of them",
    )
