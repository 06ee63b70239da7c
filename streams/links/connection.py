"""The life of one connection, the same for every transport: up, all its chunks, down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from streams.links.inbox import Inbox
from streams.links.link import LinkEvents

T = TypeVar("T")

STOPPED = "the link was stopped"
"""Why a connection ends when `Link.run` is cancelled."""


class Source(Protocol):
    """What a connection is read from; it fills its inbox, and closes it when it ends."""

    @property
    def inbox(self) -> Inbox:
        """What was read."""
        ...

    def close(self, why: str) -> None:
        """Stop reading and writing, close the inbox; nothing when that was done."""
        ...


async def serve(source: Source, connection: int, peer: str, events: LinkEvents) -> None:
    """Tell `up`, hand over all that a connection brings until it ends, tell `down`.

    When cancelled, it stops reading and hands over what was read before it ends. What `events.chunk` raises,
    it raises. Then, or when cancelled twice, bytes that were read are lost, and `down` says how many.
    """
    events.up(connection, peer)
    try:
        await to_the_end(source.inbox.deliver(connection, events), lambda: source.close(STOPPED))
    except Exception as error:
        source.close(f"its bytes could not be handed over: {error}")
        raise
    finally:
        source.close(STOPPED)
        lost = source.inbox.waiting
        why = source.inbox.why
        events.down(connection, f"{why}; up to {lost} bytes that were read are lost" if lost else why)


async def to_the_end(work: Coroutine[Any, Any, T], on_cancel: Callable[[], None] = lambda: None) -> T:
    """Await `work`; a first cancellation calls `on_cancel` and comes through when the work is done.

    A second cancellation cancels the work.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        on_cancel()
        await task
        raise
