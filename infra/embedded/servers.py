"""Both embedded servers of a data folder: start, join, watch, stop.

One program owns a folder's servers (a flock on `<data>/flightledger.lock`); others join it by the addresses
in `<data>/servers.json`. The servers end with the program that owns them, also after a kill -9 of it; one
that dies before is started again on its port. Proved by tests/infra/test_embedded_servers.py and
tests/infra/test_embedded_kills.py.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from infra.access import AccessFolder
from infra.embedded.clickhouse_process import ClickHouseServer
from infra.embedded.folder import Addresses, DataFolder, FileLock
from infra.embedded.nats_process import NatsServer
from infra.embedded.ports import LOOPBACK
from infra.embedded.process import ServerProcess, http_ok
from infra.embedded.supervision import Supervisor
from infra.errors import ServerError

JOIN_TIMEOUT = 60.0
"""Seconds that a joining program waits for the servers of the program that owns the folder."""

_POLL = 0.1

log = logging.getLogger(__name__)


class EmbeddedServers:
    """A nats-server and a ClickHouse server; started by `start` or `with`, or joined with `join`.

    `owned` says whether this program runs them; a joined one's `stop` leaves them running.
    """

    def __init__(
        self,
        data_dir: Path | str = "./data",
        *,
        nats_port: int = 0,
        websocket_port: int = 0,
        monitoring_port: int = 0,
        clickhouse_port: int = 0,
        page_port: int = 0,
        sync_interval: str | None = "always",
        clickhouse_memory: int | None = None,
    ) -> None:
        """Ports: 0 is any free one. For the other settings see `NatsServer` and `ClickHouseServer`.

        `page_port` is that of the web page, which whoever serves it takes: browsers may connect from there.
        Makes the data folder; raises ServerError when it cannot be written.
        """
        self.owned = False
        self._folder = DataFolder(data_dir)
        self._lock = FileLock(self._folder.lock_file)
        self._cancelled = Event()
        self._nats = NatsServer(
            self._folder,
            port=nats_port,
            websocket_port=websocket_port,
            monitoring_port=monitoring_port,
            sync_interval=sync_interval,
            access=AccessFolder(self._folder.path).server_config,
            page_port=page_port,
        )
        self._clickhouse = ClickHouseServer(self._folder, port=clickhouse_port, max_memory=clickhouse_memory)
        self._processes = [
            ServerProcess(server, self._folder, self._cancelled) for server in (self._nats, self._clickhouse)
        ]
        self._supervisor = Supervisor(self._processes, self._cancelled)
        self._addresses: Addresses | None = None

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return self._folder.path

    @property
    def addresses(self) -> Addresses:
        """Where the servers are reached; raises ServerError before they are started or joined."""
        if self._addresses is None:
            raise ServerError("the servers are not running", where=str(self.data_dir), fix="start them first")
        return self._addresses

    @property
    def nats_url(self) -> str:
        """`nats://127.0.0.1:…`."""
        return self.addresses.nats_url

    @property
    def websocket_url(self) -> str:
        """`ws://127.0.0.1:…`, NATS for browsers."""
        return self.addresses.websocket_url

    @property
    def monitoring_url(self) -> str:
        """`http://127.0.0.1:…`, nats-server's `/varz`, `/jsz`, `/healthz`."""
        return self.addresses.monitoring_url

    @property
    def clickhouse_url(self) -> str:
        """`http://127.0.0.1:…`."""
        return self.addresses.clickhouse_url

    @property
    def page_url(self) -> str:
        """`http://127.0.0.1:…`, where the web page is served, if it is."""
        return self.addresses.page_url

    @property
    def nats_pid(self) -> int:
        """The nats-server's process id."""
        return self._nats.pid

    @property
    def clickhouse_pid(self) -> int:
        """The process id of the ClickHouse server that this program runs."""
        return self._processes[1].pid

    @property
    def restarts(self) -> int:
        """How often one of the servers died and was started again."""
        return self._supervisor.restarts

    def start(self) -> None:
        """Start both servers, one after the other, and wait until they answer.

        Raises ServerError when another program runs servers on this folder, a port is in use, or a server
        does not come up (with the last lines of its log).
        """
        if not self._try_own():
            raise ServerError(
                f"the process {self._lock.holder()} runs the servers of this data folder",
                where=str(self.data_dir),
                fix="join it with connect_or_start, stop it, or use another folder",
            )

    def join_or_start(self, timeout: float = JOIN_TIMEOUT) -> None:
        """Join the program that runs servers on this folder, or start them when there is none.

        Waits at most `timeout` seconds for servers that another program is starting; then raises ServerError,
        which names that program's process id.
        """
        deadline = time.monotonic() + timeout
        while not self._try_own() and not self._try_join():
            if self._cancelled.is_set():
                raise ServerError("joining was cancelled", where=str(self.data_dir), fix="start again")
            if time.monotonic() > deadline:
                holder = self._lock.holder()
                raise ServerError(
                    f"the process {holder} holds this data folder, but its servers do not answer"
                    f" after {timeout:g} s",
                    where=str(self.data_dir),
                    fix=f"look at that program and at {self._folder.logs}, or end it (kill {holder})",
                )
            self._cancelled.wait(_POLL)

    def stop(self) -> None:
        """Stop the servers, the last started first, and free the folder; joined ones are left running."""
        self._cancelled.set()
        self._addresses = None
        if not self.owned:
            return
        self._supervisor.join()
        for process in reversed(self._processes):
            process.stop()
        self._folder.forget_addresses()
        self._lock.release()
        self.owned = False

    def cancel(self) -> None:
        """Let a `start` or `join_or_start` that runs in another thread give up soon."""
        self._cancelled.set()

    def _try_own(self) -> bool:
        if not self._lock.acquire():
            return False
        self.owned = True
        try:
            self._folder.forget_addresses()  # of a program that was killed
            for process in self._processes:
                process.start()
        except BaseException:
            self.stop()
            raise
        self._addresses = Addresses(
            pid=os.getpid(),
            nats_url=f"nats://{LOOPBACK}:{self._nats.port}",
            websocket_url=f"ws://{LOOPBACK}:{self._nats.websocket_port}",
            monitoring_url=f"http://{LOOPBACK}:{self._nats.monitoring_port}",
            clickhouse_url=f"http://{LOOPBACK}:{self._clickhouse.port}",
            page_url=f"http://{LOOPBACK}:{self._nats.page_port}",
        )
        self._folder.write_addresses(self._addresses)
        self._supervisor.start()
        log.info("servers run on %s: %s, %s", self.data_dir, self.nats_url, self.clickhouse_url)
        return True

    def _try_join(self) -> bool:
        addresses = self._folder.read_addresses()
        if addresses is None or not _answer(addresses):
            return False
        self._addresses = addresses
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _answer(addresses: Addresses) -> bool:
    nats, clickhouse = urlsplit(addresses.monitoring_url).port, urlsplit(addresses.clickhouse_url).port
    return bool(nats and clickhouse) and http_ok(nats or 0, "/healthz") and http_ok(clickhouse or 0, "/ping")
