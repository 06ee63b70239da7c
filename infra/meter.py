"""How much of something there was, and how much a second of late; for the figures of a service."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 10.0
"""Seconds that a rate looks back."""

_STEPS = 20
_STEP_S = WINDOW_S / _STEPS


class Meter:
    """Counts; `add` may be called from any one thread, as often as one likes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._steps: deque[tuple[int, int]] = deque(maxlen=_STEPS)  # number of the step, how many came in it
        self.total = 0

    def add(self, count: int) -> None:
        """Count some more."""
        step, held = int(self._clock() / _STEP_S), 0
        if self._steps and self._steps[-1][0] == step:
            _, held = self._steps.pop()
        self._steps.append((step, held + count))
        self.total += count

    def rate(self) -> float:
        """Return how many a second there were in about the last `WINDOW_S` seconds."""
        now = self._clock()
        first = int(now / _STEP_S) - _STEPS
        counted = sum(count for step, count in list(self._steps) if step > first)
        return round(counted / max(_STEP_S, min(WINDOW_S, now - self._began)), 1)
