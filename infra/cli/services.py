"""`flightledger up`, `service` and `simulate`: what runs until Ctrl-C."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from infra.access import AccessFolder
from infra.cli.output import console
from infra.config import Config, load_config
from infra.embedded.folder import read_addresses
from infra.errors import ConfigError, ServerError
from infra.program.page import page_of
from infra.program.service_names import SERVICE_NAMES, runner_of
from infra.program.system import open_system
from infra.service import start_service

_PORTS = ("nats", "websocket", "clickhouse", "page")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `up` and `service`."""
    up = commands.add_parser("up", parents=[common], help="both servers and all services, until Ctrl-C")
    up.add_argument("mission", nargs="?", type=Path, metavar="MISSION", help="mission folder")
    up.add_argument("--only", metavar="NAMES", help=f"some of {','.join(SERVICE_NAMES)}")
    for port in _PORTS:
        up.add_argument(f"--{port}-port", type=int, default=0, metavar="P", help="default: a free one")
    up.add_argument("--log-level", default="INFO", metavar="L")
    up.set_defaults(run=run_up)
    service = commands.add_parser(
        "service", help="one service, configured by --KEY=VALUE, environment or CONFIG_FILE"
    )
    service.add_argument("name", choices=list(SERVICE_NAMES))
    service.add_argument("settings", nargs=argparse.REMAINDER, metavar="--KEY=VALUE")
    service.set_defaults(run=run_one)


async def run_up(options: argparse.Namespace) -> int:
    """Start what is asked for and wait until it is stopped or a service fails."""
    names = options.only.split(",") if options.only else list(SERVICE_NAMES)
    if unknown := [name for name in names if name not in SERVICE_NAMES]:
        raise ConfigError(f"there is no service {unknown[0]!r}", fix=f"known are {', '.join(SERVICE_NAMES)}")
    ports = {f"{port}_port": vars(options)[f"{port}_port"] for port in _PORTS}
    async with open_system(
        options.data, services=names, mission=options.mission, log_level=options.log_level, servers=ports
    ) as system:
        if not system.owned:
            raise ServerError(
                "another program runs this data folder",
                where=str(system.servers.data_dir),
                fix="use that one (every command joins it), stop it, or name another folder with --data",
            )
        with page_of(system) as page:
            out = console()
            out.print(f"data        {system.servers.data_dir}")
            out.print(f"NATS        {system.servers.nats_url}   (browsers: {system.servers.websocket_url})")
            out.print(f"ClickHouse  {system.servers.clickhouse_url}")
            out.print(f"page        {page or 'not built: make web'}")
            out.print(f"users       {_users(AccessFolder(system.servers.data_dir))}")
            out.print(f"services    {', '.join(system.services)}   (Ctrl-C stops them)")
            await system.failed()
    return 0


def _users(access: AccessFolder) -> str:
    names = [user.name for user in access.users.all()]
    return ", ".join(names) or "none: everybody on this machine may do everything (`flightledger user add`)"


async def run_one(options: argparse.Namespace) -> int:
    """Run one service in the foreground, configured as its environment and arguments say."""
    given = [word for word in options.settings if word != "--"]
    config = load_config(given, os.environ)
    name = {} if config.text("SERVICE_NAME") else {"SERVICE_NAME": options.name}
    environ = {**os.environ, **name, **_credentials(options.name, config)}
    async with await start_service(args=given, environ=environ) as service:
        await runner_of(options.name)(service)
    return 0


def _credentials(name: str, config: Config) -> dict[str, str]:
    """Return user and password of a service whose data folder has the servers that it connects to."""
    folder = Path(config.text("DATA_DIR", "."))
    addresses = read_addresses(folder)
    if config.text("NATS_USER") or addresses is None or addresses.nats_url != config.text("NATS_URL"):
        return {}
    user, password = AccessFolder(folder).credentials(name) or ("", "")
    return {"NATS_USER": user, "NATS_PASSWORD": password}
