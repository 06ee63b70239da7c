"""`flightledger query …`: questions to the query service."""

from __future__ import annotations

import argparse
import sys
from contextlib import aclosing
from typing import Any

import orjson
from nats.aio.client import Client

from infra.cli.output import FILES, FORMATS, Row, print_json, print_table, shown, write_file
from infra.cli.target import target_of
from infra.program.system import open_system
from streams.answers import ask

SERVICES = ("query",)
SHOWN_ROWS = 1_000
"""A table for people ends here; the other forms have all rows."""

_FIELDS = (
    "from", "to", "as_of", "generation", "session", "limit", "parameters", "packet", "points", "method",
    "result", "query", "id", "issuer", "name", "state", "link", "event", "who", "at",
)  # fmt: skip
_WITHOUT_FILE = ("latest", "console", "counts", "offsets", "sessions")
_LATEST = ("parameter", "value", "unit", "alarm", "raw", "packet", "time", "received", "frame_offset")
_CONSOLE = (
    "packet",
    "parameter",
    "value",
    "unit",
    "alarm",
    "age",
    "raw",
    "time",
    "frame_offset",
    "generation",
)
_ALARMS = (
    "recorded", "parameter", "packet", "level_before", "level", "value", "time", "link", "session",
    "frame_offset",
)  # fmt: skip
_QUARANTINE = ("frame_offset", "packet_index", "stage", "reason", "decoded", "received", "size", "bytes")
_GAPS = (
    "link", "session", "apid", "missing", "filled", "still_missing", "filled_by", "previous_count",
    "sequence_count", "previous_time", "time", "frame_offset",
)  # fmt: skip
_SESSIONS = (
    "link", "session", "frames", "packets", "quarantined", "first_received", "last_received", "first_time",
    "last_time", "first_frame", "last_frame",
)  # fmt: skip
_COLUMNS: dict[str, tuple[str, ...]] = {
    "latest": _LATEST,
    "console": _CONSOLE,
    "alarms": _ALARMS,
    "quarantine": _QUARANTINE,
    "sessions": _SESSIONS,
    "gaps": _GAPS,
    "telecommands": (
        "telecommand", "name", "state", "issuer", "link", "submitted", "sent", "ended", "reason",
    ),
    "telecommand_events": ("event_offset", "recorded", "telecommand", "event", "who", "why", "frame_offset"),
}  # fmt: skip
_TELECOMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "telecommands": (
        "telecommands and their state, now or as of a time", ("id", "issuer", "name", "state", "link"),
    ),
    "telecommand_events": ("the events of telecommands", ("id", "event", "who")),
}  # fmt: skip


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `query` and its questions."""
    query = commands.add_parser("query", parents=[common], help="ask the projections")
    questions = query.add_subparsers(dest="question", required=True, metavar="QUESTION")
    when, span = _when_options(), _span_options()

    def add(name: str, text: str, *scopes: argparse.ArgumentParser) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = questions.add_parser(name, parents=[common, *scopes], help=text)
        forms = [form for form in FORMATS if not (name in _WITHOUT_FILE and form in FILES)]
        command.add_argument("--format", choices=forms, help="default: table, or json with --json")
        command.set_defaults(run=run_query)
        return command

    def limited(command: argparse.ArgumentParser, text: str = "at most N rows") -> argparse.ArgumentParser:
        command.add_argument("--limit", type=int, metavar="N", help=text)
        return command

    latest = add("latest", "the newest sample of each parameter", when)
    latest.add_argument("parameters", nargs="*", metavar="PARAM")
    latest.add_argument("--packet", metavar="NAME")
    console = add("console", "the whole board: every parameter, its newest sample, age and alarm", when)
    console.add_argument("--at", metavar="T", help="what is known about T, instead of what was known at T")
    history = limited(add("history", "samples of parameters", when, span), "at most N rows of each parameter")
    history.add_argument("parameters", nargs="+", metavar="PARAM")
    history.add_argument("--points", type=int, metavar="N", help="N buckets or points, made in the database")
    history.add_argument(
        "--method",
        choices=["buckets", "lttb"],
        help="min, max, mean and last of each bucket (default), or samples that keep the curve's shape",
    )
    alarms = limited(add("alarms", "changes of alarm levels", when, span))
    alarms.add_argument("parameters", nargs="*", metavar="PARAM")
    limited(add("packets", "packets with all their values", when, span)).add_argument(
        "--packet", metavar="NAME"
    )
    limited(add("frames", "frames and what became of them", when, span)).add_argument(
        "--result", choices=["parsed", "partly", "quarantined", "empty"]
    )
    limited(add("quarantine", "what was wrong, and where", when, span))
    limited(add("gaps", "missing sequence counts", when, span))
    add("sessions", "the sessions of each link: frames, packets, times", when, span)
    add("counts", "how much there is of everything", when, span)
    add("offsets", "how far the projections are")
    sql = add("sql", "one SELECT over the projections, read-only and limited")
    sql.add_argument("query", metavar="SELECT")
    for name, (text, filters) in _TELECOMMANDS.items():
        asked = limited(add(name, text, span))
        asked.add_argument(
            "--as-of", metavar="T", help="what was known at T: ISO 8601, UTC, or ns since 1970"
        )
        for key in filters:
            asked.add_argument(f"--{key}", metavar=key.upper())


def _when_options() -> argparse.ArgumentParser:
    when = argparse.ArgumentParser(add_help=False)
    when.add_argument("--as-of", metavar="T", help="what was known at T: ISO 8601, UTC, or ns since 1970")
    when.add_argument("--generation", metavar="G", help="default: the live one (at T with --as-of)")
    when.add_argument("--session", metavar="S", help="one session only")
    return when


def _span_options() -> argparse.ArgumentParser:
    span = argparse.ArgumentParser(add_help=False)
    axis = "generated time, else received; for frames and quarantine received"
    span.add_argument("--from", metavar="T", help=f"ISO 8601, UTC, or ns since 1970 ({axis})")
    span.add_argument("--to", metavar="T")
    return span


async def run_query(options: argparse.Namespace) -> int:
    """Ask, and show the answer as it arrives."""
    given = vars(options)
    request = {key: given[key] for key in _FIELDS if given.get(key) not in (None, [])}
    form = options.format or ("json" if options.json else "table")
    async with open_system(target_of(options), services=SERVICES) as system:
        if form in FILES:
            await write_file(
                ask(system.nc, f"query.{options.question}", {**request, "format": "arrow"}), form
            )
        elif form == "json":
            async with aclosing(ask(system.nc, f"query.{options.question}", request)) as chunks:
                async for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
        else:
            await _show(system.nc, options.question, request)
    return 0


async def _show(nc: Client, question: str, request: dict[str, Any]) -> None:
    """Show at most `SHOWN_ROWS`, and say so when there is more; what is not shown is not asked for."""
    bounded = question not in (*_WITHOUT_FILE, "sql") and "limit" not in request
    wanted = {**request, "limit": SHOWN_ROWS + 1} if bounded else request
    rows: list[Row] = []
    held = b""
    async for chunk in ask(nc, f"query.{question}", wanted):
        *lines, held = (held + chunk).split(b"\n")
        rows += map(orjson.loads, lines)
    _print(question, rows[:SHOWN_ROWS] if bounded else rows)
    if bounded and len(rows) > SHOWN_ROWS:
        print(f"only {SHOWN_ROWS} rows are shown: give --limit, or --json for all", file=sys.stderr)


def _print(question: str, rows: list[Row]) -> None:
    if question == "counts":
        for row in rows:
            print_json(row)
    elif question == "packets" and rows:
        for row in rows:
            values = {label: shown(both["value"]) for label, both in row.pop("values").items()}
            print_table([row], title=row["packet"])
            print_table({"parameter": label, "value": value} for label, value in values.items())
    elif question == "history":
        for kind in dict.fromkeys(tuple(row) for row in rows) or [()]:
            print_table([row for row in rows if tuple(row) == kind])
    else:
        print_table(rows, _COLUMNS.get(question, ()))
