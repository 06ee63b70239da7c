"""`flightledger command …`: submit, approve, cancel, resolve, hold, resume, run; what can be sent and was."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

from commands.answers import life
from commands.definitions import TelecommandSet
from commands.log import read_telecommand
from commands.procedure import load_procedure
from commands.procedure_run import ProcedureRun, Progress
from commands.state import State
from infra.cli.command_output import (
    show_answer,
    show_definition,
    show_definitions,
    show_life,
    show_telecommands,
)
from infra.cli.output import console, print_json
from infra.cli.target import target_of
from infra.cli.telecommands import Person, ask_for, user_of
from infra.errors import CommandError, ConfigError
from infra.program.missions import last_mission
from infra.program.system import open_system
from streams.mission import load_mission
from streams.xtce.epochs import parse_instant

_POLL_S = 0.2
_ENDS = ("uncertain", "timed-out")
_GOOD = ("sent", "accepted", "started", "progressed", "completed")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `command` and its verbs."""
    group = commands.add_parser("command", parents=[common], help="telecommands")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    person = argparse.ArgumentParser(add_help=False)
    person.add_argument("--why", default="", metavar="TEXT", help="for the record")

    def add(verb: str, text: str, run: Any, *names: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(verb, parents=[common, person], help=text)
        for name in names:
            parser.add_argument(name, metavar=name.upper())
        parser.set_defaults(run=run)
        return parser

    send = add("send", "submit a telecommand", run_send, "name")
    send.add_argument("arguments", nargs="*", metavar="ARG=VALUE")
    send.add_argument("--link", metavar="L", help="default: the mission's")
    send.add_argument("--at", metavar="T", help="release then: ISO 8601 (UTC), or +SECONDS from now")
    send.add_argument("--expires", metavar="T", help="give up then: ISO 8601 (UTC), or +SECONDS from now")
    send.add_argument("--request-id", metavar="ID", help="the same id: the same answer, sent once")
    send.add_argument("--wait", action="store_true", help="until it has come to an end")
    add("approve", "approve one of somebody else", run_short, "id")
    add("cancel", "cancel one that has not left", run_short, "id")
    resolve = add("resolve", "decide about an uncertain one", run_short, "id")
    fate = resolve.add_mutually_exclusive_group(required=True)
    fate.add_argument("--arrived", action="store_const", const=True, help="it did arrive")
    fate.add_argument("--lost", action="store_const", const=False, dest="arrived", help="it did not")
    add("hold", "hold a link's queue", run_short, "link")
    add("resume", "let a held queue go on", run_short, "link")
    add("queues", "the links' queues, and what is open", run_queues)
    log = add("log", "the whole life of one; without ID the newest ones", run_log)
    log.add_argument("id", nargs="?", metavar="ID")
    log.add_argument("--limit", type=int, default=20, metavar="N")
    listed = add("list", "what can be sent", run_list)
    listed.add_argument("name", nargs="?", metavar="NAME")
    listed.add_argument("--mission", type=Path, metavar="DIR", help="default: the one that was loaded last")
    run = add("run", "run a flight procedure: telecommands, checks and pauses", run_procedure)
    run.add_argument("file", type=Path, metavar="FILE")


async def run_send(options: argparse.Namespace) -> int:
    """Submit, and with --wait follow it to its end."""
    request: dict[str, Any] = {"name": options.name, "arguments": _arguments(options.arguments)}
    optional = {
        "link": options.link,
        "release_at": _moment(options.at, "--at"),
        "expires": _moment(options.expires, "--expires"),
        "why": options.why,
        "request_id": options.request_id,
    }
    request |= {key: value for key, value in optional.items() if value}
    async with ask_for(options) as person:
        answer = await person.ask("submit", request)
        if not options.wait or not answer["done"]:
            return show_answer(answer, as_json=options.json)
        return await _follow(person, answer["id"], as_json=options.json)


async def run_short(options: argparse.Namespace) -> int:
    """Ask for what the verb says, and show the answer."""
    given = {key: getattr(options, key, None) for key in ("id", "link", "arrived", "why")}
    request = {key: value for key, value in given.items() if value not in (None, "")}
    async with ask_for(options) as person:
        return show_answer(await person.ask(options.verb, request), as_json=options.json)


async def run_queues(options: argparse.Namespace) -> int:
    """Show the queues and the open telecommands; exit code 1 when one is uncertain."""
    async with ask_for(options) as person:
        found = await person.ask("queues", {})
    if options.json:
        print_json(found)
    else:
        for link in found["links"]:
            hold = link["held"]
            held = f"held by {hold['who']} ({hold['why'] or 'no reason given'})" if hold else "free"
            console().print(f"{link['link']}: {held}; waiting: {', '.join(link['queue']) or 'none'}")
        show_telecommands(found["open"])
    return int(any(one["state"] == State.UNCERTAIN for one in found["open"]))


async def run_log(options: argparse.Namespace) -> int:
    """Show the life of one telecommand, or the newest ones."""
    request = {"id": options.id} if options.id else {"limit": options.limit}
    async with open_system(target_of(options)) as system:
        if not system.owned:
            found = await Person(system.nc, user_of(options, system.nc)).ask("log", request)
        elif options.id:
            telecommand = await read_telecommand(system.nc, options.id)
            if telecommand.state is State.NONE:
                raise CommandError(f"there is no telecommand {options.id!r}", fix="see `query telecommands`")
            found = life(telecommand)
        else:
            raise CommandError("no system runs on this folder", fix="name an id, or `query telecommands`")
    if options.json:
        print_json(found)
    elif options.id:
        show_life(found)
    else:
        show_telecommands(found)
    return 0


async def run_list(options: argparse.Namespace) -> int:
    """Show what can be sent, or all about one telecommand."""
    found, problems = await _definitions(options)
    if options.json:
        print_json(found)
    elif options.name:
        show_definition(found[0])
    else:
        show_definitions(found)
        for name, problem in problems.items():
            console().print(f"{name} can not be sent: {problem}")
    return 0


async def _definitions(options: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what can be sent, and what of the mission can not, with why.

    Of a folder, or of the streams; who signed in may not read those and asks the telecommand service, which
    keeps to what can be sent.
    """
    if options.mission:
        telecommands = TelecommandSet(load_mission(options.mission))
    else:
        async with open_system(target_of(options)) as system:
            if target_of(options).password:
                asked = {"name": options.name} if options.name else {}
                return await Person(system.nc, user_of(options, system.nc)).ask("definitions", asked), {}
            telecommands = TelecommandSet(await last_mission(system.nc))
    wanted = [options.name] if options.name else telecommands.names()
    return [telecommands.find(name).describe() for name in wanted], telecommands.problems


async def run_procedure(options: argparse.Namespace) -> int:
    """Run a procedure; exit code 1 when a step fails."""
    procedure = load_procedure(options.file)

    def tell(progress: Progress) -> None:
        if options.json:
            step = progress.step.number if progress.step else 0
            row = {"step": step, "result": progress.result, "text": progress.text}
            print_json({**row, "telecommand": progress.telecommand})
        else:
            where = f"step {progress.step.number}" if progress.step else "procedure"
            id_text = f" [{progress.telecommand}]" if progress.telecommand else ""
            console().print(f"{where:<10} {progress.result:<8} {progress.text}{id_text}", markup=False)

    async with ask_for(options) as person:
        return 0 if await ProcedureRun(procedure, person.ask, tell).run() else 1


async def _follow(person: Person, identity: str, *, as_json: bool) -> int:
    """Show each event of a telecommand as it comes; exit code 0 when it has come to a good end."""
    shown = 0
    while True:
        found = await person.ask("log", {"id": identity})
        for event in found["events"][shown:]:
            if as_json:
                print_json({"id": identity, **event})
            else:
                frame = f" (frame {event['frame_offset']})" if "frame_offset" in event else ""
                console().print(f"{identity} {event['event']:<10} {event['why']}{frame}", markup=False)
        shown = len(found["events"])
        if found["settled"] or found["state"] in _ENDS:
            return 0 if not found["missing"] and found["state"] in _GOOD else 1
        await asyncio.sleep(_POLL_S)


def _arguments(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or name in found:
            raise ConfigError(f"{word!r} is no argument", fix="write each once, as NAME=VALUE")
        found[name] = value
    return found


def _moment(text: str | None, option: str) -> int | None:
    """Return ns UTC of a time on the command line; `+12.5` is that many seconds from now."""
    if text is None:
        return None
    found = None
    if text.startswith("+") and text[1:].replace(".", "", 1).isdigit():
        found = time.time_ns() + round(float(text[1:]) * 1e9)
    elif text.isdigit():
        found = int(text)
    else:
        found = parse_instant(text)
    if found is None:
        raise ConfigError(f"{option} {text!r} is no time", fix="like 2026-05-01T12:00:00Z, or +30 (seconds)")
    return found
