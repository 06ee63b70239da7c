"""The running system of a data folder: join it, or start servers and services for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.connection import connect_nats
from infra.embedded import EmbeddedServers, connect_or_start
from infra.errors import FlightLedgerError, ServerError
from infra.program.runners import RUNNERS
from infra.service import Service, start_service
from streams.event_log import ensure_streams

_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0

log = logging.getLogger(__name__)


@dataclass
class System:
    """A connection to the system of a data folder; `owned` says that this program runs it."""

    nc: Client
    servers: EmbeddedServers
    owned: bool
    services: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def start(self, name: str, mission: Path | None = None, *, log_level: str = "WARNING") -> None:
        """Start one service inside this program and wait until it answers. Raises what it failed with."""
        args = [
            f"--NATS_URL={self.servers.nats_url}",
            f"--SERVICE_NAME={name}",
            f"--DATA_DIR={self.servers.data_dir}",
            f"--CLICKHOUSE_URL={self.servers.clickhouse_url}",
            f"--LOG_LEVEL={log_level}",
            *([f"--MISSION={mission}"] if mission else []),
        ]
        service = await start_service(args=args, environ={})
        task = self.services[name] = asyncio.create_task(_run(service, name))
        ready = asyncio.create_task(service.ready.wait())
        await asyncio.wait({task, ready}, timeout=_READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        if not ready.done():
            ready.cancel()
            raise ServerError(f"the service {name} does not get ready", fix="see the lines above")

    async def failed(self) -> None:
        """Wait until one of the services ends, and raise what it ended with."""
        if self.services:
            done, _ = await asyncio.wait(self.services.values(), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def stop(self) -> None:
        """Stop this program's services, the last started first."""
        for task in reversed(self.services.values()):
            while (
                not task.done()
            ):  # asyncio.wait_for of Python 3.11, which nats-py uses, may swallow a cancel
                task.cancel()
                await asyncio.wait([task], timeout=_STOP_WITHIN_S)


async def _run(service: Service, name: str) -> None:
    try:
        await RUNNERS[name](service)
    except ExceptionGroup as group:
        for error in group.exceptions:
            if isinstance(error, FlightLedgerError):
                raise error from group
        raise
    finally:
        await service.close()


@asynccontextmanager
async def open_system(
    data: Path,
    *,
    services: Sequence[str] = (),
    mission: Path | None = None,
    log_level: str = "WARNING",
    servers: dict[str, int] | None = None,
) -> AsyncIterator[System]:
    """Join the system on a data folder, or start servers and `services` for as long as the block lasts."""
    async with connect_or_start(data, **(servers or {})) as running:  # type: ignore[arg-type]
        nc = await connect_nats(running.nats_url, name="flightledger")
        system = System(nc, running, running.owned)
        try:
            await ensure_streams(nc.jetstream())
            if running.owned:
                for name in RUNNERS:
                    if name in services:
                        await system.start(name, mission, log_level=log_level)
            yield system
        finally:
            await system.stop()
            await nc.close()


async def status(nc: Client, subject: str) -> dict[str, object]:
    """Ask a service for its status; ServerError when it does not answer."""
    try:
        answer = await nc.request(subject, b"{}", timeout=10.0)
    except (NatsError, TimeoutError) as error:
        raise ServerError("the service does not answer", where=subject, fix="is it started?") from error
    found: dict[str, object] = orjson.loads(answer.data)
    return found
