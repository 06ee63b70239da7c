"""`flightledger archive …`: is the frame archive what was sealed, and how far is it?"""

from __future__ import annotations

import argparse
from typing import Any

from infra.cli.jobs import run_job
from infra.cli.output import console, print_json
from infra.cli.target import target_of
from infra.program.system import open_system

SERVICES = ("query", "generation")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `archive` and its verbs."""
    group = commands.add_parser(
        "archive", parents=[common], help="the columnar copy of FRAMES: verify, rebuild"
    )
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser(
        "verify", parents=[common], help="against its seals; exit code 1 where it differs"
    )
    verify.set_defaults(run=run_verify)
    again = verbs.add_parser("rebuild", parents=[common], help="write it again from FRAMES, up to its end")
    again.set_defaults(run=run_rebuild)


async def run_verify(options: argparse.Namespace) -> int:
    """Verify; 1 when a sealed stretch of the archive is not what was sealed."""
    async with open_system(target_of(options), services=SERVICES) as system:
        found = await run_job(system.nc, "verify-archive", {}, "verify")
    if options.json:
        print_json(found)
    else:
        _show(found)
    return 0 if found["good"] else 1


async def run_rebuild(options: argparse.Namespace) -> int:
    """Write the archive again."""
    async with open_system(target_of(options), services=SERVICES) as system:
        done = await run_job(system.nc, "rebuild-archive", {}, "rebuild")
    if options.json:
        print_json(done)
    else:
        out = console()
        out.print(f"archive    frames up to {done['archived_to']}, {done['again']} of them written again")
        out.print("\nProve it: archive verify")
    return 0


def _show(found: dict[str, Any]) -> None:
    out = console()
    rate = found["frames"] / max(found["seconds"], 1e-9)
    verdict = f"NOT WHAT WAS SEALED ({found['broken']} stretches)" if found["broken"] else "what was sealed"
    out.print(f"archive    {found['frames']} frames under {found['seals']} seals ({rate:,.0f}/s): {verdict}")
    for wrong in found["wrong"]:
        seal = f"the seal over {wrong['first']} to {wrong['last']} (OPERATIONS offset {wrong['event']})"
        out.print(f"  archive offset {wrong['offset']}: {wrong['what']} than {seal} says")
    for event in found["unreadable"]:
        out.print(f"  OPERATIONS offset {event}: no seal that can be read; run `audit verify`")
    if found["unsealed"]:
        out.print(
            f"remark     {found['unsealed']} archived frames are not sealed yet: nothing vouches for them"
        )
    if found["missing"]:
        out.print(f"remark     {found['missing']} frames of FRAMES are not archived yet")
    if not found["good"]:
        out.print("\nMake it again from FRAMES: archive rebuild   (are those good? audit verify)")
