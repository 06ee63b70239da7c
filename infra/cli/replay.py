"""`flightledger replay`: plays a stretch again as if live; `replays …` controls it meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from infra.cli.live import Board, follow
from infra.cli.output import console, print_json, print_table
from infra.cli.target import target_of
from infra.program.system import open_system
from projections.queries.answer import iso_time
from projections.queries.scope import parse_time
from projections.replay.clock import AS_TAKEN
from streams.answers import ask_once
from streams.generations import read_generations

SERVICES = ("query", "replay")
_LIST = ("replay", "state", "speed", "position", "from", "to", "sent", "generation")
_POLL_S = 0.2


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `replay` and `replays`."""
    play = commands.add_parser(
        "replay", parents=[common], help="play a stretch of the flight again as if live"
    )
    play.add_argument("--from", metavar="T", help="ISO 8601, UTC, or ns since 1970")
    play.add_argument("--to", metavar="T")
    play.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="1 as it was, max as fast as it goes"
    )
    play.add_argument("--generation", metavar="G", help="default: the live one")
    play.add_argument("--session", metavar="S")
    play.add_argument("--as-of", metavar="T", help="only what was recorded by T")
    play.add_argument("--paused", action="store_true", help="wait for `replays resume`")
    play.set_defaults(run=run_replay)
    group = commands.add_parser("replays", parents=[common], help="control the replays under way")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", parents=[common], help="those under way").set_defaults(run=run_list)
    texts = {"pause": "", "resume": "", "stop": "", "seek": "TIME", "step": "PACKET", "speed": "X"}
    for verb, argument in texts.items():
        command = verbs.add_parser(verb, parents=[common], help=f"{verb} one")
        command.add_argument("replay", metavar="ID")
        if argument:
            command.add_argument("argument", metavar=argument)
        command.set_defaults(run=run_control)


async def run_replay(options: argparse.Namespace) -> int:
    """Play to the end; show live values, or with --json the messages, one a line, and then the status."""
    given = vars(options)
    fields = ("from", "to", "speed", "generation", "session", "as_of")
    question = {key: given[key] for key in fields if given[key] is not None}
    async with open_system(target_of(options), services=SERVICES) as system:
        nc = system.nc
        started = orjson.loads(await ask_once(nc, "replay.start", question | {"paused": True}))
        replay, listening = started["replay"], asyncio.Event()
        played = asyncio.create_task(_play(nc, replay, listening, resume=not options.paused))
        try:
            if options.json:
                await _print_messages(nc, replay, listening, played)
            else:
                await _show_board(nc, started, listening, played)
            status = await played
        finally:
            played.cancel()
            with contextlib.suppress(Exception):
                await _control(nc, replay, {"action": "stop"})
    if options.json:
        print_json(status)
    else:
        console().print(f"{status['sent']} packets of {status['generation']} replayed")
    return 0


async def run_list(options: argparse.Namespace) -> int:
    """Show the replays under way."""
    async with open_system(target_of(options), services=SERVICES) as system:
        rows = orjson.loads(await ask_once(system.nc, "replay.list", {}))
    if options.json:
        for row in rows:
            print_json(row)
    else:
        print_table([_readable(row) for row in rows], _LIST)
    return 0


async def run_control(options: argparse.Namespace) -> int:
    """Send one request to a replay and show where it stands then."""
    request: dict[str, Any] = {"action": options.verb}
    if options.verb == "seek":
        request["to"] = parse_time(options.argument, "seek")
    elif options.verb == "step":
        request["packet"] = options.argument
    elif options.verb == "speed":
        request["speed"] = _speed(options.argument)
    async with open_system(target_of(options), services=SERVICES) as system:
        status = await _control(system.nc, options.replay, request)
    if options.json:
        print_json(status)
    else:
        print_table([_readable(status)], _LIST)
    return 0


async def _play(nc: Client, replay: str, listening: asyncio.Event, *, resume: bool) -> dict[str, Any]:
    """Let it go when somebody listens, and wait until it has finished; return its last status."""
    await listening.wait()
    if resume:
        await _control(nc, replay, {"action": "resume"})
    while True:
        status = await _control(nc, replay, {"action": "status"})
        if status["state"] == "finished":
            return status
        await asyncio.sleep(_POLL_S)


async def _print_messages(
    nc: Client, replay: str, listening: asyncio.Event, played: asyncio.Task[dict[str, Any]]
) -> None:
    async def take(msg: Msg) -> None:
        sys.stdout.buffer.write(msg.data + b"\n")
        if msg.reply:
            await nc.publish(msg.reply, b"")

    subscription = await nc.subscribe(f"replay.{replay}.telemetry.>", cb=take)
    await nc.flush()
    listening.set()
    await asyncio.wait({played})
    await subscription.drain()  # type: ignore[no-untyped-call]


async def _show_board(
    nc: Client, started: dict[str, Any], listening: asyncio.Event, played: asyncio.Task[dict[str, Any]]
) -> None:
    state = await read_generations(nc)
    mission = await asyncio.to_thread(state.mission_of, started["generation"])
    span = f"{iso_time(started['from'])[:19]} to {iso_time(started['to'])[:19]}"
    subject = f"replay.{started['replay']}.telemetry.>"

    def head(board: Board) -> list[str]:
        what = f"replay {started['replay']} of {started['generation']}, {span}"
        return [f"{what}   NOT LIVE   {board.packets} packets"]

    await follow(nc, Board(mission), head, played, subject=subject, listening=listening)


async def _control(nc: Client, replay: str, request: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(await ask_once(nc, f"replay.{replay}.control", request))
    return found


def _readable(status: dict[str, Any]) -> dict[str, Any]:
    times = {key: iso_time(status[key]) for key in ("from", "to", "position")}
    return status | times | {"speed": status["speed"] or "max"}


def _speed(text: str) -> float:
    return AS_TAKEN if text == "max" else float(text)
