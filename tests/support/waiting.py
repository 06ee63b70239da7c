"""Waiting for a condition with a deadline, and running a coroutine in a test."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

DEADLINE = 40.0
POLL = 0.02


def wait_until(condition: Callable[[], Result], deadline: float = DEADLINE, what: str = "") -> Result:
    """Ask until `condition()` is true; return what it returned. Fails the test after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what or condition}")
        time.sleep(POLL)
    return result


async def wait_until_async(
    condition: Callable[[], Result | Awaitable[Result]], deadline: float = DEADLINE, what: str = ""
) -> Result:
    """The same for a coroutine function or a plain one, without blocking the event loop."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return result  # type: ignore[return-value]
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what or condition}")
        await asyncio.sleep(POLL)


def run_async(
    function: Callable[..., Coroutine[Any, Any, Result]], *arguments: Any, deadline: float = 60.0
) -> Result:
    """Run a coroutine function on a new event loop; it fails after `deadline` seconds."""

    async def bounded() -> Result:
        return await asyncio.wait_for(function(*arguments), deadline)

    return asyncio.run(bounded())
