"""A nats-server with users and service accounts, as an embedded one has it, and connections to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.access import AccessFolder, Role
from infra.access.grants import inbox
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess

PASSWORD = "correct horse"
PEOPLE = {"vera": Role.VIEWER, "oscar": Role.OPERATOR, "anna": Role.APPROVER, "adam": Role.ADMIN}


@dataclass
class Connection:
    """A connection and what the server has refused it; `closed` once it was thrown out."""

    nc: Client
    refused: list[str] = field(default_factory=list)

    async def may_publish(self, subject: str, data: bytes = b"", reply: str = "") -> bool:
        """Publish, and say whether the server let it pass."""
        return await self._passed(self.nc.publish(subject, data, reply=reply))

    async def may_subscribe(self, subject: str) -> bool:
        """Subscribe for a moment, and say whether the server let it pass."""
        before = len(self.refused)
        subscription = await self.nc.subscribe(subject)
        await self.nc.flush()
        await self.nc.flush()
        refused = len(self.refused) > before
        if not refused:
            await subscription.unsubscribe()
        return not refused

    async def _passed(self, action: object) -> bool:
        before = len(self.refused)
        await action  # type: ignore[misc]
        await self.nc.flush()  # a refusal comes before the answer to a flush
        await self.nc.flush()
        return len(self.refused) == before


class GuardedServer:
    """A running server on a data folder with access control."""

    def __init__(self, folder: Path) -> None:
        self.folder = DataFolder(folder)
        self.access = AccessFolder(self.folder.path)
        self.server = NatsServer(self.folder, sync_interval=None, access=self.access.server_config)
        self.process = ServerProcess(self.server, self.folder, Event())

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.server.port}"

    @asynccontextmanager
    async def signed_in(self, user: str = "", password: str = "") -> AsyncIterator[Connection]:
        """Connect as a user, or as nobody; raises what nats-py raises when the server does not let us in."""
        refused: list[str] = []

        async def on_error(error: Exception) -> None:
            if "permissions violation" in str(error).lower():
                refused.append(str(error))

        options = {"user": user, "password": password, "inbox_prefix": inbox(user).encode()} if user else {}
        nc = await nats.connect(self.url, error_cb=on_error, allow_reconnect=False, **options)
        try:
            yield Connection(nc, refused)
        finally:
            with contextlib.suppress(NatsError):
                await nc.close()

    def person(self, name: str) -> contextlib.AbstractAsyncContextManager[Connection]:
        """Connect as one of PEOPLE."""
        return self.signed_in(name, PASSWORD)

    def account(self, name: str = "local") -> contextlib.AbstractAsyncContextManager[Connection]:
        """Connect with the account of a service."""
        credentials = self.access.credentials(name)
        assert credentials is not None
        return self.signed_in(*credentials)


@contextmanager
def guarded_server(folder: Path, people: dict[str, Role] = PEOPLE) -> Iterator[GuardedServer]:
    """Run a server that knows these people."""
    guarded = GuardedServer(folder)
    for name, role in people.items():
        guarded.access.users.add(name, role, PASSWORD, "2026-11-24T00:00:00+00:00")
    guarded.process.start()
    try:
        yield guarded
    finally:
        guarded.process.stop()
