"""`flightledger`: one program for everything, described in docs/user-guide.md.

Exit code 0: done; 1: the answer is "no"; 2: wrong use, bad input, or something that does not work.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from nats.errors import Error as NatsError

from infra.cli import (
    archive,
    audit,
    command,
    demo,
    doctor,
    generations,
    imports,
    origin,
    parser,
    queries,
    replay,
    report,
    services,
    users,
)
from infra.cli.target import add_options
from infra.errors import FlightLedgerError
from infra.log_lines import log_to_stderr
from infra.service import run

_COMMANDS = (
    services,
    demo,
    imports,
    queries,
    origin,
    parser,
    command,
    generations,
    archive,
    replay,
    report,
    audit,
    users,
    doctor,
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's grammar; each command module adds its own part."""
    common = argparse.ArgumentParser(add_help=False)
    add_options(common)
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer as JSON")
    main_parser = argparse.ArgumentParser(
        prog="flightledger",
        description="Event-sourced ground station: every frame kept, every number traceable to its bytes.",
        parents=[common],
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_commands(commands, common)
    return main_parser


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if args is None else args)
    options = build_parser().parse_args(given)
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
