"""Held queues: a fold over OPERATIONS, so that a hold outlives every service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.operations import Operation

HELD, RESUMED = "queue-held", "queue-resumed"


def fold_holds(before: Mapping[str, Operation], operations: Iterable[Operation]) -> dict[str, Operation]:
    """Return for each link the newest event that held its queue or let it go on."""
    found = dict(before)
    for operation in operations:
        link = operation.fields.get("link")
        if operation.kind in (HELD, RESUMED) and isinstance(link, str):
            found[link] = operation
    return found


def held(queues: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return the links whose queue is held, with the event that says so."""
    return {link: newest for link, newest in queues.items() if newest.kind == HELD}
