"""`flightledger audit …`: is everything in the streams as it was appended? (Told in docs/audit.md.)"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from commands.audit.document import head_json, report_json, stream_json
from commands.audit.heads import parse_heads
from commands.audit.verify import Report, verify
from infra.cli.audit_export import run_export, run_key, run_verifier
from infra.cli.output import print_json
from infra.cli.progress import stream_bars
from infra.cli.target import target_of
from infra.program.system import open_system
from streams.heads import Head, read_heads

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
        with stream_bars() as tell:
            report = await verify(system.nc, heads, tell)
    if options.json:
        print_json(report_json(report, heads))
    else:
        _show(report, heads)
    return 0 if report.good else 1


async def run_head(options: argparse.Namespace) -> int:
    """Print the heads of all streams that have something."""
    async with open_system(target_of(options)) as system:
        heads = await read_heads(system.nc)
    if options.json:
        print_json({"at": time.time_ns(), "heads": [head_json(head) for head in heads]})
    else:
        for head in heads:
            print(head)
    return 0


def _show(report: Report, heads: list[Head]) -> None:
    for one in report.streams:
        figures = stream_json(one)
        rate = f"{figures['messages_per_s']:,.0f}/s, {figures['mb_per_s']:.1f} MB/s"
        broken = f"BROKEN ({one.findings.count} findings), proven up to offset {one.proven_to}"
        verdict = broken if one.findings.count else "good"
        print(f"{one.extent.stream:<10} {one.messages} messages ({rate}): {verdict}")
        for finding in one.findings.kept:
            print(f"  {finding}")
    if report.unsealed:
        print(f"remark     the last {report.unsealed} frames are not sealed yet: nothing vouches for them")
    for head in report.unmet:
        print(f"NOT FOUND  no event and no seal has the hash {head.hash}")
    if report.good:
        known = f", and {len(heads)} given heads are part of it" if heads else ""
        print(f"good       nothing was changed since it was chained and sealed{known}")
        if not heads:
            print("           (who could rewrite everything could do so unseen: keep `audit head` elsewhere)")
    else:
        print("NOT GOOD   see above")
