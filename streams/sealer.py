"""Sealing: FRAMES gets a seal every so many frames or seconds; COMMANDS' last hash is noted beside them.

The last seal in OPERATIONS says where to go on: a crash loses at most an unfinished run, which is read again.
A seal is appended only behind the seal it names as the one before (optimistic concurrency on
`operation.sealed`), so several sealers at once never overlap. Proven by `tests/streams/test_sealer.py` and
`tests/faults/test_sealer_kill.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.errors import FlightLedgerError, StreamError
from streams import names
from streams.chain import GENESIS, ConflictError, Expected, event_hash, last_event
from streams.operations import append_operation, operation_of
from streams.read import Message, StreamReader, last_offset, read_up_to
from streams.seal import SEALED, Seal, Sealing, following, seal_of

FRAMES_PER_SEAL = 10_000
"""A run has at most so many frames: an event of about 30 kB, and what an export takes as one piece."""

SEAL_AFTER_S = 10.0
"""A frame waits at most so long for its seal."""

COMMANDS_SEALED = "commands-sealed"
"""Kind of the event in OPERATIONS with offset and hash of COMMANDS' last event at that time."""

_POLL_S = 0.5
_TRIES = 100

log = logging.getLogger(__name__)


class Sealed(NamedTuple):
    """The last seal: the newest offset of its subject in OPERATIONS, its last frame in FRAMES, its digest."""

    event: int
    frame: int
    digest: str


async def last_seal(nc: Client) -> Sealed:
    """Return the last seal; offsets of 0 when there is none.

    What stands behind it without being a seal was appended by somebody else: it does not stop sealing.
    """
    newest = await last_event(nc, names.OPERATIONS, names.operation_subject(SEALED))
    if newest is None:
        return Sealed(0, 0, GENESIS)
    seal = _seal_in(newest) or await _last_good_seal(nc, newest.offset)
    return Sealed(newest.offset, seal.last, seal.digest) if seal else Sealed(newest.offset, 0, GENESIS)


async def _last_good_seal(nc: Client, end: int) -> Seal | None:
    found = None
    log.error("OPERATIONS offset %d is no seal; run `audit verify`", end)
    async for events in read_up_to(nc, names.OPERATIONS, end, subject=names.operation_subject(SEALED)):
        for event in events:
            found = _seal_in(event) or found
    return found


def _seal_in(event: Message) -> Seal | None:
    try:
        return seal_of(operation_of(event))
    except (StreamError, ValueError):
        return None


async def seal_all(nc: Client) -> int:
    """Seal whatever FRAMES and COMMANDS have now; return the offset of the last sealed frame."""
    sealer = Sealer(nc)
    await sealer.catch_up()
    return sealer.sealed


class Sealer:
    """Makes seals of at most `frames` frames, none of which waited much longer than `seconds`."""

    def __init__(self, nc: Client, *, frames: int = FRAMES_PER_SEAL, seconds: float = SEAL_AFTER_S) -> None:
        self._nc, self._frames, self._seconds = nc, frames, seconds
        self._last = Sealed(0, 0, GENESIS)
        self._run = Sealing(1)
        self._begun = 0.0

    @property
    def sealed(self) -> int:
        """The offset of the last frame that this sealer knows as sealed."""
        return self._last.frame

    async def run(self) -> None:
        """Seal for ever, going on behind the last seal after whatever went wrong."""
        while True:
            try:
                await self._follow()
            except ConflictError:
                log.info("another sealer was first; going on behind its seal")
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("sealing stopped: %s; trying on in %.0f s", error, self._seconds)
            await asyncio.sleep(self._seconds)

    async def catch_up(self) -> None:
        """Seal all frames there are now, by whomever. Raises StreamError when their end is gone."""
        end = await last_offset(self._nc, names.FRAMES)
        for _ in range(_TRIES):
            await self._begin()
            if self.sealed >= end:
                break
            try:
                async for frames in read_up_to(self._nc, names.FRAMES, end, start=self._run.first):
                    await self._take(frames)
                await self._close()
                break
            except ConflictError:
                log.info("another sealer was first; looking what is left")
        else:
            raise StreamError("other sealers are always first", where="OPERATIONS", fix="try again")
        await self._seal_commands()

    async def _begin(self) -> None:
        self._last = await last_seal(self._nc)
        self._run = Sealing(self._last.frame + 1, self._last.digest)
        end = await last_offset(self._nc, names.FRAMES)
        if end < self._last.frame:
            raise StreamError(
                f"FRAMES ends at offset {end}, but was sealed up to {self._last.frame}: its end is gone",
                where=f"OPERATIONS offset {self._last.event}",
                fix="run `audit verify`, and look for an intact copy of the data folder",
            )

    async def _follow(self) -> None:
        await self._begin()
        now = asyncio.get_running_loop().time
        commands_at = now()
        async with StreamReader(self._nc, names.FRAMES, start=self._run.first) as reader:
            while True:
                await self._take(await reader.read(_POLL_S))
                if len(self._run) and now() - self._begun >= self._seconds:
                    await self._close()
                if now() - commands_at >= self._seconds:
                    await self._seal_commands()
                    commands_at = now()

    async def _take(self, frames: Sequence[Message]) -> None:
        """Add frames to the run, closing it when it is full or where an offset is missing."""
        while frames:
            if frames[0].offset != self._run.next_offset:
                missing = f"{self._run.next_offset} to {frames[0].offset - 1}"
                log.error("FRAMES has lost the offsets %s: no seal covers them; run `audit verify`", missing)
                await self._close()
                self._run = Sealing(frames[0].offset, self._last.digest)
            if not len(self._run):
                self._begun = asyncio.get_running_loop().time()
            part = frames[: following(frames[: self._frames - len(self._run)])]
            self._run.add(part)
            frames = frames[len(part) :]
            if len(self._run) == self._frames:
                await self._close()

    async def _close(self) -> None:
        """Append the seal over the run, if it has frames, and begin the next. Raises ConflictError."""
        if not len(self._run):
            return
        seal = self._run.seal()
        expected = Expected(names.operation_subject(SEALED), self._last.event)
        event = await append_operation(self._nc, SEALED, seal.fields(), expected=expected)
        log.info("sealed the frames %d to %d", seal.first, seal.last)
        self._last = Sealed(event, seal.last, seal.digest)
        self._run = Sealing(seal.last + 1, seal.digest)

    async def _seal_commands(self) -> None:
        """Note COMMANDS' last event in OPERATIONS, unless it is noted: so a cut-off end is found."""
        subject = names.operation_subject(COMMANDS_SEALED)
        noted = await last_event(self._nc, names.OPERATIONS, subject)
        newest = await last_event(self._nc, names.COMMANDS)
        sealed = _offset_in(noted) if noted else 0
        end = newest.offset if newest else 0
        if end < sealed:
            log.error(
                "COMMANDS ends at offset %d, but had %d: its end is gone; run `audit verify`", end, sealed
            )
        if newest is None or end <= sealed:
            return
        fields = {"offset": end, "hash": event_hash(newest)}
        expected = Expected(subject, noted.offset if noted else 0)
        with contextlib.suppress(ConflictError):  # another sealer noted it
            await append_operation(self._nc, COMMANDS_SEALED, fields, expected=expected)


def _offset_in(note: Message) -> int:
    """Return the offset of COMMANDS that an event notes; 0 for one that is no note."""
    try:
        return int(operation_of(note).fields["offset"])
    except (ValueError, KeyError, TypeError):
        return 0
