"""Waiting between attempts to connect: longer each time, and not in step with others."""

from __future__ import annotations

import asyncio
import random
import time

FIRST = 0.1
"""Seconds of the first wait."""

LONGEST = 10.0
"""Seconds of the longest wait."""

STEADY = 5.0
"""Seconds after which a connection counts as good even if it brought nothing."""


class Backoff:
    """Doubles the wait from FIRST to LONGEST, less up to half at random; a good connection resets it.

    Also remembers why the last attempt failed, so that the same reason is told once.
    """

    def __init__(self) -> None:
        self._wait = FIRST
        self._told = ""

    def is_news(self, why: str) -> bool:
        """True when the last failure had another reason, or success came between."""
        is_news, self._told = why != self._told, why
        return is_news

    def settle(self, since: float, brought_bytes: bool) -> None:
        """Note a connection that was up since `since` (time.monotonic()): it may have been a good one."""
        self._told = ""
        if brought_bytes or time.monotonic() - since >= STEADY:
            self._wait = FIRST

    def next_wait(self) -> float:
        """Return the seconds to wait now, and lengthen the next wait."""
        wait, self._wait = self._wait, min(2 * self._wait, LONGEST)
        return wait * random.uniform(0.5, 1.0)

    async def sleep(self) -> None:
        """Wait before the next attempt."""
        await asyncio.sleep(self.next_wait())
