"""`flightledger doctor`: looks at everything that can go wrong in operation, and says what to do."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from infra.cli.output import console, print_json
from infra.cli.target import target_of
from infra.program.checks import State, examine

_STYLES = {State.OK: "green", State.REMARK: "yellow", State.PROBLEM: "bold red"}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `doctor`."""
    command = commands.add_parser(
        "doctor", parents=[common], help="checks servers, streams, lag, disk, users, and says what to do"
    )
    command.set_defaults(run=run_doctor)


async def run_doctor(options: argparse.Namespace) -> int:
    """Check everything; 1 when something needs action."""
    findings = await examine(target_of(options))
    problems = sum(finding.state is State.PROBLEM for finding in findings)
    if options.json:
        print_json({"problems": problems, "findings": [asdict(finding) for finding in findings]})
        return 1 if problems else 0
    out = console()
    for finding in findings:
        out.print(f"{finding.state:<8}", style=_STYLES[finding.state], end="")
        out.print(f" {finding.check:<12} {finding.what}", soft_wrap=True, markup=False)
        if finding.fix:
            out.print(f"{'':<21} → {finding.fix}", soft_wrap=True, markup=False)
    out.print("\nnothing needs action" if not problems else f"\n{problems} need action")
    return 1 if problems else 0
