"""The bus: the server's version and limits, and the streams as they should be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig

from infra.access.grants import TRUTH
from infra.embedded.nats_process import MAX_PAYLOAD
from infra.program.checks.finding import Finding, ok, problem, remark
from streams.event_log import stream_configs

OLDEST = (2, 12)
"""Atomic batches (ADR-50) came with this nats-server."""

FURTHEST_CLOCK_S = 1.0

_UNLIMITED = {"max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msgs_per_subject": -1, "max_msg_size": -1}
_FIX = "nothing was lost by it yet as long as its first offset is 1; make it right with: nats stream edit"


async def check_bus(nc: Client) -> list[Finding]:
    """Look at the nats-server: its version, the largest message, its clock beside this machine's."""
    found_version = nc.connected_server_version
    version = f"{found_version.major}.{found_version.minor}.{found_version.patch}"
    text = f"nats-server {version}, messages up to {nc.max_payload / 1024**2:g} MB"
    found = []
    if (found_version.major, found_version.minor) < OLDEST:
        fix = f"use {OLDEST[0]}.{OLDEST[1]} or newer: batches of frames need it"
        found.append(problem("nats", f"nats-server {version} is too old", fix))
    if nc.max_payload < MAX_PAYLOAD:
        fix = f"set max_payload to {MAX_PAYLOAD} in its configuration"
        found.append(remark("nats", f"{text}: larger frames are refused", fix))
    found += await _clock(nc)
    return found or [ok("nats", text)]


async def check_streams(nc: Client) -> list[Finding]:
    """Look whether each stream is as it should be, and whether the truth is whole."""
    found = []
    for config in stream_configs():
        info = await _stream_info(nc, str(config.name))
        if info is None:
            fix = "start the program once, or any service"
            found.append(problem("streams", f"there is no stream {config.name}", fix))
            continue
        found += differences(config, info["config"])
        if config.name in TRUTH:
            found += losses(str(config.name), info["state"])
        state = info["state"]
        text = f"{config.name}: {state['messages']} messages, {state['bytes'] / 1e6:.1f} MB"
        found.append(ok("streams", f"{text}, last offset {state['last_seq']}"))
    return found


def differences(wanted: StreamConfig, found: dict[str, Any]) -> list[Finding]:
    """Compare a stream's configuration with the one that it should have."""
    expected = {key: value for key, value in wanted.as_dict().items() if value is not None}
    if wanted.name in TRUTH:
        expected |= _UNLIMITED
    return [
        problem("streams", f"{wanted.name}: {key} is {found.get(key)!r}, not {value!r}", _FIX)
        for key, value in expected.items()
        if not _same(found.get(key), value)
    ]


def losses(stream: str, state: dict[str, Any]) -> list[Finding]:
    """Look whether a stream that only ever grows has all its messages, from offset 1 on."""
    missing = state["last_seq"] - state["messages"]
    if missing == 0:
        return []
    text = (
        f"{stream}: {missing} of {state['last_seq']} messages are missing (first offset {state['first_seq']})"
    )
    return [problem("streams", text, "the truth was cut: see `flightledger audit verify`, restore a backup")]


def _same(found: Any, wanted: Any) -> bool:
    """Compare values; what the server leaves out is nothing, zero or false."""
    if isinstance(wanted, list):
        return sorted(found or []) == sorted(wanted)
    return bool((found or 0) == (wanted or 0))


async def _stream_info(nc: Client, stream: str) -> dict[str, Any] | None:
    answer = orjson.loads((await nc.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5.0)).data)
    return None if "error" in answer else dict(answer)


async def _clock(nc: Client) -> list[Finding]:
    """Compare the server's clock, which stamps recorded times, with this machine's, which stamps received."""
    try:
        before = datetime.now(UTC)
        info = await _stream_info(nc, TRUTH[0])
        after = datetime.now(UTC)
    except (NatsError, TimeoutError):
        return []
    if info is None or "ts" not in info:
        return []
    server = datetime.fromisoformat(info["ts"].rstrip("Z")[:26]).replace(tzinfo=UTC)
    apart = max((before - server).total_seconds(), (server - after).total_seconds(), 0.0)
    if apart <= FURTHEST_CLOCK_S:
        return []
    text = f"the clocks of nats-server and of this machine are {apart:.1f} s apart"
    return [problem("clock", text, "keep both right by NTP: received and recorded times would contradict")]
