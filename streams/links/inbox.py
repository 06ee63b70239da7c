"""What was read from a connection and is not handed over yet: bounded, in order, with times."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from streams.links.link import LinkEvents

EACH = 64
"""Bytes that a chunk counts besides its own, so that many small ones fill an inbox too."""


class Inbox:
    """Bytes on their way from a connection to its events.

    The reader puts, and stops when the inbox is full (`limit` bytes); `deliver` hands over and calls
    `resume_reading` while there is room (half of it) again.
    """

    def __init__(self, limit: int, resume_reading: Callable[[], None]) -> None:
        self._limit = limit
        self._resume_reading = resume_reading
        self._chunks: deque[tuple[bytes, int]] = deque()
        self._size = 0  # bytes that wait, and EACH for every chunk
        self._begun = 0  # chunks that are being handed over: 0 or 1
        self._changed = asyncio.Event()
        self._closed: str | None = None
        self.brought_bytes = False

    def __len__(self) -> int:
        return len(self._chunks)

    @property
    def waiting(self) -> int:
        """Bytes that were read and not handed over, those that are being handed over included."""
        return self._size - EACH * (len(self._chunks) + self._begun)

    @property
    def is_full(self) -> bool:
        """True when the reader should stop."""
        return self._size >= self._limit

    @property
    def is_closed(self) -> bool:
        """True when nothing more comes."""
        return self._closed is not None

    @property
    def why(self) -> str:
        """Why the connection ended; empty while it lasts."""
        return self._closed or ""

    def put(self, data: bytes, received: int) -> None:
        """Add a chunk that arrived at `received` (ns)."""
        self._chunks.append((data, received))
        self._size += len(data) + EACH
        self.brought_bytes = True
        self._changed.set()

    def close(self, why: str) -> None:
        """Let `deliver` end when it has handed over all; the first reason stays."""
        if self._closed is None:
            self._closed = why
        self._changed.set()

    async def deliver(self, connection: int, events: LinkEvents) -> None:
        """Hand over all chunks in order, until the inbox is closed and empty."""
        while True:
            while self._chunks:
                data, received = self._chunks.popleft()
                self._begun = 1
                await events.chunk(connection, data, received)
                self._begun = 0
                self._size -= len(data) + EACH
                if 2 * self._size <= self._limit and not self.is_closed:
                    self._resume_reading()
            if self.is_closed:
                return
            self._changed.clear()
            await self._changed.wait()
