"""Parameters (XTCE 1.2, ParameterType); aggregates and arrays come apart into their leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from streams.xtce.alarms import AlarmRange, ContextAlarm
from streams.xtce.element import Node
from streams.xtce.names import qualified
from streams.xtce.types import AggregateType, ArrayType, ParameterType, TypeReader, description

_MAX_LEAVES = 65536


@dataclass(frozen=True)
class Parameter:
    """One value of the mission database, and the place of its definition.

    A member of an aggregate is a parameter of its own, `name.member`, and so is an element of an array,
    `name[0]`.
    """

    name: str
    qualified_name: str
    type: ParameterType
    unit: str
    description: str
    file: str
    line: int
    alarms: tuple[AlarmRange, ...]
    context_alarms: tuple[ContextAlarm, ...] = ()
    initial: str | None = None
    """The text of initialValue: what the field of a telecommand holds where nothing else says it."""


def read_parameter(node: Node, types: TypeReader) -> tuple[Parameter, ...]:
    """The parameters of one Parameter element: one, or the leaves of its aggregate or array."""
    if "/" in node.string("name"):
        raise node.error(f'the parameter name "{node.string("name")}" has a slash', "rename it")
    text = description(node)
    found = []
    for tail, leaf in _leaves(types.refer(node, "parameterTypeRef")):
        found.append(
            Parameter(
                node.string("name") + tail,
                qualified(node) + tail,
                leaf,
                leaf.unit,
                text or leaf.description,
                node.file,
                node.line,
                leaf.alarms,
                leaf.context_alarms,
                leaf.initial if node.optional("initialValue") is None else node.string("initialValue"),
            )
        )
        if len(found) > _MAX_LEAVES:
            raise node.error(f"the parameter has more than {_MAX_LEAVES} elements", "make its arrays smaller")
    return tuple(found)


def _leaves(kind: ParameterType) -> Iterator[tuple[str, ParameterType]]:
    """(name tail, type) of every value in a type, depth first."""
    if isinstance(kind, AggregateType):
        for name, member in kind.members:
            for tail, leaf in _leaves(member):
                yield f".{name}{tail}", leaf
    elif isinstance(kind, ArrayType):
        for index in itertools.product(*(range(dimension) for dimension in kind.dimensions)):
            head = "".join(f"[{position}]" for position in index)
            for tail, leaf in _leaves(kind.element):
                yield head + tail, leaf
    else:
        yield "", kind
