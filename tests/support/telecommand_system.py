"""A nats-server for each test, for the streams have fixed names, and the services that a test asks for."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from nats.aio.client import Client
from support.waiting import wait_until_async

from commands.answer_schemas import ANSWERS, DONE
from commands.log import read_telecommand
from commands.requests import REQUESTS
from commands.schemas import checker
from commands.telecommand import Telecommand
from infra.connection import connect_nats
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess
from infra.program.runners import RUNNERS
from infra.service import start_service
from streams.event_log import ensure_streams

Json = dict[str, Any]


@dataclass
class Bus:
    """A running system: its connection, and what a person does with it."""

    nc: Client
    url: str
    data: Path
    mission: Path
    services: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def start(self, name: str, key: str = "") -> None:
        """Start a service; `key` tells several of one kind apart."""
        args = [f"--NATS_URL={self.url}", f"--SERVICE_NAME={name}", f"--DATA_DIR={self.data}"]
        service = await start_service(args=[*args, f"--MISSION={self.mission}"], environ={})

        async def run() -> None:
            try:
                await RUNNERS[name](service)
            finally:
                await service.close()

        task = self.services[key or name] = asyncio.create_task(run())
        await wait_until_async(lambda: service.ready.is_set() or task.done())
        if task.done():
            await task

    async def stop(self, key: str) -> None:
        task = self.services.pop(key)
        task.cancel()
        await asyncio.wait([task])

    async def ask(self, action: str, user: str = "anna", raw: bytes | None = None, **fields: Any) -> Any:
        data = json.dumps(fields).encode() if raw is None else raw
        answer = await self.nc.request(f"telecommand.{user}.{action}", data, timeout=20)
        if "Nats-Service-Error" in (answer.headers or {}):
            return {"error": answer.headers["Nats-Service-Error"]}
        found = json.loads(answer.data)
        assert not checker(DONE if action in REQUESTS else ANSWERS[action])(found), found
        return found

    async def submit(self, name: str = "NOOP", number: int = 0, user: str = "anna", **fields: Any) -> str:
        """Submit a telecommand that must be taken; return its id."""
        answer = await self.ask("submit", user, name=name, arguments={"NUMBER": number}, **fields)
        assert answer["done"], answer
        return str(answer["id"])

    async def life(self, identity: str) -> Telecommand:
        return await read_telecommand(self.nc, identity)

    async def until(self, identity: str, *states: str) -> Telecommand:
        """Wait until a telecommand is in one of some states."""
        seen = Telecommand(identity)

        async def there() -> bool:
            nonlocal seen
            seen = await self.life(identity)
            return seen.state in states

        try:
            await wait_until_async(there)
        except AssertionError:
            steps = [(step.name, step.text("why")) for step in seen.steps]
            raise AssertionError(f"{identity} is {seen.state}, not {states}: {steps}") from None
        return seen


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[str]:
    """The URL of a nats-server that only this test uses."""
    folder = DataFolder(tmp_path / "nats")
    server = NatsServer(folder, sync_interval=None)
    process = ServerProcess(server, folder, Event())
    process.start()
    try:
        yield f"nats://127.0.0.1:{server.port}"
    finally:
        process.stop()


@pytest.fixture
def system(own_nats: str, tmp_path: Path) -> Callable[..., Any]:
    """`async with system(mission, "io", "telecommand") as bus`: services until the block ends."""

    @asynccontextmanager
    async def running(mission: Path, *names: str) -> AsyncIterator[Bus]:
        nc = await connect_nats(own_nats, name=f"test-{secrets.token_hex(2)}")
        bus = Bus(nc, own_nats, tmp_path / "data", mission)
        try:
            await ensure_streams(nc.jetstream())
            for name in names:
                await bus.start(name)
            yield bus
        finally:
            for key in reversed(list(bus.services)):
                await bus.stop(key)
            await nc.close()

    return running
