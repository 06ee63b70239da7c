"""The mission database: all that one or more XTCE files say (CCSDS 660.1-G, OMG XTCE 1.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from infra.errors import MissionError
from streams.xtce.arguments import ArgumentTypeReader
from streams.xtce.command_containers import ContainerReader
from streams.xtce.commands import CommandReader, MetaCommand
from streams.xtce.containers import Container, read_container
from streams.xtce.element import Node, UnsupportedError, parse_document, read_file
from streams.xtce.names import Kind, Scope, Top, every_scope, qualified
from streams.xtce.order import check_order
from streams.xtce.parameters import Parameter, read_parameter
from streams.xtce.types import ARGUMENT_TYPE_TAGS, TYPE_TAGS, TypeReader

T = TypeVar("T")

_SETS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "ParameterTypeSet": ("type", TYPE_TAGS),
    "ParameterSet": ("parameter", ("Parameter",)),
    "ContainerSet": ("container", ("SequenceContainer",)),
}
_COMMAND_SETS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "ParameterTypeSet": ("type", TYPE_TAGS),
    "ParameterSet": ("parameter", ("Parameter",)),
    "ArgumentTypeSet": ("argument type", ARGUMENT_TYPE_TAGS),
    "MetaCommandSet": ("command", ("MetaCommand",)),
    "CommandContainerSet": ("command container", ("CommandContainer", "SequenceContainer")),
}
_SILENT = {
    "Header",
    "LongDescription",
    "AliasSet",
    "AncillaryDataSet",
}


@dataclass(frozen=True)
class Database:
    """A loaded mission database.

    `digest` is the SHA-256 (hex) over the content of the files in their order, whatever their names.
    `parameters` and `containers` go by qualified name (`/SYSTEM/NAME`) in document order. `remarks` say,
    with file and line, what was read over. `root` is the qualified name of the root container, when one was
    asked for. `commands` go by qualified name, too; `left_out` says why those that are missing there are.
    """

    name: str
    digest: str
    parameters: Mapping[str, Parameter]
    containers: Mapping[str, Container]
    remarks: tuple[str, ...]
    root: str | None = None
    commands: Mapping[str, MetaCommand] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def find_container(self, name: str) -> Container | None:
        """The container of a qualified or local name; None when there is not exactly one."""
        if name in self.containers:
            return self.containers[name]
        found = [container for container in self.containers.values() if container.name == name]
        return found[0] if len(found) == 1 else None

    def find_command(self, name: str) -> MetaCommand | None:
        """The MetaCommand of a qualified or local name; None when there is not exactly one."""
        if name in self.commands:
            return self.commands[name]
        found = [command for command in self.commands.values() if command.name == name]
        return found[0] if len(found) == 1 else None


def load_database(paths: Sequence[Path], *, root: str | None = None) -> Database:
    """Load one mission database from XTCE files; `root` names the root container.

    Raises MissionError with file, line, what is wrong and what to do.
    """
    if not paths:
        raise MissionError("the mission has no XTCE file", fix="name at least one in mission.toml")
    top = Top()
    digest = hashlib.sha256()
    for path in paths:
        content = read_file(path)
        digest.update(len(content).to_bytes(8, "big") + content)
        _collect(parse_document(content, path.name), path.name, top)
    types = TypeReader()
    _read_each(top, "type", types.read)
    leaves = _read_each(top, "parameter", lambda node: read_parameter(node, types))
    parameters = {leaf.qualified_name: leaf for found in leaves.values() for leaf in found}
    containers = {qualified(node): read_container(node, leaves) for node in _defined(top, "container")}
    argument_types = ArgumentTypeReader()
    _read_each(top, "argument type", argument_types.read)
    reader = CommandReader(argument_types, ContainerReader(leaves))
    commands = {qualified(node): reader.read(node) for node in _defined(top, "command")}
    unread = {qualified(node) for node in _defined(top, "parameter")} - set(leaves)
    _check_references(top, parameters, unread)
    check_order(containers, parameters)
    return Database(
        name=next(iter(top.systems)),
        digest=digest.hexdigest(),
        parameters=MappingProxyType(parameters),
        containers=MappingProxyType(containers),
        remarks=tuple(top.remarks),
        root=_root(root, containers, paths[0].name),
        commands=MappingProxyType({name: found for name, found in commands.items() if found is not None}),
        left_out=MappingProxyType(reader.left_out),
    )


def _collect(element: Any, file: str, top: Top) -> None:
    """Enter everything that a file defines into its SpaceSystems."""
    if element.tag != "SpaceSystem":
        raise MissionError(
            f"the file is no XTCE: its first element is {element.tag}",
            where=f"{file}:{element.sourceline}",
            fix="give a file with a SpaceSystem",
        )
    _collect_system(element, file, None, top)


def _collect_system(element: Any, file: str, parent: Scope | None, top: Top) -> None:
    siblings = parent.systems if parent else top.systems
    name = str(element.get("name") or "")
    if not name or "/" in name:
        raise MissionError(
            "the SpaceSystem has no name" if not name else f'the SpaceSystem name "{name}" has a slash',
            where=f"{file}:{element.sourceline}",
            fix='give it a name="…" without slashes',
        )
    scope = siblings.setdefault(name, Scope(name, parent, top))
    node = Node(element, file, scope)
    for child in node.children():
        if child.tag == "SpaceSystem":
            _collect_system(child.element, file, scope, top)
        elif child.tag == "TelemetryMetaData":
            _collect_sets(child, _SETS)
        elif child.tag == "CommandMetaData":
            _collect_sets(child, _COMMAND_SETS)
        elif child.tag not in _SILENT:
            child.remark(f"{child.tag} was read over")


def _collect_sets(data: Node, sets: Mapping[str, tuple[Kind, tuple[str, ...]]]) -> None:
    """Enter what the sets of a TelemetryMetaData or CommandMetaData define."""
    for group in data.children():
        if group.tag not in sets:
            group.remark(f"{group.tag} was read over")
            continue
        kind, tags = sets[group.tag]
        for item in group.children():
            if item.tag in tags:
                item.scope.define(kind, item)
            elif item.tag in {"ParameterRef", "ContainerRef", "MetaCommandRef"}:
                item.remark(f"{item.tag} was read over: references find their target by name")
            elif kind == "parameter" or data.tag == "CommandMetaData":
                item.remark(f"{item.tag} was read over")
            else:
                raise item.unsupported(f"{item.tag} in {group.tag}", f"use one of {', '.join(tags)}")


def _defined(top: Top, kind: Kind) -> list[Node]:
    return [node for scope in every_scope(top) for node in scope.items[kind].values()]


def _read_each(top: Top, kind: Kind, read: Callable[[Node], T]) -> dict[str, T]:
    """Read all definitions of a kind, by qualified name.

    What is not supported of CommandMetaData is remarked: a telecommand that needs it will say so.
    """
    found: dict[str, T] = {}
    for node in _defined(top, kind):
        try:
            found[qualified(node)] = read(node)
        except UnsupportedError as error:
            if not node.within("CommandMetaData"):
                raise
            top.remarks.append(str(error))
    return found


def _check_references(top: Top, parameters: Mapping[str, Parameter], unread: Set[str]) -> None:
    """Every reference to a member or an element must mean one that exists."""
    for name, node in top.references:
        if re.split(r"[.\[]", name)[0] in unread or name in parameters:
            continue
        if not any(known.startswith((f"{name}.", f"{name}[")) for known in parameters):
            raise node.error(
                f'parameterRef "{name}": the parameter has no such member or element',
                "look at the parameter's type",
            )


def _root(root: str | None, containers: Mapping[str, Container], file: str) -> str | None:
    if root is None:
        return None
    found = [name for name, container in containers.items() if root in {name, container.name}]
    if len(found) != 1:
        many = f" ({', '.join(found)})" if found else ""
        raise MissionError(
            f'the root container "{root}" is {"ambiguous" if found else "unknown"}{many}',
            where=file,
            fix=f"name one of {', '.join(found or containers)}",
        )
    return found[0]
