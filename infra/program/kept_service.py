"""One service inside a program, started again when it fails.

A service looks after its own troubles: a link that breaks, a server that is away. Should it end nevertheless,
that is reported with its reason, and it is started again after a pause that grows from half a second to half
a minute. What another start can not mend, a wrong configuration or mission, ends the program, and so does a
service that fails before it was ready for the first time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from infra.errors import ConfigError, FlightLedgerError, MissionError, ServerError
from infra.service import Service, start_service
from infra.tasks import end_tasks

READY_WITHIN_S = 60.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0

_STOP_WITHIN_S = 45.0  # what is cancelled may finish what it has begun
_STEADY_S = 60.0  # a service that ran this long has earned a fresh start of its pauses

log = logging.getLogger(__name__)

Runner = Callable[[Service], Awaitable[None]]


class KeptService:
    """Keeps one service going; `task` ends when it is cancelled, or with what another start can not mend."""

    def __init__(self, name: str, runner: Runner, args: Sequence[str]) -> None:
        self._name, self._runner, self._args = name, runner, args
        self._was_ready = False
        self.restarts = 0
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises what it failed with."""
        service = await start_service(args=self._args, environ={})
        task = self.task = asyncio.create_task(self._keep(service), name=self._name)
        ready = asyncio.create_task(service.ready.wait())
        await asyncio.wait({task, ready}, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        self._was_ready = ready.done()
        ready.cancel()
        if task.done():
            await task
        if not self._was_ready:
            raise ServerError(f"the service {self._name} does not get ready", fix="see the lines above")

    async def stop(self) -> None:
        """Stop it and wait until it has ended; what it ends with was reported or raised before."""
        if self.task is not None:
            await end_tasks(self.task, patience=_STOP_WITHIN_S)

    async def _keep(self, service: Service | None) -> None:
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_S
        while True:
            began = loop.time()
            try:
                service = service or await start_service(args=self._args, environ={})
                await _run(service, self._runner)
                reason: Exception = ServerError("it ended by itself")
            except Exception as error:
                if not self._was_ready or isinstance(error, ConfigError | MissionError):
                    raise
                reason = error
            if loop.time() - began > _STEADY_S:
                pause = FIRST_PAUSE_S
            self._report(reason, pause)
            await asyncio.sleep(pause)
            service, pause = None, min(LONGEST_PAUSE_S, 2 * pause)
            self.restarts += 1

    def _report(self, reason: Exception, pause: float) -> None:
        foreseen = isinstance(reason, FlightLedgerError | OSError)
        log.error(
            "the service %s failed: %s; started again in %.1f s",
            self._name,
            reason if foreseen else repr(reason),
            pause,
            exc_info=None if foreseen else reason,
        )


async def _run(service: Service, runner: Runner) -> None:
    """Run a service to its end; of a group of errors the one that says what to do is raised."""
    try:
        await runner(service)
    except ExceptionGroup as group:
        for error in group.exceptions:
            if isinstance(error, FlightLedgerError):
                raise error from group
        raise
    finally:
        await service.close()
