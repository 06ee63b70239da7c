"""Telecommands (XTCE 1.2, MetaCommandType): what may be sent, with all that it inherits.

What Flight Ledger does not do is remarked with file and line. Where it concerns the packet or what has to
hold before it leaves, the MetaCommand is left out, and all that extend it: a telecommand is right or absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.xtce.arguments import Argument, ArgumentTypeReader
from streams.xtce.command_containers import CommandContainer, ContainerReader
from streams.xtce.element import Node, UnsupportedError
from streams.xtce.names import qualified
from streams.xtce.order import MAX_DEPTH
from streams.xtce.types import description
from streams.xtce.verifiers import (
    Constraint,
    Significance,
    Verifier,
    merge_verifiers,
    read_constraints,
    read_significance,
    read_verifiers,
)

_READ_OVER = {
    "ParameterToSetList": "no parameter is set by sending a telecommand",
    "ParametersToSuspendAlarmsOnSet": "no alarm is suspended by sending a telecommand",
    "Interlock": "it does not hold back the telecommands that follow",
    "SystemName": "telecommands are grouped by SpaceSystem",
}


_READ = {
    "BaseMetaCommand", "ArgumentList", "CommandContainer", "TransmissionConstraintList", "VerifierSet",
    "DefaultSignificance", "ContextSignificanceList", "LongDescription", "AliasSet", "AncillaryDataSet",
}  # fmt: skip


@dataclass(frozen=True)
class Assignment:
    """An ArgumentAssignment: the value, as text, that a MetaCommand gives to an argument of its base."""

    argument: str
    text: str
    place: str


@dataclass(frozen=True)
class MetaCommand:
    """One telecommand, or (`abstract`) what several have in common; all that it inherits is in it.

    `arguments` come in order, those of the base first; `assignments` go by argument. `extra` is what its
    AncillaryDataSet holds, text by name. `base` is a qualified name.
    """

    name: str
    qualified_name: str
    abstract: bool
    base: str | None
    arguments: tuple[Argument, ...]
    assignments: Mapping[str, Assignment]
    container: CommandContainer | None
    significance: Significance
    constraints: tuple[Constraint, ...]
    verifiers: tuple[Verifier, ...]
    extra: Mapping[str, str]
    description: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


class CommandReader:
    """Reads MetaCommands on demand, each once, after those that they extend."""

    def __init__(self, types: ArgumentTypeReader, containers: ContainerReader) -> None:
        self._types = types
        self._containers = containers
        self._read: dict[str, MetaCommand] = {}
        self._inherited: dict[str, dict[str, CommandContainer]] = {}
        self._open: list[str] = []
        self.left_out: dict[str, str] = {}

    def read(self, node: Node) -> MetaCommand | None:
        """The MetaCommand of an element; None, with a remark, when it needs what is not supported.

        Raises MissionError with file and line for what is wrong.
        """
        name = qualified(node)
        if name not in self._read and name not in self.left_out:
            try:
                self._read[name] = self._make(node, self._base(node, name))
            except UnsupportedError as error:
                self.left_out[name] = str(error)
                node.remark(f"the telecommand {name} was left out: {error}")
        return self._read.get(name)

    def _base(self, node: Node, name: str) -> MetaCommand | None:
        extends = node.child("BaseMetaCommand")
        if extends is None:
            return None
        target = extends.scope.find("command", extends.string("metaCommandRef"), extends)
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            raise node.error(f"circular inheritance: {circle}", "break the circle")
        if len(self._open) == MAX_DEPTH:
            raise node.error(f"MetaCommands extend each other more than {MAX_DEPTH} deep", "nest them less")
        self._open.append(name)
        try:
            base = self.read(target)
        finally:
            self._open.pop()
        if base is None:
            raise extends.unsupported(f"what its base {qualified(target)} needs")
        return base

    def _make(self, node: Node, base: MetaCommand | None) -> MetaCommand:
        for child in node.children():
            if child.tag not in _READ:
                effect = _READ_OVER.get(child.tag)
                child.remark(f"{child.tag} was read over" + (f": {effect}" if effect else ""))
        arguments = self._arguments(node, base)
        return MetaCommand(
            name=node.string("name"),
            qualified_name=qualified(node),
            abstract=node.boolean("abstract", False),
            base=base.qualified_name if base else None,
            arguments=arguments,
            assignments=_assignments(node, base, arguments),
            container=self._container(node, base),
            significance=read_significance(node) or (base.significance if base else Significance()),
            constraints=(*(base.constraints if base else ()), *read_constraints(node)),
            verifiers=merge_verifiers(base.verifiers if base else (), read_verifiers(node)),
            extra={**(base.extra if base else {}), **_extra(node)},
            description=description(node) or (base.description if base else ""),
            file=node.file,
            line=node.line,
        )

    def _arguments(self, node: Node, base: MetaCommand | None) -> tuple[Argument, ...]:
        found = {argument.name: argument for argument in (base.arguments if base else ())}
        for child in (node.child("ArgumentList") or node).children("Argument"):
            name = child.string("name")
            if name in found:
                raise child.error(
                    f'the argument "{name}" is defined twice, first at {found[name].place}',
                    "rename or remove one of the two",
                )
            found[name] = self._types.argument(child)
        return tuple(found.values())

    def _container(self, node: Node, base: MetaCommand | None) -> CommandContainer | None:
        """The own container, or that of the base where it has none."""
        inherited = dict(self._inherited.get(base.qualified_name, {})) if base else {}
        own = node.child("CommandContainer")
        container = base.container if base else None
        if own is not None:
            container = self._containers.read(own, inherited)
            inherited[container.name] = container
        self._inherited[qualified(node)] = inherited
        return container


def _assignments(
    node: Node, base: MetaCommand | None, arguments: tuple[Argument, ...]
) -> dict[str, Assignment]:
    """What is assigned to arguments, here and in the bases; what stands nearer counts."""
    known = {argument.name for argument in arguments}
    found = dict(base.assignments) if base else {}
    for child in (node.child("BaseMetaCommand/ArgumentAssignmentList") or node).children(
        "ArgumentAssignment"
    ):
        name = child.string("argumentName")
        if name not in known:
            raise child.error(
                f'argumentName "{name}": the base has no such argument',
                f"use one of {', '.join(sorted(known))}" if known else "remove the assignment",
            )
        found[name] = Assignment(name, child.string("argumentValue"), child.place)
    return found


def _extra(node: Node) -> dict[str, str]:
    data = (node.child("AncillaryDataSet") or node).children("AncillaryData")
    return {child.string("name"): child.text for child in data}
