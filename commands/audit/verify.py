"""`audit verify`: recomputes every hash and every seal from the streams alone.

OPERATIONS first, as a chain; then COMMANDS as a chain, against the hashes that OPERATIONS noted of it; then
FRAMES against the seals in OPERATIONS. All in batches, so streams of any size fit into memory. The proof by
tampering with a server's files: `tests/faults/test_tampering.py`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import orjson
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from commands.audit.chain_check import ChainCheck
from commands.audit.findings import Finding, Findings
from commands.audit.heads import Pins
from commands.audit.seal_check import SealCheck
from infra.errors import StreamError
from streams import names
from streams.heads import Head
from streams.read import Message, read_up_to
from streams.seal import SEALED
from streams.sealer import COMMANDS_SEALED

Progress = Callable[[str, int, int], None]
"""Told the stream, the offset that is done and the last offset."""


class Check(Protocol):
    """What takes the messages of one stream in their order and judges them."""

    findings: Findings
    messages: int

    @property
    def head(self) -> Head | None:
        """The last hash, None before the first."""

    @property
    def proven_to(self) -> int:
        """The last offset up to which everything is proven to be as it was appended."""

    def add(self, messages: Sequence[Message], /) -> None:
        """Take the messages that follow."""

    def finish(self, end: int) -> None:
        """Say at which offset the stream ends."""


class Extent(NamedTuple):
    """A stream at the beginning of a verification: its last offset, and its bytes as the server counts."""

    stream: str
    end: int
    bytes: int


class StreamReport(NamedTuple):
    """What was found of one stream."""

    extent: Extent
    messages: int
    seconds: float
    proven_to: int
    head: Head | None
    findings: Findings


@dataclass(frozen=True)
class Report:
    """The outcome of a verification; `unmet` are given hashes that no event and no seal has."""

    streams: tuple[StreamReport, ...]
    sealed_to: int
    unmet: tuple[Head, ...]

    @property
    def findings(self) -> list[Finding]:
        """The findings that were kept, stream by stream."""
        return [finding for one in self.streams for finding in one.findings.kept]

    @property
    def good(self) -> bool:
        """Whether nothing is broken and every given head was met."""
        return not any(one.findings.count for one in self.streams) and not self.unmet

    @property
    def unsealed(self) -> int:
        """How many frames at the end no seal covers yet."""
        return max(0, self.streams[-1].extent.end - self.sealed_to)


async def verify(
    nc: Client, heads: Sequence[Head] = (), progress: Progress = lambda stream, done, end: None
) -> Report:
    """Verify all streams as they are now, and that `heads` are part of them.

    Raises StreamError when a stream does not exist.
    """
    pins = Pins(heads)
    # OPERATIONS is measured first: what it says of the others they have by then
    told, commands, frames = [
        await _extent(nc, stream) for stream in (names.OPERATIONS, names.COMMANDS, names.FRAMES)
    ]
    seals = SealCheck(pins)
    notes = _Ahead(nc, COMMANDS_SEALED, told.end, lambda message: _note(pins, message))
    seal_events = _Ahead(nc, SEALED, told.end, seals.expect)
    streams = (
        await _check_stream(nc, told, ChainCheck(told.stream, pins), None, progress),
        await _check_stream(nc, commands, ChainCheck(commands.stream, pins), notes, progress),
        await _check_stream(nc, frames, seals, seal_events, progress),
    )
    return Report(streams, seals.sealed_to, tuple(pins.left("")))


async def _extent(nc: Client, stream: str) -> Extent:
    try:
        state = (await nc.jetstream().stream_info(stream)).state
    except NotFoundError as error:
        fix = "is this the right data folder? Somebody may have deleted the stream"
        raise StreamError("the stream does not exist", where=stream, fix=fix) from error
    return Extent(stream, int(state.last_seq), int(state.bytes))


async def _check_stream(
    nc: Client, extent: Extent, check: Check, ahead: _Ahead | None, progress: Progress
) -> StreamReport:
    begun = time.perf_counter()
    async for batch in read_up_to(nc, extent.stream, extent.end):
        if batch:
            if ahead is not None:
                await ahead.up_to(batch[-1].offset)
            check.add(batch)
            progress(extent.stream, batch[-1].offset, extent.end)
    if ahead is not None:
        await ahead.up_to(sys.maxsize)
    check.finish(extent.end)
    seconds = time.perf_counter() - begun
    return StreamReport(extent, check.messages, seconds, check.proven_to, check.head, check.findings)


class _Ahead:
    """The events of one kind in OPERATIONS, read as far ahead as the stream that they speak of needs them.

    `take` gets each event and returns the offset up to which the events so far speak.
    """

    def __init__(self, nc: Client, kind: str, end: int, take: Callable[[Message], int]) -> None:
        self._events = _one_by_one(
            read_up_to(nc, names.OPERATIONS, end, subject=names.operation_subject(kind))
        )
        self._take = take
        self._reached = 0

    async def up_to(self, offset: int) -> None:
        """Hand over events until they speak of `offset`, or there are no more."""
        while self._reached < offset:
            event = await anext(self._events, None)
            self._reached = sys.maxsize if event is None else max(self._reached, self._take(event))


async def _one_by_one(batches: AsyncIterator[list[Message]]) -> AsyncIterator[Message]:
    async for batch in batches:
        for message in batch:
            yield message


def _note(pins: Pins, message: Message) -> int:
    """Pin what OPERATIONS noted of COMMANDS; an event that can not be read is none (its chain tells)."""
    try:
        fields = orjson.loads(message.data)
        head = Head(names.COMMANDS, int(fields["offset"]), str(fields["hash"]))
    except (ValueError, KeyError, TypeError):
        return 0
    pins.add(head._replace(noted=f"hash noted at OPERATIONS offset {message.offset}"))
    return head.offset
