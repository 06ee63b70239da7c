"""Long work of a service: begun by a request that is answered at once, then told on `progress.<job>`.

The request may choose the job's name, so that its sender can listen beforehand. The last message there says
`finished` with the result, or `failed` with the error; `state`, `done` and `total` are in those before it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from nats.aio.client import Client

from infra.errors import FlightLedgerError, QueryError
from infra.tasks import end_tasks

NAME: dict[str, Any] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{1,64}$",
    "description": "name for its progress messages",
}
"""JSON schema of the field `job` of a request."""

_TELL_S = 0.2

log = logging.getLogger(__name__)

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""
Job = Callable[[Progress], Awaitable[Json]]


class Jobs:
    """The jobs of one service, done one at a time in the order of their requests."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    def begin(self, job: Job, name: str | None = None) -> str:
        """Begin a job, or let it wait for those before it; return its name."""
        name = name or secrets.token_hex(6)
        task = asyncio.create_task(self._run(name, job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return name

    async def stop(self) -> None:
        """Stop the jobs under way."""
        await end_tasks(*self._tasks)

    async def _run(self, name: str, job: Job) -> None:
        """Run a job and tell how far it is; whatever it raises is told as well."""
        state: Json = {"state": "waiting", "done": 0, "total": 0}
        teller = asyncio.create_task(self._tell(name, state))

        def progress(done: int, total: int) -> None:
            state.update(state="running", done=done, total=total)

        try:
            async with self._one_at_a_time:
                end = {"state": "finished", "result": await job(progress)}
        except FlightLedgerError as error:
            end = {"state": "failed", "error": str(error)}
        except Exception as error:
            log.exception("the job %s failed", name)
            end = {"state": "failed", "error": f"internal error: {error!r}"}
        finally:
            teller.cancel()
        await self._publish(name, end)

    async def _tell(self, name: str, state: Json) -> None:
        while True:
            await asyncio.sleep(_TELL_S)
            await self._publish(name, state)

    async def _publish(self, name: str, message: Json) -> None:
        await self._nc.publish(f"progress.{name}", orjson.dumps(message))


def check_name(name: Any, where: str) -> None:
    """Raise QueryError for a name that a job can not have; None is for a name to be made."""
    if name is not None and not (isinstance(name, str) and re.fullmatch(NAME["pattern"], name)):
        raise QueryError(f"job = {name!r}", where=where, fix="letters, digits, - and _")
