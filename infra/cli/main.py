"""`flightledger`: one program for everything, described in docs/user-guide.md.

Exit code 0: done; 1: the answer is "no"; 2: wrong use, bad input, or something that does not work.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from nats.errors import Error as NatsError

from infra.cli.target import add_options
from infra.errors import FlightLedgerError
from infra.log_lines import log_to_stderr
from infra.service import run

COMMANDS = {
    "up": "services",
    "service": "services",
    "simulate": "demo",
    "demo": "demo",
    "import": "imports",
    "query": "queries",
    "origin": "origin",
    "parser": "restart",
    "writer": "restart",
    "command": "command",
    "reprocess": "generations",
    "generations": "generations",
    "rebuild": "rebuild",
    "archive": "archive",
    "replay": "replay",
    "replays": "replay",
    "report": "report",
    "audit": "audit",
    "user": "users",
    "doctor": "doctor",
}
"""Each command's module in `infra.cli`; only the given one's is loaded: all of them take half a second."""


def build_parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Return the command line's grammar: the given command's part, or all of it where none is named."""
    common = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_options(common)
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer as JSON")
    main_parser = argparse.ArgumentParser(
        prog="flightledger",
        description="Event-sourced ground station: every frame kept, every number traceable to its bytes.",
        parents=[common],
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    named = _named(common, given)
    for module in [COMMANDS[named]] if named in COMMANDS else dict.fromkeys(COMMANDS.values()):
        import_module(f"infra.cli.{module}").add_commands(commands, common)
    return main_parser


def _named(common: argparse.ArgumentParser, given: Sequence[str]) -> str:
    """Return the first word that is not of the common options."""
    try:
        return next(iter(common.parse_known_args(given)[1]), "")
    except argparse.ArgumentError:  # the whole grammar will say it
        return ""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if args is None else args)
    options = build_parser(given).parse_args(given)
    options.data = getattr(options, "data", Path("data"))
    options.json = getattr(options, "json", False)
    if options.command != "service":  # a service logs under its own name, as it is configured
        log_to_stderr("flightledger", getattr(options, "log_level", "WARNING"))
    try:
        return run(options.run(options))
    except FlightLedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, `head` for one, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NatsError, OSError) as error:
        print(f"error: {' '.join(str(error).split()) or repr(error)}", file=sys.stderr)
        return FlightLedgerError.exit_code
    except Exception:  # a mistake of ours: 1, which Python would end with, is the answer "no"
        traceback.print_exc()
        return FlightLedgerError.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
