"""Verifications and heads as JSON: for the command line, the audit service and its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commands.audit.verify import Report, StreamReport
from streams.heads import Head

Json = dict[str, Any]


def report_json(report: Report, heads: Sequence[Head]) -> Json:
    """Return a verification whole; `heads` are those that it was given."""
    return {
        "good": report.good,
        "streams": {one.extent.stream: stream_json(one) for one in report.streams},
        "sealed_to": report.sealed_to,
        "unsealed": report.unsealed,
        "heads_given": len(heads),
        "hashes_not_found": [head.hash for head in report.unmet],
    }


def stream_json(one: StreamReport) -> Json:
    """Return what was found of one stream, and how fast."""
    return {
        "messages": one.messages,
        "last_offset": one.extent.end,
        "bytes": one.extent.bytes,
        "seconds": one.seconds,
        "messages_per_s": one.messages / max(one.seconds, 1e-9),
        "mb_per_s": one.extent.bytes / 1e6 / max(one.seconds, 1e-9),
        "proven_to": one.proven_to,
        "head": head_json(one.head),
        "broken": one.findings.count,
        "findings": [finding._asdict() for finding in one.findings.kept],
    }


def head_json(head: Head | None) -> Json | None:
    """Return a head with the word that `audit verify --head` takes."""
    return head and {"stream": head.stream, "offset": head.offset, "hash": head.hash, "head": str(head)}


def outcome_json(report: Json) -> Json:
    """Return what of a verification stands in its event: how far each stream is proven, what broke first.

    The first broken offset is the least, which need not be the one that was found first.
    """
    streams = {
        name: {
            "messages": one["messages"],
            "last_offset": one["last_offset"],
            "proven_to": one["proven_to"],
            "broken": one["broken"],
            "first_broken": min(one["findings"], key=lambda found: found["offset"], default=None),
        }
        for name, one in report["streams"].items()
    }
    kept = ("good", "sealed_to", "unsealed", "heads_given", "hashes_not_found")
    return {**{key: report[key] for key in kept}, "streams": streams}
