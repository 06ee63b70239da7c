"""`flightledger up`, `service` and `simulate`: what runs until Ctrl-C."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from infra.cli.output import console
from infra.errors import ConfigError, ServerError
from infra.program.page import serve_page
from infra.program.runners import RUNNERS
from infra.program.system import System, open_system
from infra.service import start_service

_ONLY_WITH_MISSION = ("parser", "io")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `up` and `service`."""
    up = commands.add_parser("up", parents=[common], help="both servers and all services, until Ctrl-C")
    up.add_argument("mission", nargs="?", type=Path, metavar="MISSION", help="mission folder")
    up.add_argument("--only", metavar="NAMES", help=f"some of {','.join(RUNNERS)}")
    up.add_argument("--nats-port", type=int, default=0, metavar="P", help="default: a free one")
    up.add_argument("--clickhouse-port", type=int, default=0, metavar="P", help="default: a free one")
    up.add_argument("--page-port", type=int, default=0, metavar="P", help="default: a free one")
    up.add_argument("--log-level", default="INFO", metavar="L")
    up.set_defaults(run=run_up)
    service = commands.add_parser(
        "service", help="one service, configured by --KEY=VALUE, environment or CONFIG_FILE"
    )
    service.add_argument("name", choices=list(RUNNERS))
    service.add_argument("settings", nargs=argparse.REMAINDER, metavar="--KEY=VALUE")
    service.set_defaults(run=run_one)


async def run_up(options: argparse.Namespace) -> int:
    """Start what is asked for and wait until it is stopped or a service fails."""
    names = options.only.split(",") if options.only else list(RUNNERS)
    if unknown := [name for name in names if name not in RUNNERS]:
        raise ConfigError(f"there is no service {unknown[0]!r}", fix=f"known are {', '.join(RUNNERS)}")
    ports = {"nats_port": options.nats_port, "clickhouse_port": options.clickhouse_port}
    async with open_system(
        options.data, services=names, mission=options.mission, log_level=options.log_level, servers=ports
    ) as system:
        if not system.owned:
            raise ServerError(
                "another program runs this data folder",
                where=str(system.servers.data_dir),
                fix="use that one (every command joins it), stop it, or name another folder with --data",
            )
        with serve_page(page_config(system), port=options.page_port) as page:
            out = console()
            out.print(f"data        {system.servers.data_dir}")
            out.print(f"NATS        {system.servers.nats_url}   (browsers: {system.servers.websocket_url})")
            out.print(f"ClickHouse  {system.servers.clickhouse_url}")
            out.print(f"page        {page or 'not built: make web'}")
            out.print(f"services    {', '.join(system.services)}   (Ctrl-C stops them)")
            await system.failed()
    return 0


def page_config(system: System) -> dict[str, Any]:
    """Return what the page must know before it is connected."""
    return {"websocket": system.servers.websocket_url}


async def run_one(options: argparse.Namespace) -> int:
    """Run one service in the foreground, configured as its environment and arguments say."""
    given = [word for word in options.settings if word != "--"]
    has_name = any(word.upper().replace("-", "_").startswith("__SERVICE_NAME") for word in given)
    environ = dict(os.environ)
    if not has_name:
        environ.setdefault("SERVICE_NAME", options.name)
    async with await start_service(args=given, environ=environ) as service:
        await RUNNERS[options.name](service)
    return 0
