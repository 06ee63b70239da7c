"""`flightledger audit …`: is everything in the streams as it was appended? (Told in docs/audit.md.)

Who owns the data folder reads the streams here; a person who signed in may not and asks the audit service.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from commands.audit.document import head_json, report_json
from commands.audit.findings import Finding
from commands.audit.heads import parse_heads
from commands.audit.verify import verify
from infra.cli.audit_export import run_export, run_key, run_verifier
from infra.cli.jobs import request, run_job
from infra.cli.output import print_json
from infra.cli.progress import stream_bars
from infra.cli.target import target_of
from infra.program.system import open_system
from streams.heads import read_heads

Run = Callable[[argparse.Namespace], Coroutine[Any, Any, int]]


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `audit` and its verbs."""
    group = commands.add_parser("audit", parents=[common], help="prove that nothing was changed")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        verb: argparse.ArgumentParser = verbs.add_parser(name, parents=[common], help=text)
        verb.set_defaults(run=run)
        return verb

    check = add("verify", run_verify, "recompute hash chains and seals from the streams alone")
    check.add_argument(
        "--head",
        action="append",
        default=[],
        dest="heads",
        metavar="HEAD",
        help="a head written down before: STREAM:OFFSET:HASH, a hash, or a file with heads (may be repeated)",
    )
    add("head", run_head, "the heads of the chains as they are now, to be written down elsewhere")
    whole = add("export", run_export, "one signed file of events, frames and mission files")
    whole.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a file that does not exist yet"
    )
    whole.add_argument("--from", dest="start", metavar="T", help="frames recorded from T on: ISO 8601, UTC")
    whole.add_argument("--to", dest="end", metavar="T", help="frames recorded before T")
    whole.add_argument("--session", metavar="S", help="frames from the first to the last of this session")
    add("key", run_key, "the public key that exports are signed with, and its fingerprint")
    add("verifier", run_verifier, "the stand-alone program that verifies exports: … > verify.py")


async def run_verify(options: argparse.Namespace) -> int:
    """Verify; 1 when something is broken or a given head is not part of its stream."""
    heads = parse_heads(options.heads)
    async with open_system(target_of(options)) as system:
        if target_of(options).password:
            words = " ".join(str(head) if head.offset else head.hash for head in heads)
            asked = {"heads": words} if words else {}
            report = await run_job(system.nc, "verify", asked, "verifying", service="audit")
        else:
            with stream_bars() as tell:
                report = report_json(await verify(system.nc, heads, tell), heads)
    if options.json:
        print_json(report)
    else:
        _show(report)
    return 0 if report["good"] else 1


async def run_head(options: argparse.Namespace) -> int:
    """Print the heads of all streams that have something."""
    async with open_system(target_of(options)) as system:
        if target_of(options).password:
            found = await request(system.nc, "heads", {}, service="audit")
        else:
            heads = await read_heads(system.nc)
            found = {"at": time.time_ns(), "heads": [head_json(head) for head in heads]}
    if options.json:
        print_json(found)
    else:
        for head in found["heads"]:
            print(head["head"])
    return 0


def _show(report: dict[str, Any]) -> None:
    for stream, one in report["streams"].items():
        rate = f"{one['messages_per_s']:,.0f}/s, {one['mb_per_s']:.1f} MB/s"
        broken = f"BROKEN ({one['broken']} findings), proven up to offset {one['proven_to']}"
        print(f"{stream:<10} {one['messages']} messages ({rate}): {broken if one['broken'] else 'good'}")
        for finding in one["findings"]:
            print(f"  {Finding(**finding)}")
    if report["unsealed"]:
        print(f"remark     the last {report['unsealed']} frames are not sealed yet: nothing vouches for them")
    for head in report["hashes_not_found"]:
        print(f"NOT FOUND  no event and no seal has the hash {head}")
    if report["good"]:
        given = report["heads_given"]
        known = f", and {given} given heads are part of it" if given else ""
        print(f"good       nothing was changed since it was chained and sealed{known}")
        if not given:
            print("           (who could rewrite everything could do so unseen: keep `audit head` elsewhere)")
    else:
        print("NOT GOOD   see above")
