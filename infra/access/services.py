"""Accounts of the services, and what each may do: as little as its work needs.

FRAMES is written by the IO service alone (and by an import), COMMANDS by the telecommand service and by the
IO service, which claims and sends. Every service may answer whoever asks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.access.grants import NEVER, TRUTH, Grants, inbox

LOCAL = "local"
"""Programs that can read the data folder have an account like a service: the command line, `up` itself."""

ANONYMOUS = "anonymous"
"""What a connection without a name is taken for while there is no user."""

PREFIX = "service-"

_ALL_STREAMS = (*TRUTH, "TELEMETRY")

_MAKING = (
    *tuple(
        f"$JS.API.STREAM.{verb}.{stream}"
        for verb in ("INFO", "CREATE")
        for stream in (*_ALL_STREAMS, "KV_dashboards")
    ),
    "$JS.API.STREAM.NAMES",
)
"""Whoever is started first makes the streams; making one that is there changes nothing."""


@dataclass(frozen=True)
class _Work:
    """What a service does: streams it reads, subjects it appends or sends to, subjects it serves or hears."""

    reads: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    hears: tuple[str, ...] = ()


_WORK: dict[str, _Work] = {
    "io": _Work(
        ("FRAMES", "COMMANDS", "OPERATIONS"),
        ("frame.>", "command.>", "operation.>"),
        ("command.>", "uplink.>"),
    ),
    "parser": _Work(
        ("FRAMES", "TELEMETRY", "OPERATIONS"), ("telemetry.>", "parsed.>", "operation.>"), ("parser.>",)
    ),
    "writer": _Work(_ALL_STREAMS, ("parser.restart", "operation.writer-restarted"), ("writer.>",)),
    "query": _Work(_ALL_STREAMS, (), ("query.>",)),
    "generation": _Work(("FRAMES", "OPERATIONS"), ("operation.>", "progress.>"), ("generation.>",)),
    "replay": _Work(("OPERATIONS",), ("operation.>", "replay.*.telemetry.>"), ("replay.>",)),
    "telecommand": _Work(
        ("COMMANDS", "TELEMETRY", "OPERATIONS"),
        ("command.>", "operation.>", "uplink.>"),
        ("telecommand.>", "telemetry.>", "command.>", "operation.>"),
    ),
    "audit": _Work(("FRAMES", "COMMANDS", "OPERATIONS"), ("operation.>", "progress.>"), ("audit.>",)),
    "sealer": _Work(("FRAMES", "COMMANDS", "OPERATIONS"), ("operation.>",), ("sealer.>",)),
}


def account_names() -> tuple[str, ...]:
    """Return the names of all services that have an account, and `local`."""
    return (*_WORK, LOCAL)


def signs_in_as(name: str) -> str:
    """Return the NATS user of a service; no person's name begins like it."""
    return f"{PREFIX}{name}"


def grants_of_service(name: str) -> Grants:
    """Return what a service, or `local`, may do; KeyError for one that has no account.

    `local` may do everything but delete from the truth.
    """
    if name == LOCAL:
        return Grants(publish=(">",), subscribe=(">",), deny=NEVER)
    work = _WORK[name]
    return Grants(
        publish=(*work.sends, *_MAKING, *_reading(work.reads), "_INBOX.>", "_R_.>"),
        subscribe=(f"{inbox(signs_in_as(name))}.>", "$SRV.>", "__telestion__.health", *work.hears),
    )


def grants_of_anonymous() -> Grants:
    """Return what anyone on this machine may do while there is no user: no stream of the truth is bent."""
    updates = tuple(f"$JS.API.STREAM.UPDATE.{stream}" for stream in TRUTH)
    return Grants(publish=(">",), subscribe=(">",), deny=(*NEVER, *updates))


def _reading(streams: Iterable[str]) -> Iterable[str]:
    """Yield the JetStream requests of a reader: single messages, and consumers of its own."""
    for stream in streams:
        yield f"$JS.API.STREAM.MSG.GET.{stream}"
        yield f"$JS.API.DIRECT.GET.{stream}"
        yield f"$JS.API.DIRECT.GET.{stream}.>"
        yield f"$JS.API.CONSUMER.CREATE.{stream}"
        yield f"$JS.API.CONSUMER.CREATE.{stream}.>"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>"
        yield f"$JS.API.CONSUMER.DELETE.{stream}.>"
