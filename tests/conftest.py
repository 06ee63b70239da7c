"""Real servers for all tests: one nats-server and one ClickHouse per worker process, started on first use.

The servers are shared by the tests of a worker: give streams, subjects and databases names of your own
(`unique_name`), or delete them at the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import nats
import pytest
from hypothesis import HealthCheck, settings
from nats.aio.client import Client

from infra.embedded.clickhouse_process import ClickHouseServer
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess

# Hypothesis would fail a test that takes 200 ms for an example: a loaded machine does that.
settings.register_profile("no timing", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no timing")

_WHOLE_SYSTEMS = ("web", "acceptance", "faults", "infra", "projections")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of whole systems come first: workers that end with short files end at about the same time."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return _WHOLE_SYSTEMS.index(folder) if folder in _WHOLE_SYSTEMS else len(_WHOLE_SYSTEMS)

    items.sort(key=place)


@dataclass(frozen=True)
class RunningServer:
    """A server for tests; `str()` of it is its URL."""

    url: str
    port: int
    folder: Path
    websocket_url: str = ""
    monitoring_url: str = ""

    def __str__(self) -> str:
        return self.url


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A nats-server with JetStream and the server's own sync_interval, for speed."""
    folder = DataFolder(tmp_path_factory.mktemp("nats"))
    server = NatsServer(folder, sync_interval=None)
    process = ServerProcess(server, folder, Event())
    process.start()
    try:
        yield RunningServer(
            url=f"nats://127.0.0.1:{server.port}",
            port=server.port,
            folder=folder.path,
            websocket_url=f"ws://127.0.0.1:{server.websocket_port}",
            monitoring_url=f"http://127.0.0.1:{server.monitoring_port}",
        )
    finally:
        process.stop()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A ClickHouse server over HTTP, without a password."""
    folder = DataFolder(tmp_path_factory.mktemp("clickhouse"))
    server = ClickHouseServer(folder, max_memory=2_000_000_000)
    process = ServerProcess(server, folder, Event())
    process.start()
    try:
        yield RunningServer(f"http://127.0.0.1:{server.port}", server.port, folder.path)
    finally:
        process.stop()


@pytest.fixture
def connect(nats_server: RunningServer) -> Callable[..., AbstractAsyncContextManager[Client]]:
    """Make connections to `nats_server`: `async with connect() as nc`; closed at the end of the block."""

    @asynccontextmanager
    async def connected(**options: object):  # type: ignore[no-untyped-def]
        client = await nats.connect(nats_server.url, **options)
        try:
            yield client
        finally:
            await client.close()

    return connected


@pytest.fixture
def unique_name() -> str:
    """A name that no other test uses: letters and digits, fit for a stream, subject token or database."""
    return f"t{uuid.uuid4().hex[:12]}"
