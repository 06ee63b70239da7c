"""`flightledger rebuild`: drop every projection and build it again from the streams alone."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping
from typing import Any

from nats.aio.client import Client

from commands.rows import TelecommandRows
from infra.cli.output import console, print_json
from infra.cli.progress import frames_bar
from infra.cli.target import target_of
from infra.cli.workers import workers_option
from infra.errors import ConfigError, ServerError
from infra.program.checks.services import ask_health
from infra.program.runners import worker_addresses
from infra.program.system import System, open_system
from infra.program.target import Target
from projections.clickhouse import connect
from projections.generations.rebuild import Rebuilt, rebuild

_WRITERS = ("writer", "generation")
"""Services that write to the tables."""


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `rebuild`."""
    again = commands.add_parser(
        "rebuild",
        parents=[common, workers_option()],
        help="drop every projection and build it again from the streams",
    )
    again.add_argument(
        "--clickhouse-url",
        metavar="URL",
        help="with --nats-url: where the tables are (or CLICKHOUSE_URL, as the services have it, with "
        "CLICKHOUSE_USER and CLICKHOUSE_PASSWORD)",
    )
    again.set_defaults(run=run_rebuild)


async def run_rebuild(options: argparse.Namespace) -> int:
    """Rebuild; 1 when a generation's content is not the identical one."""
    by_address = bool(getattr(options, "nats_url", ""))
    target = target_of(options) if by_address else Target(options.data)
    async with open_system(target) as system:
        if system.running is not None:
            _refuse_beside_a_program(system)
            addresses = worker_addresses(system.settings())
        else:
            await _refuse_beside_writers(system.nc)
            addresses = worker_addresses(_settings(target, options.clickhouse_url))
        found = await _rebuild(system.nc, addresses, options.workers)
    _show(found, as_json=options.json)
    return 0 if all(one.same for one in found) else 1


def _refuse_beside_a_program(system: System) -> None:
    if not system.owned:
        raise ServerError(
            "another program runs this data folder and writes to the tables",
            where=str(system.servers.data_dir),
            fix="stop it first: a rebuild wants the tables for itself",
        )


async def _refuse_beside_writers(nc: Client) -> None:
    answering = {str(answer.get("name")) for answer in await ask_health(nc)}
    if writing := [name for name in _WRITERS if name in answering]:
        raise ServerError(
            f"the tables are written to by {' and '.join(writing)}",
            where="__telestion__.health",
            fix="stop all instances first: a rebuild wants the tables for itself",
        )


def _settings(target: Target, clickhouse_url: str | None) -> dict[str, str]:
    """Return what a service would be configured with to reach the same servers."""
    url = clickhouse_url or os.environ.get("CLICKHOUSE_URL", "")
    if not url:
        raise ConfigError(
            "a rebuild needs to know where the tables are",
            where="rebuild --nats-url",
            fix="give --clickhouse-url, or CLICKHOUSE_URL; user and password as CLICKHOUSE_USER and "
            "CLICKHOUSE_PASSWORD",
        )
    return {
        "NATS_URL": target.nats_url,
        "NATS_USER": target.user,
        "NATS_PASSWORD": target.password,
        "CLICKHOUSE_URL": url,
        "CLICKHOUSE_USER": os.environ.get("CLICKHOUSE_USER", ""),
        "CLICKHOUSE_PASSWORD": os.environ.get("CLICKHOUSE_PASSWORD", ""),
    }


async def _rebuild(nc: Client, addresses: Mapping[str, str], workers: int) -> list[Rebuilt]:
    clickhouse = await asyncio.to_thread(
        connect,
        addresses["clickhouse_url"],
        user=addresses["clickhouse_user"],
        password=addresses["clickhouse_password"],
    )
    with frames_bar("rebuild") as tell:
        return await rebuild(
            nc,
            clickhouse,
            addresses=addresses,
            workers=workers,
            progress=lambda generation, done, total: tell(done, total),
            row_making=TelecommandRows,
        )


def _show(found: list[Rebuilt], *, as_json: bool) -> None:
    if not found and not as_json:
        console().print("the streams have nothing to rebuild the tables from: they are empty now")
    for one in found:
        before = one.before and one.before.digest
        if as_json:
            row = {"generation": one.generation, "rows": one.after.rows, "same": one.same}
            print_json(row | {"before": before, "after": one.after.digest})
        else:
            word = "the same" if one.same else "DIFFERENT"
            before = (
                before or "no whole tables of this event log; the writer fills what the live path had derived"
            )
            console().print(f"{one.generation}: {word}\n  before {before}\n  after  {one.after.digest}")
