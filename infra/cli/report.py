"""`flightledger report`: one HTML file of a flight, readable offline."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.cli.output import Row, console, print_json
from infra.cli.target import target_of
from infra.connection import without_password
from infra.errors import ConfigError
from infra.program.system import open_system
from projections.report import gather, render
from streams.answers import ask_rows

SERVICES = ("query",)
_ABOUT = ("from", "to", "session", "generation", "as_of")
_WITHIN_S = 600.0


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `report`."""
    command = commands.add_parser(
        "report", parents=[common], help="one HTML file of a flight: timeline, plots, gaps, alarms, digests"
    )
    command.add_argument("--from", metavar="T", help="generated time: ISO 8601, UTC, or ns since 1970")
    command.add_argument("--to", metavar="T")
    command.add_argument("--session", metavar="S", help="one session only")
    command.add_argument("--generation", metavar="G", help="default: the live one (at T with --as-of)")
    command.add_argument("--as-of", metavar="T", help="everything as it was known at T")
    command.add_argument(
        "--out", type=Path, default=Path("flight-report.html"), metavar="FILE", help="default: %(default)s"
    )
    command.set_defaults(run=run_report)


async def run_report(options: argparse.Namespace) -> int:
    """Write the report and say where it is."""
    wanted = {key: vars(options)[key] for key in _ABOUT if vars(options)[key]}
    async with open_system(target_of(options), services=SERVICES) as system:

        async def ask(name: str, question: Mapping[str, Any]) -> list[Row]:
            return await ask_rows(system.nc, f"query.{name}", question, timeout=_WITHIN_S)

        flight = await gather(ask, wanted)
    page = render(flight, command=_command(options, wanted), made=datetime.now(UTC))
    try:
        options.out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"the report cannot be written: {error.strerror}", where=str(options.out), fix="name another file"
        ) from error
    generation = flight.generation["generation"]
    done = {"file": str(options.out), "bytes": len(page.encode()), "generation": generation}
    if options.json:
        print_json(done)
    else:
        console().print(f"{done['file']}: {done['bytes'] / 1e3:,.0f} kB, generation {generation}")
    return 0


def _command(options: argparse.Namespace, wanted: Mapping[str, str]) -> str:
    """Return the command that makes this report; no password is ever part of one."""
    url = getattr(options, "nats_url", "")
    place = ["--nats-url", without_password(url)] if url else ["--data", str(options.data)]
    words = ["flightledger", *place, "report"]
    for key, value in wanted.items():
        words += [f"--{key.replace('_', '-')}", value]
    return shlex.join([*words, "--out", str(options.out)])
