"""Servers that were started by somebody else, known by their addresses alone, and services on them.

The nats-server has service accounts and users as `flightledger` makes them; ClickHouse has neither.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from support.guarded_server import PASSWORD, GuardedServer, guarded_server
from support.program import Ended, Row, Running, run_command

from infra.embedded.clickhouse_process import ClickHouseServer
from infra.embedded.folder import DataFolder
from infra.embedded.process import ServerProcess


class ExternalServers:
    """Two servers, and the services that run on them as processes of their own."""

    def __init__(self, folder: Path, nats: GuardedServer, clickhouse_url: str) -> None:
        self.folder, self.nats, self.clickhouse_url = folder, nats, clickhouse_url
        self.services: dict[str, Running] = {}

    def start(self, service: str, instance: str = "", **settings: Any) -> Running:
        """Start `flightledger service …`, configured by a file as an operator would."""
        name = f"{service}{instance}"
        user, password = self.nats.access.credentials(service) or ("", "")
        given = {
            "NATS_URL": self.nats.url,
            "NATS_USER": user,
            "NATS_PASSWORD": password,
            "CLICKHOUSE_URL": self.clickhouse_url,
            "DATA_DIR": str(self.folder / "services" / name),
            "SERVICE_NAME": service,
            **settings,
        }
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps({service: given}))
        arguments = ["service", service, f"--CONFIG_FILE={file}", f"--CONFIG_KEY={service}"]
        self.services[name] = Running(arguments, self.folder / name)
        return self.services[name]

    def run(self, *arguments: object, code: int = 0, user: str = "vera") -> Ended:
        """Run a command by the address, in a person's name or with the account of a service."""
        account = self.nats.access.credentials(user.removeprefix("service-"))
        password = account[1] if account else PASSWORD
        ended = run_command("--nats-url", self.nats.url, "--user", user, *arguments, NATS_PASSWORD=password)
        assert ended.code == code, ended.stderr
        return ended

    def command(self, statement: str) -> None:
        """Let ClickHouse do something to the tables."""
        address = f"{self.clickhouse_url}/?database=flightledger"
        urllib.request.urlopen(address, statement.encode(), timeout=30).close()

    def query(self, *arguments: object) -> list[Row]:
        """Ask a question and return its rows."""
        return self.run("query", *arguments, "--json").rows


@contextmanager
def external_servers(folder: Path) -> Iterator[ExternalServers]:
    """Run both servers, apart from each other and from any program; the services end before them."""
    data = DataFolder(folder / "clickhouse")
    clickhouse = ServerProcess(ClickHouseServer(data, max_memory=2_000_000_000), data, Event())
    with guarded_server(folder / "nats") as nats:
        clickhouse.start()
        servers = ExternalServers(folder, nats, f"http://127.0.0.1:{clickhouse.server.port}")
        try:
            yield servers
        finally:
            for service in servers.services.values():
                service.stop()
            clickhouse.stop()
