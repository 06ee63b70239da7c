"""The data folder: who can read its secrets, who may sign in, and whether its servers are where it says."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from infra.access import AccessFolder
from infra.embedded.folder import Addresses
from infra.embedded.ports import LOOPBACK
from infra.embedded.process import accepts
from infra.errors import ConfigError
from infra.program.checks.finding import Finding, ok, problem, remark

_SECRET = ("users.json", "run/service-accounts.json", "run/nats-server.conf")


def check_files(data_dir: Path) -> list[Finding]:
    """Look whether only the owner can read what is secret, and nobody else can write into the folder."""
    found = []
    for path in (data_dir / name for name in _SECRET):
        if path.exists() and path.stat().st_mode & 0o077:
            found.append(problem("files", f"others can read {path}", f"chmod 600 {path}"))
        if path.exists() and path.stat().st_uid != os.geteuid():
            found.append(problem("files", f"{path} belongs to somebody else", f"chown $USER {path}"))
    if data_dir.stat().st_mode & 0o022:
        found.append(problem("files", f"others can write into {data_dir}", f"chmod go-w {data_dir}"))
    return found or [ok("files", "only their owner can read the files with secrets")]


def check_users(data_dir: Path) -> list[Finding]:
    """Look whether anybody has to sign in."""
    try:
        users = AccessFolder(data_dir).users.all()
    except ConfigError as error:
        return [problem("users", error.problem, error.fix)]
    if not users:
        text = "no user: whoever reaches this machine's loopback address may do everything"
        return [remark("users", text, "flightledger user add NAME --role ROLE")]
    return [ok("users", ", ".join(f"{user.name} ({user.role})" for user in users))]


def check_ports(addresses: Addresses) -> list[Finding]:
    """Look whether the servers listen where servers.json says, and only for this machine."""
    urls = {
        "NATS": addresses.nats_url,
        "WebSocket": addresses.websocket_url,
        "monitoring": addresses.monitoring_url,
        "ClickHouse": addresses.clickhouse_url,
    }
    found = []
    for name, url in urls.items():
        address = urlsplit(url)
        if address.hostname != LOOPBACK:
            fix = "embedded servers belong on loopback; for other machines see docs/deployment.md"
            found.append(problem("ports", f"{name} listens on {address.hostname}", fix))
        elif not accepts(address.port or 0):
            fix = "see the folder logs/; the program starts a server again that has died"
            found.append(problem("ports", f"{name} does not answer at {url}", fix))
    return found or [ok("ports", ", ".join(f"{name} {urlsplit(url).port}" for name, url in urls.items()))]
