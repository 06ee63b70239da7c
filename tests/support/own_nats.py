"""A nats-server of a test's own, which may be killed: it is started again on its port and its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from support.processes import kill_hard

from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess
from infra.embedded.supervision import Supervisor


@dataclass(frozen=True)
class OwnNats:
    """What a test needs to know of its server."""

    server: NatsServer
    process: ServerProcess
    supervisor: Supervisor
    cancelled: Event

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """kill -9."""
        kill_hard(self.server.pid)

    def stop(self) -> None:
        """Stop it for good."""
        self.cancelled.set()
        self.supervisor.join()
        self.process.stop()


@contextmanager
def own_nats(folder: Path, *, sync_interval: str | None = "always") -> Iterator[OwnNats]:
    """Run a server on a folder for as long as the block lasts."""
    data, cancelled = DataFolder(folder), Event()
    server = NatsServer(data, sync_interval=sync_interval)
    process = ServerProcess(server, data, cancelled)
    process.start()
    supervisor = Supervisor([process], cancelled)
    supervisor.start()
    running = OwnNats(server, process, supervisor, cancelled)
    try:
        yield running
    finally:
        running.stop()
