"""`flightledger parser restart`: the live parser goes back, or forward, and parses on from there."""

from __future__ import annotations

import argparse
from typing import Any

import orjson

from infra.cli.imports import SERVICES, wait_projected
from infra.cli.output import console, print_json
from infra.cli.target import target_of
from infra.program.system import System, open_system, status
from projections.queries.scope import parse_time
from streams import names
from streams.answers import ask_once
from streams.read import last_offset


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `parser restart` and `parser status`."""
    group = commands.add_parser("parser", parents=[common], help="the telemetry parser")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    restart = verbs.add_parser("restart", parents=[common], help="parse again from an offset or a time")
    where = restart.add_mutually_exclusive_group(required=True)
    where.add_argument("--from-offset", type=int, metavar="N", help="offset in FRAMES")
    where.add_argument("--from-time", metavar="T", help="recorded time, ISO 8601")
    restart.set_defaults(run=run_restart)
    verbs.add_parser("status", parents=[common], help="where it is").set_defaults(run=run_status)


async def run_restart(options: argparse.Namespace) -> int:
    """Restart the parser; when this program runs it, wait until it has caught up."""
    request = (
        {"from_offset": options.from_offset}
        if options.from_offset is not None
        else {"from_time": parse_time(options.from_time, "--from-time")}
    )
    async with open_system(target_of(options), services=SERVICES) as system:
        answer = orjson.loads(await ask_once(system.nc, "parser.restart", request))
        if system.owned:
            await _wait_caught_up(system, answer["generation"])
    if options.json:
        print_json(answer)
    else:
        console().print(f"{answer['generation']} goes on from offset {answer['from_offset']}")
    return 0


async def _wait_caught_up(system: System, generation: str) -> None:
    """Wait until the tables have all frames again, once the writer knows that the parser went elsewhere."""
    told = await last_offset(system.nc, names.TELEMETRY)
    await wait_projected(system, "", told, stream=names.TELEMETRY)
    end = await last_offset(system.nc, names.FRAMES)
    await wait_projected(system, generation, end)


async def run_status(options: argparse.Namespace) -> int:
    """Show how far the parser is."""
    async with open_system(target_of(options), services=SERVICES) as system:
        print_json(await status(system.nc, "parser.status"))
    return 0
