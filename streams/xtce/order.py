"""Checks over all containers: no circles, and nothing needs a parameter that comes later in the packet.

A condition of an entry, a size or a count is worked out while the packet is read, so the parameter it
refers to must stand before it. A restriction refers to the entries of the base container.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from infra.errors import MissionError
from streams.xtce.conditions import Combination, Condition, Reference
from streams.xtce.containers import Container, Entry
from streams.xtce.encodings import BinaryEncoding, StringEncoding
from streams.xtce.parameters import Parameter
from streams.xtce.sizes import DynamicSize, LookupSize, Size

MAX_DEPTH = 100
"""How deep containers may extend and contain each other."""

MAX_FIELDS = 100_000
"""How many parameters one packet may have."""


def check_order(containers: Mapping[str, Container], parameters: Mapping[str, Parameter]) -> None:
    """Raise MissionError for circles among containers and for references to what comes later."""
    heights: dict[str, int] = {}
    for name in containers:
        _check_circle(name, containers, [], heights)
    contained = {entry.container for container in containers.values() for entry in container.entries}
    for name, container in containers.items():
        if name not in contained:  # what is contained in others is checked where it is contained
            _Walk(containers, parameters).chain(container)


def references(condition: Condition) -> Iterator[Reference]:
    """Every parameter that a condition refers to."""
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from references(part)
    else:
        yield condition.left
        if isinstance(condition.right, Reference):
            yield condition.right


def size_references(size: Size | None) -> Iterator[Reference]:
    """Every parameter that a size or count refers to."""
    if isinstance(size, DynamicSize):
        yield size.reference
    elif isinstance(size, LookupSize):
        for condition, _ in size.choices:
            yield from references(condition)


def not_earlier(reference: Reference, user: str) -> MissionError:
    """The error about a reference to a parameter that does not stand before its user."""
    return MissionError(
        f"{user} refers to {reference.parameter}, which does not come earlier in the packet",
        where=reference.place,
        fix="refer to a parameter that stands before it",
    )


def _check_circle(
    name: str, containers: Mapping[str, Container], path: list[str], heights: dict[str, int]
) -> int:
    """How many containers stand below each other from one on; raises for circles and long paths."""
    if name in path:
        raise _circle([*path[path.index(name) :], name], containers)
    if name not in heights:
        below = [0]
        if len(path) < MAX_DEPTH:
            path.append(name)
            below += [_check_circle(needed, containers, path, heights) for needed in _needs(containers[name])]
            path.pop()
        heights[name] = 1 + max(below)
    if len(path) + heights[name] > MAX_DEPTH:
        raise MissionError(
            f"containers are nested more than {MAX_DEPTH} deep",
            where=containers[name].place,
            fix="nest them less",
        )
    return heights[name]


def _needs(container: Container) -> list[str]:
    contained = [entry.container for entry in container.entries if entry.container]
    return list(dict.fromkeys([*contained, *([container.base] if container.base else [])]))


def _circle(path: list[str], containers: Mapping[str, Container]) -> MissionError:
    inherited = all(containers[name].base == following for name, following in itertools.pairwise(path))
    what = "circular inheritance" if inherited else "containers that contain each other"
    return MissionError(
        f"{what}: {' -> '.join(path)}", where=containers[path[0]].place, fix="break the circle"
    )


class _Walk:
    """One walk through a packet as its containers describe it, with the parameters seen so far."""

    def __init__(self, containers: Mapping[str, Container], parameters: Mapping[str, Parameter]) -> None:
        self.containers = containers
        self.parameters = parameters
        self.seen: set[str] = set()
        self.count = 0

    def chain(self, container: Container) -> None:
        """A container after its bases."""
        if container.base:
            self.chain(self.containers[container.base])
        if container.restriction:
            self._earlier(references(container.restriction), f"the restriction of {container.qualified_name}")
        for entry in container.entries:
            self._entry(entry, container)

    def _entry(self, entry: Entry, container: Container) -> None:
        self.count += 1 + len(entry.parameters)
        if self.count > MAX_FIELDS:
            raise MissionError(
                f"a packet with more than {MAX_FIELDS} entries",
                where=container.place,
                fix="make the container smaller",
            )
        if entry.condition:
            self._earlier(references(entry.condition), f"an IncludeCondition in {container.qualified_name}")
        if entry.repeat:
            self._earlier(size_references(entry.repeat.count), f"a count in {container.qualified_name}")
        for name in entry.parameters:
            encoding = self.parameters[name].type.encoding
            if isinstance(encoding, StringEncoding | BinaryEncoding):
                self._earlier(size_references(encoding.size), f"the size of {name}")
            self.seen.add(name)
        if entry.container:
            self.chain(self.containers[entry.container])

    def _earlier(self, needed: Iterator[Reference], user: str) -> None:
        for reference in needed:
            if reference.parameter not in self.seen:
                raise not_earlier(reference, user)
