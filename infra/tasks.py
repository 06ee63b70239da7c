"""Ending tasks for certain.

Before Python 3.12, `asyncio.wait_for` may swallow a cancellation that comes in the moment in which what it
waits for is done (cpython issue 86296); nats-py waits like that for every answer. Whoever cancels once and
waits, as `asyncio.TaskGroup` does, may wait for ever. Own waits use `asyncio.timeout`, which does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def end_tasks(*tasks: asyncio.Task[Any], patience: float = 1.0) -> None:
    """Cancel tasks and wait until they have ended; cancel those again that have not after `patience` s."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)


async def run_together(*coroutines: Coroutine[Any, Any, None], patience: float = 1.0) -> None:
    """Run coroutines side by side until all have returned or one raises, which this raises then.

    The others are ended, as all are when this is cancelled, for certain: see `end_tasks`.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await end_tasks(*tasks, patience=patience)
    for task in done:
        task.result()
