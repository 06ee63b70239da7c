"""FRAMES into the archive: rows first, then the position, both by offset, so that nothing counts twice.

It comes behind the live path: while that has something to do, each insert of the archive waits some seconds
for its turn.
Proven by `tests/projections/test_archive.py` and `tests/faults/test_reprocess_kill.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.errors import FlightLedgerError, ProjectionError
from projections.archive.table import TABLE, archive_rows
from projections.clickhouse import ClickHouse
from projections.writer import position, store_position
from streams import names
from streams.read import Message, StreamReader, last_offset, read_up_to

CONSUMER = "frame-archive"

_MANY_FRAMES, _MANY_BYTES = 50_000, 32 * 1024**2
_LINGER_S = 0.25
_LOOKS, _LOOK_S = 50, 0.1
_RETRY_S = 5.0

Progress = Callable[[int, int], None]
"""Told the offset that is done, and the last one."""

Report = Callable[[int, int], None]
"""Told the last offset that is in the archive, and how many frames the stream has behind it."""

log = logging.getLogger(__name__)


def archived(clickhouse: ClickHouse) -> int:
    """Return the offset up to which the archive has FRAMES."""
    return position(clickhouse, CONSUMER, names.FRAMES)


async def follow_frames(
    nc: Client, clickhouse: ClickHouse, *, busy: Callable[[], bool], report: Report
) -> None:
    """Archive until cancelled, going on behind the stored position after whatever went wrong.

    `busy` says whether the live path has something to do.
    """
    while True:
        try:
            await _follow(nc, clickhouse, busy, report)
        except Exception as error:
            foreseen = isinstance(error, FlightLedgerError | NatsError | OSError | TimeoutError)
            text = "the frame archive stopped: %s; going on behind its stored position"
            log.error(text, error or repr(error), exc_info=not foreseen)
            await asyncio.sleep(_RETRY_S)


def _silent(done: int, of: int) -> None:
    """Tell nobody."""


async def fill(nc: Client, clickhouse: ClickHouse, end: int, progress: Progress = _silent) -> None:
    """Archive what is missing up to the offset `end`; `progress` is told the offset that is done, and `end`.

    Raises ProjectionError when FRAMES has lost its end.
    """
    start = await _behind_stored(nc, clickhouse)
    async for frames in _many_at_once(nc, start, end):
        await asyncio.to_thread(_write, clickhouse, frames)
        progress(frames[-1].offset, end)


async def rewrite(nc: Client, clickhouse: ClickHouse, progress: Progress = _silent) -> int:
    """Write again what the archive has, over whatever stands there now; return up to which offset.

    The stored position stays: killed halfway, it is simply done again, and the live path goes on meanwhile.
    """
    end = await asyncio.to_thread(archived, clickhouse)
    async for frames in _many_at_once(nc, 1, end):
        await asyncio.to_thread(_insert, clickhouse, frames)
        progress(frames[-1].offset, end)
    return end


async def _many_at_once(nc: Client, start: int, end: int) -> AsyncIterator[list[Message]]:
    """Yield the frames from `start` to `end` in large runs."""
    waiting = _Waiting()
    async for frames in read_up_to(nc, names.FRAMES, end, start=start):
        waiting.add(frames)
        if waiting.are_many:
            yield waiting.frames
            waiting = _Waiting()
    if waiting.frames:
        yield waiting.frames


async def _follow(nc: Client, clickhouse: ClickHouse, busy: Callable[[], bool], report: Report) -> None:
    start = await _behind_stored(nc, clickhouse)
    async with StreamReader(nc, names.FRAMES, start=start) as reader:
        report(start - 1, reader.pending)
        while True:
            if frames := (await _gather(reader, busy)).frames:
                await asyncio.to_thread(_write, clickhouse, frames)
                report(frames[-1].offset, reader.pending)


async def _behind_stored(nc: Client, clickhouse: ClickHouse) -> int:
    stored, last = await asyncio.to_thread(archived, clickhouse), await last_offset(nc, names.FRAMES)
    if stored > last:
        raise ProjectionError(
            f"FRAMES ends at offset {last}, but the archive has it up to {stored}: its end is gone",
            where=f"table {TABLE}",
            fix="run `audit verify`; the archive keeps a copy of the frames behind it",
        )
    return stored + 1


class _Waiting:
    """Frames for one insert."""

    def __init__(self) -> None:
        self.frames: list[Message] = []
        self._bytes = 0

    def add(self, frames: list[Message]) -> None:
        self.frames += frames
        self._bytes += sum(len(frame.data) for frame in frames)

    @property
    def are_many(self) -> bool:
        return len(self.frames) >= _MANY_FRAMES or self._bytes >= _MANY_BYTES


async def _gather(reader: StreamReader, busy: Callable[[], bool]) -> _Waiting:
    """Return the frames for one insert: few wait for more, and all until the live path has had its turn."""
    waiting, begun = _Waiting(), time.monotonic()
    waiting.add(await reader.read(_LINGER_S))
    while waiting.frames and not waiting.are_many and (left := begun + _LINGER_S - time.monotonic()) > 0:
        waiting.add(await reader.read(left))
    for _ in range(_LOOKS):
        if not (waiting.frames and busy()):
            break
        await asyncio.sleep(_LOOK_S)
    return waiting


def _write(clickhouse: ClickHouse, frames: list[Message]) -> None:
    _insert(clickhouse, frames)
    store_position(clickhouse, CONSUMER, names.FRAMES, frames[-1].offset)


def _insert(clickhouse: ClickHouse, frames: list[Message]) -> None:
    clickhouse.insert(TABLE, archive_rows(frames))
