"""`flightledger parser …` and `writer …`: how far they are, and going on from another offset or time."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any, NamedTuple

import orjson

from infra.cli.imports import SERVICES, wait_projected
from infra.cli.output import console, print_json
from infra.cli.target import target_of
from infra.program.system import System, open_system, status
from projections.queries.scope import parse_time
from streams import names
from streams.answers import ask_once
from streams.read import last_offset


class _Reader(NamedTuple):
    """A service that reads a stream from a position of its own."""

    name: str
    stream: str
    help: str
    again: str


_READERS = (
    _Reader("parser", names.FRAMES, "the telemetry parser", "parse"),
    _Reader("writer", names.TELEMETRY, "the database writer", "write"),
)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `restart` and `status` of both."""
    for reader in _READERS:
        group = commands.add_parser(reader.name, parents=[common], help=reader.help)
        verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
        text = f"{reader.again} again from an offset or a time on"
        restart = verbs.add_parser("restart", parents=[common], help=text)
        where = restart.add_mutually_exclusive_group(required=True)
        where.add_argument("--from-offset", type=int, metavar="N", help=f"offset in {reader.stream}")
        where.add_argument(
            "--from-time", metavar="T", help=f"recorded time of a message of {reader.stream}, ISO 8601"
        )
        restart.set_defaults(run=partial(run_restart, reader))
        state = verbs.add_parser("status", parents=[common], help="where it is")
        state.set_defaults(run=partial(run_status, reader))


async def run_restart(reader: _Reader, options: argparse.Namespace) -> int:
    """Let it go on elsewhere; when this program runs it, wait until it has caught up."""
    request = (
        {"from_offset": options.from_offset}
        if options.from_offset is not None
        else {"from_time": parse_time(options.from_time, "--from-time")}
    )
    async with open_system(target_of(options), services=SERVICES) as system:
        answer = orjson.loads(await ask_once(system.nc, f"{reader.name}.restart", request))
        if system.owned:
            await _wait_caught_up(system, answer.get("generation"))
    if options.json:
        print_json(answer)
    else:
        who = answer.get("generation", f"the {reader.name}")
        console().print(f"{who} goes on from offset {answer['from_offset']} of {reader.stream}")
    return 0


async def _wait_caught_up(system: System, generation: str | None) -> None:
    """Wait until the tables have all of TELEMETRY, and of a generation that is parsed again all frames.

    The frames come second: once the writer knows that the parser went elsewhere.
    """
    told = await last_offset(system.nc, names.TELEMETRY)
    await wait_projected(system, "", told, stream=names.TELEMETRY)
    if generation is not None:
        end = await last_offset(system.nc, names.FRAMES)
        await wait_projected(system, generation, end)


async def run_status(reader: _Reader, options: argparse.Namespace) -> int:
    """Show how far it is."""
    async with open_system(target_of(options), services=SERVICES) as system:
        print_json(await status(system.nc, f"{reader.name}.status"))
    return 0
