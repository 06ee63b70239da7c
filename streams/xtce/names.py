"""SpaceSystems and name references (XTCE 1.2, NameReferenceType: Unix-like paths).

A name without a leading slash is looked for in the SpaceSystem where it is used, then in the one
around it, and so on to the top. `/A/B/x` starts at the top; `./` and `../` at the SpaceSystem itself.
A parameter's name may end in the member of an aggregate or the index of an array: `position.x`, `a[3]`.
"""

from __future__ import annotations

import re
from typing import Literal

from streams.xtce.element import Node

Kind = Literal["type", "parameter", "container", "argument type", "command", "command container"]

_TAIL = re.compile(r"[.\[]")
_WORDS: dict[Kind, tuple[str, str]] = {
    "type": ("parameter type", "parameterTypeRef"),
    "parameter": ("parameter", "parameterRef"),
    "container": ("container", "containerRef"),
    "argument type": ("argument type", "argumentTypeRef"),
    "command": ("MetaCommand", "metaCommandRef"),
    "command container": ("command container", "containerRef"),
}


class Top:
    """What all SpaceSystems of one database share: the top-level systems and the remarks."""

    def __init__(self) -> None:
        self.systems: dict[str, Scope] = {}
        self.remarks: list[str] = []
        self.references: list[tuple[str, Node]] = []


class Scope:
    """One SpaceSystem: its path, its parent, what it defines by name."""

    def __init__(self, name: str, parent: Scope | None, top: Top) -> None:
        self.name = name
        self.parent = parent
        self.top = top
        self.path: str = f"{parent.path if parent else ''}/{name}"
        self.systems: dict[str, Scope] = {}
        self.items: dict[Kind, dict[str, Node]] = {kind: {} for kind in _WORDS}

    def define(self, kind: Kind, node: Node) -> None:
        """Enter a definition; raises MissionError when the name is taken."""
        name = node.string("name")
        taken = self.items[kind].get(name)
        if taken is not None:
            raise node.error(
                f'the {_WORDS[kind][0]} "{name}" is defined twice in {self.path}, first at {taken.place}',
                "rename or remove one of the two",
            )
        self.items[kind][name] = node

    def lookup(self, kind: Kind, reference: str) -> Node | None:
        """The definition that a reference means, or None."""
        path = [part for part in reference.strip().split("/") if part]
        for start in self._starts(reference.strip()):
            system = _descend(start, path[:-1], self.top)
            if system is not None and path and path[-1] in system.items[kind]:
                return system.items[kind][path[-1]]
        return None

    def find(self, kind: Kind, reference: str, user: Node) -> Node:
        """The definition that a reference means; raises MissionError when there is none."""
        found = self.lookup(kind, reference)
        if found is not None:
            return found
        raise user.error(
            f'{_WORDS[kind][1]} "{reference}": '
            f"there is no such {_WORDS[kind][0]}{self._hint(kind, reference)}",
            f"define it in {self.path} or above, or give its path",
        )

    def _starts(self, reference: str) -> list[Scope | None]:
        """The systems from which a path may start, nearest first; None is the very top."""
        if reference.startswith("/"):
            return [None]
        if reference.startswith("."):
            return [self]
        starts: list[Scope | None] = []
        scope: Scope | None = self
        while scope is not None:
            starts.append(scope)
            scope = scope.parent
        return [*starts, None]

    def _hint(self, kind: Kind, reference: str) -> str:
        """Where a definition of the same local name does exist."""
        name = reference.rsplit("/", 1)[-1]
        found = sorted(
            qualified(node)
            for scope in every_scope(self.top)
            for key, node in scope.items[kind].items()
            if key == name
        )
        return f" (did you mean {found[0]}?)" if found else ""


def _descend(start: Scope | None, path: list[str], top: Top) -> Scope | None:
    """The system at a path below a start, or None."""
    scope = start
    for part in path:
        if part == ".":
            continue
        if part == "..":
            scope = scope.parent if scope else None
        else:
            scope = (scope.systems if scope else top.systems).get(part)
        if scope is None:
            return None
    return scope


def every_scope(top: Top) -> list[Scope]:
    """All SpaceSystems, parents before children, in document order."""
    found = list(top.systems.values())
    for scope in found:
        found.extend(scope.systems.values())
    return found


def qualified(node: Node) -> str:
    """The qualified name of a definition: `/SYSTEM/NAME`."""
    return f"{node.scope.path}/{node.string('name')}"


def parameter_name(reference: str, user: Node) -> str:
    """The qualified name of a parameter, member or element that a reference means.

    Raises MissionError for an unknown parameter; whether a member exists is checked when all types are read.
    """
    whole = user.scope.lookup("parameter", reference)
    if whole is not None:
        return qualified(whole)
    path, slash, local = reference.strip().rpartition("/")
    match = _TAIL.search(local)
    tail = local[match.start() :] if match else ""
    name = (
        qualified(user.scope.find("parameter", path + slash + local[: len(local) - len(tail)], user)) + tail
    )
    user.scope.top.references.append((name, user))
    return name
