"""`python -m benchmarks [NAME…]`. Exit code 0: every aim reached; 1: one is not; 2: wrong use."""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Sequence

from benchmarks.figures import Outcome, SkippedError, WrongResultError
from benchmarks.options import Options
from benchmarks.report import print_json, print_outcome
from infra.errors import FlightLedgerError

MEASUREMENTS = {
    "decode": "benchmarks.decode",
    "decode-numpy": "benchmarks.decode_numpy",
    "import": "benchmarks.import_rate",
    "replay": "benchmarks.replay",
    "console": "benchmarks.console",
    "history": "benchmarks.history",
    "reprocess": "benchmarks.reprocess",
    "memory": "benchmarks.memory",
    "fuzz": "benchmarks.fuzz",
    "page": "benchmarks.page",
}
"""Names and modules in the order of a full run; each module has `run(options) -> Outcome`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for and show it."""
    grammar = _grammar()
    options = grammar.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MEASUREMENTS]:
        grammar.error(f"there is no measurement {unknown[0]!r}; known are {', '.join(MEASUREMENTS)}")
    chosen = options.names or list(MEASUREMENTS)
    settings = Options(rounds=options.rounds, frames=options.frames, seed=options.seed)
    outcomes: dict[str, Outcome] = {}
    for name in chosen:
        begin = time.perf_counter()
        outcomes[name] = _measure(importlib.import_module(MEASUREMENTS[name]).run, settings)
        if not options.json:
            print_outcome(name, outcomes[name], time.perf_counter() - begin)
    if options.json:
        print_json(outcomes)
    return 0 if all(outcome.good for outcome in outcomes.values()) else 1


def _grammar() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What is measured.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--rounds", type=int, default=Options.rounds, metavar="N", help="turns of each side")
    parser.add_argument(
        "--frames", type=int, default=Options.frames, metavar="N", help="frames of reprocess, memory and fuzz"
    )
    parser.add_argument("--seed", type=int, default=Options.seed, metavar="N", help="seed of fuzz")
    return parser


def _measure(run: Callable[[Options], Outcome], options: Options) -> Outcome:
    try:
        return run(options)
    except SkippedError as reason:
        return Outcome(skipped=str(reason))
    except (WrongResultError, FlightLedgerError) as error:
        return Outcome(failure=str(error))


if __name__ == "__main__":
    raise SystemExit(main())
