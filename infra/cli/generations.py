"""`flightledger reprocess` and `generations …`: derive again, compare, switch, go back, drop."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from infra.cli.jobs import request, run_job
from infra.cli.output import console, print_json, print_table
from infra.cli.target import target_of
from infra.cli.workers import workers_option
from infra.program.system import open_system
from streams.answers import ask_rows
from streams.generations import read_generations
from streams.mission import bundle, load_mission

SERVICES = ("query", "generation")
_LIST = (
    "generation",
    "live",
    "state",
    "first_frame",
    "last_frame",
    "frames",
    "parser_version",
    "mission",
    "started",
)
_DIFF = (
    "kind",
    "packet",
    "parameter",
    "only_a",
    "only_b",
    "only_in",
    "differ",
    "of",
    "largest",
    "first_offset",
    "first_time",
    "a",
    "b",
)


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `reprocess` and `generations`."""
    workers = workers_option()
    again = commands.add_parser(
        "reprocess",
        parents=[common, workers],
        help="parse the frames again, into a generation beside the live one",
    )
    again.add_argument("--mission", type=Path, metavar="DIR", help="default: the one that was loaded last")
    again.add_argument("--from", metavar="T", help="recorded time of the first frame, ISO 8601, UTC")
    again.add_argument("--to", metavar="T", help="recorded time of the last frame")
    again.add_argument("--name", metavar="G", help="name of the generation (default: by what makes it)")
    again.add_argument(
        "--from-archive",
        action="store_true",
        help="read sealed frames from the frame archive, proven by seals",
    )
    again.set_defaults(run=run_reprocess)
    group = commands.add_parser("generations", parents=[common], help="list, compare, promote, drop, verify")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", parents=[common], help="all generations").set_defaults(run=run_list)
    diff = verbs.add_parser("diff", parents=[common], help="what differs; exit code 1 when anything does")
    for name in ("a", "b"):
        diff.add_argument(name, metavar=name.upper())
    diff.set_defaults(run=run_diff)
    texts = {
        "promote": ("make it the live one", run_short),
        "drop": ("remove its rows; never the live one", run_short),
        "verify": ("derive it again and compare; exit code 1 when it differs", run_verify),
    }
    for verb, (text, run) in texts.items():
        parents = [common, workers] if verb == "verify" else [common]
        command = verbs.add_parser(verb, parents=parents, help=text)
        command.add_argument("generation", metavar="G")
        command.set_defaults(run=run)


async def run_reprocess(options: argparse.Namespace) -> int:
    """Reprocess and show what came of it."""
    given = {key: vars(options)[key] for key in ("from", "to", "name", "workers")}
    question: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if options.from_archive:
        question["from_archive"] = True
    if options.mission is not None:
        question["mission"] = bundle(load_mission(options.mission))
    async with open_system(target_of(options), services=SERVICES) as system:
        done = await run_job(system.nc, "reprocess", question, "reprocess")
        live = (await read_generations(system.nc)).live
    if options.json:
        print_json(done)
        return 0
    out = console()
    out.print(f"generation {done['generation']}, frames {done['first']} to {done['last']}")
    out.print(f"derived    {done['frames']} frames now")
    out.print(
        "rows       " + ", ".join(f"{name} {number}" for name, number in done["content"]["rows"].items())
    )
    out.print(f"digest     {done['content']['digest']}")
    name = done["generation"]
    if live is not None and live != name:
        out.print(f"\nCompare: generations diff {live} {name}   make it live: generations promote {name}")
    return 0


async def run_list(options: argparse.Namespace) -> int:
    """Show all generations."""
    async with open_system(target_of(options), services=("query",)) as system:
        rows = await ask_rows(system.nc, "query.generations", {})
    if options.json:
        for row in rows:
            print_json(row)
    else:
        print_table(rows, _LIST)
    return 0


async def run_diff(options: argparse.Namespace) -> int:
    """Show what differs; 1 when anything does."""
    async with open_system(target_of(options), services=("query",)) as system:
        rows = await ask_rows(system.nc, "query.diff", {"a": options.a, "b": options.b}, timeout=600.0)
    if options.json:
        for row in rows:
            print_json(row)
    elif rows:
        print_table(rows, [name for name in _DIFF if any(name in row for row in rows)])
    else:
        console().print(f"{options.a} and {options.b} have the same content")
    return 1 if rows else 0


async def run_short(options: argparse.Namespace) -> int:
    """Promote or drop."""
    async with open_system(target_of(options), services=SERVICES) as system:
        answer = await request(system.nc, options.verb, {"generation": options.generation})
    if options.json:
        print_json(answer)
    else:
        console().print(f"{options.generation}: {'is live' if options.verb == 'promote' else 'dropped'}")
    return 0


async def run_verify(options: argparse.Namespace) -> int:
    """Derive again and compare; 1 when the digests differ."""
    question = {"generation": options.generation, "workers": options.workers}
    async with open_system(target_of(options), services=SERVICES) as system:
        found = await run_job(system.nc, "verify", question, "verify")
    if options.json:
        print_json(found)
    else:
        word = "the same content" if found["same"] else "ANOTHER content"
        console().print(f"frames {found['first']} to {found['last']} derived again: {word}")
        console().print(f"digest  {found['content']['digest']}\nagain   {found['again']['digest']}")
    return 0 if found["same"] else 1
