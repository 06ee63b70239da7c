"""Ending tasks for certain.

Before Python 3.12, `asyncio.wait_for` may swallow a cancellation that comes in the moment in which what it
waits for is done (cpython issue 86296); nats-py waits like that for every answer. Whoever cancels once and
waits may wait for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any


async def end_tasks(*tasks: asyncio.Task[Any], patience: float = 1.0) -> None:
    """Cancel tasks and wait until they have ended; cancel those again that have not after `patience` s."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)
