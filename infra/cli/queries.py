"""`flightledger query …`: questions to the query service."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import orjson

from infra.cli.output import FORMATS, Row, print_json, print_table, shown, write_arrow
from infra.program.system import open_system
from streams.answers import ask, ask_once

SERVICES = ("query",)
_SCOPE = ("from", "to", "as_of", "generation", "session", "limit")
_TABLES: dict[str, tuple[str, ...]] = {
    "latest": ("parameter", "value", "unit", "alarm", "raw", "packet", "time", "received", "frame_offset"),
    "history": (),
    "packets": (),
    "frames": (),
    "quarantine": ("frame_offset", "packet_index", "stage", "reason", "decoded", "received", "size", "bytes"),
    "gaps": (
        "link",
        "session",
        "apid",
        "missing",
        "previous_count",
        "sequence_count",
        "previous_time",
        "time",
        "frame_offset",
    ),
    "counts": (),
    "offsets": (),
    "sql": (),
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `query` and its questions."""
    query = commands.add_parser("query", parents=[common], help="ask the projections")
    questions = query.add_subparsers(dest="question", required=True, metavar="QUESTION")
    scope = _scope_options()

    def add(name: str, text: str, *, scoped: bool = True) -> argparse.ArgumentParser:
        parents = [common, scope] if scoped else [common]
        command: argparse.ArgumentParser = questions.add_parser(name, parents=parents, help=text)
        command.add_argument("--format", choices=FORMATS, help="default: table, or json with --json")
        command.set_defaults(run=run_query)
        return command

    latest = add("latest", "the newest sample of each parameter", scoped=False)
    latest.add_argument("parameters", nargs="*", metavar="PARAM")
    latest.add_argument("--packet", metavar="NAME")
    _add_when(latest)
    history = add("history", "samples of parameters")
    history.add_argument("parameters", nargs="+", metavar="PARAM")
    history.add_argument("--points", type=int, metavar="N", help="N buckets with min, max, mean and last")
    add("packets", "packets with all their values").add_argument("--packet", metavar="NAME")
    add("frames", "frames and what became of them").add_argument(
        "--result", choices=["parsed", "partly", "quarantined", "empty"]
    )
    add("quarantine", "what was wrong, and where")
    add("gaps", "missing sequence counts")
    add("counts", "how much there is of everything")
    add("offsets", "how far the projections are", scoped=False)
    sql = add("sql", "one SELECT over the projections, read-only and limited", scoped=False)
    sql.add_argument("query", metavar="SELECT")


def _add_when(command: argparse.ArgumentParser) -> None:
    command.add_argument("--as-of", metavar="T", help="what was known at T: ISO 8601, UTC")
    command.add_argument("--generation", metavar="G", help="default: the live one (at T with --as-of)")


def _scope_options() -> argparse.ArgumentParser:
    scope = argparse.ArgumentParser(add_help=False)
    scope.add_argument("--from", metavar="T", help="ISO 8601, UTC, or ns since 1970")
    scope.add_argument("--to", metavar="T")
    scope.add_argument("--session", metavar="S")
    scope.add_argument("--limit", type=int, metavar="N")
    _add_when(scope)
    return scope


async def run_query(options: argparse.Namespace) -> int:
    """Ask, and show the answer as it arrives."""
    name = options.question
    given = vars(options)
    fields = (*_SCOPE, "parameters", "packet", "points", "result", "query")
    request = {key: given[key] for key in fields if given.get(key) not in (None, [])}
    form = options.format or ("json" if options.json else "table")
    async with open_system(options.data, services=SERVICES) as system:
        if form in ("csv", "parquet", "arrow"):
            data = await ask_once(system.nc, f"query.{name}", {**request, "format": "arrow"})
            write_arrow(data, form)
        elif form == "json":
            async for chunk in ask(system.nc, f"query.{name}", request):
                sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
        else:
            data = await ask_once(system.nc, f"query.{name}", request)
            _show(name, [orjson.loads(line) for line in data.splitlines()])
    return 0


def _show(name: str, rows: list[Row]) -> None:
    if name == "packets":
        for row in rows:
            values = {label: shown(both["value"]) for label, both in row.pop("values").items()}
            print_table([row], title=row["packet"])
            print_table({"parameter": label, "value": value} for label, value in values.items())
    elif name == "counts":
        for row in rows:
            print_json(row)
    else:
        print_table(rows, _TABLES[name] if not (name == "history" and rows and "bucket" in rows[0]) else ())
