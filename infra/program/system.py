"""The system that a command talks to: join it, or start servers and services for as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.access import AccessFolder
from infra.connection import without_password
from infra.embedded import EmbeddedServers, connect_or_start
from infra.errors import ServerError
from infra.program.access_events import note_users_at_start
from infra.program.bus import ensure_bus
from infra.program.connecting import connected
from infra.program.kept_service import KeptService
from infra.program.service_names import SERVICE_NAMES, runner_of
from infra.program.target import Target, asker


@dataclass
class System:
    """A connection to a system; `owned` says that this program runs it."""

    nc: Client
    url: str
    running: EmbeddedServers | None = None
    services: dict[str, KeptService] = field(default_factory=dict)

    @property
    def owned(self) -> bool:
        """Whether this program runs the servers and services."""
        return self.running is not None and self.running.owned

    @property
    def servers(self) -> EmbeddedServers:
        """The servers of the data folder; raises ServerError where only an address is known."""
        if self.running is None:
            raise ServerError(
                "this needs the data folder, not only the address of its NATS server",
                fix="run it where the data folder is, without --nats-url",
            )
        return self.running

    @property
    def place(self) -> str:
        """Where the system is: its data folder or its address."""
        return str(self.running.data_dir) if self.running else self.url

    @property
    def user(self) -> str:
        """The name under which this program asks."""
        return asker(self.nc)

    def settings(self, account: str = "local") -> dict[str, str]:
        """Return how a service of this name, or a process of this program, reaches the servers."""
        user, password = AccessFolder(self.servers.data_dir).credentials(account) or ("", "")
        return {
            "NATS_URL": self.servers.nats_url,
            "NATS_USER": user,
            "NATS_PASSWORD": password,
            "CLICKHOUSE_URL": self.servers.clickhouse_url,
            "DATA_DIR": str(self.servers.data_dir),
        }

    async def start(self, name: str, mission: Path | None = None, *, log_level: str = "WARNING") -> None:
        """Start one service inside this program and wait until it answers. Raises what it failed with."""
        settings = self.settings(name) | {"SERVICE_NAME": name, "LOG_LEVEL": log_level}
        if mission is not None:
            settings["MISSION"] = str(mission)
        kept = KeptService(name, runner_of(name), [f"--{key}={value}" for key, value in settings.items()])
        self.services[name] = kept
        await kept.start()

    async def failed(self) -> None:
        """Wait until a service ends for good, and raise what it ended with; for ever where there is none."""
        tasks = [kept.task for kept in self.services.values() if kept.task is not None]
        if not tasks:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop this program's services, the last started first."""
        for kept in reversed(self.services.values()):
            await kept.stop()


@asynccontextmanager
async def open_system(
    target: Target | Path,
    *,
    services: Sequence[str] = (),
    mission: Path | None = None,
    log_level: str = "WARNING",
    servers: Mapping[str, int] | None = None,
) -> AsyncIterator[System]:
    """Connect to a system: the one at an address, or the one on a data folder, which is started if none runs.

    A started one has `services` and runs for as long as the block lasts. Raises AccessError out of the block
    as soon as the server refuses something that it does; ServerError when no server answers.
    """
    target = target if isinstance(target, Target) else Target(target)
    async with AsyncExitStack() as stack:
        if target.nats_url:
            nc = await stack.enter_async_context(
                connected(target.nats_url, (target.user, target.password) if target.password else None)
            )
            yield System(nc, without_password(target.nats_url))
            return
        started = connect_or_start(target.data, **(servers or {}))  # type: ignore[arg-type]
        running = await stack.enter_async_context(started)
        own = AccessFolder(running.data_dir).credentials()
        if running.owned:
            async with connected(running.nats_url, own) as nc:
                await ensure_bus(nc.jetstream())
                await note_users_at_start(nc, running.data_dir)
        person = (target.user, target.password) if target.password else own
        nc = await stack.enter_async_context(connected(running.nats_url, person))
        system = System(nc, running.nats_url, running)
        stack.push_async_callback(system.stop)
        if running.owned:
            for name in SERVICE_NAMES:
                if name in services:
                    await system.start(name, mission, log_level=log_level)
        yield system


async def status(nc: Client, subject: str) -> dict[str, object]:
    """Ask a service for its status; ServerError when it does not answer."""
    try:
        answer = await nc.request(subject, b"{}", timeout=10.0)
    except (NatsError, TimeoutError) as error:
        raise ServerError("the service does not answer", where=subject, fix="is it started?") from error
    found: dict[str, object] = orjson.loads(answer.data)
    return found
