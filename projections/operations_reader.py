"""OPERATIONS as rows of an answer: sessions, links, generations, promotions, replays, by kind and time."""

from __future__ import annotations

import asyncio
from typing import Any

from nats.aio.client import Client

from projections.queries.answer import Row, iso_time
from projections.queries.scope import parse_time
from streams.operations import Operation, read_operations

_LEFT_OUT = frozenset({"bundle"})
"""Fields that hold a whole mission database."""


class OperationsReader:
    """Answers `query.operations`; keeps what it has read, since events never change (law 1)."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._events: list[Operation] = []
        self._one_at_a_time = asyncio.Lock()

    async def rows(self, question: dict[str, Any]) -> list[Row]:
        """Return the newest events that fit, at most `limit`, in their order."""
        async with self._one_at_a_time:
            start = self._events[-1].offset + 1 if self._events else 1
            self._events += await read_operations(self._nc, start)
        return select_operations(self._events, question)


def select_operations(events: list[Operation], question: dict[str, Any]) -> list[Row]:
    """Return events of `kinds`, recorded `from`, `to` and by `as_of`; of more than `limit` the newest."""
    kinds = set(question.get("kinds", ()))
    start, end, as_of = (parse_time(question.get(key), key) for key in ("from", "to", "as_of"))
    ends = [time for time in (end, as_of) if time is not None]
    found = [
        event
        for event in events
        if (not kinds or event.kind in kinds)
        and (start is None or event.recorded >= start)
        and all(event.recorded <= time for time in ends)
    ]
    limit = question.get("limit")
    return [_row(event) for event in (found if limit is None else found[max(0, len(found) - limit) :])]


def _row(event: Operation) -> Row:
    return {
        "offset": event.offset,
        "recorded": iso_time(event.recorded),
        "kind": event.kind,
        "fields": {key: value for key, value in event.fields.items() if key not in _LEFT_OUT},
    }
