"""The results for people (a table as they come in) and for programs (one JSON document)."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Outcome, Rate


def machine() -> dict[str, object]:
    """What the figures were measured on, and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def print_outcome(name: str, outcome: Outcome, seconds: float) -> None:
    """Show one measurement."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(f"\n[bold]{name}[/bold]   {seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    if outcome.rates:
        console.print(_table(outcome.rates))
    for key, value in outcome.facts.items():
        console.print(f"  {key}: {value}", markup=False)
    if outcome.skipped:
        console.print(f"  skipped: {outcome.skipped}", markup=False)
    if outcome.failure:
        console.print(f"  FAILED: {outcome.failure}", style="red", markup=False)


def _table(rates: list[Rate]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for title in ("measured", "here", "baseline", "ratio", "aim", ""):
        table.add_column(title, justify="left" if title in ("measured", "") else "right")
    for rate in rates:
        aim = "" if rate.aim is None else f"{rate.aim:g}"
        verdict = "" if rate.aim is None else "reached" if rate.reached else "MISSED"
        table.add_row(
            rate.what,
            f"{rate.here:,.0f} {rate.unit}",
            f"{rate.baseline:,.0f}",
            f"{rate.ratio:.2f}",
            aim,
            f"{verdict}  against {rate.against}".strip(),
        )
    return table


def print_json(outcomes: Mapping[str, Outcome]) -> None:
    """Print everything as one document."""
    document: dict[str, Any] = {
        "machine": machine(),
        "measurements": {name: outcome.as_json() for name, outcome in outcomes.items()},
    }
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str) + b"\n")
