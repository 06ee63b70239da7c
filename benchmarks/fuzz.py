"""A fuzz run: a million good and damaged frames through the parser and the writer, and every row checked.

No exception and no error in a log; each frame has its row in `frames`, with the result and the number of
packets that an oracle of its own expects; each bad piece has its row in `quarantine`, with stage and reason;
each good packet is in its table with the values that the decoder gives for it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from benchmarks.figures import Outcome, expect
from benchmarks.fuzz_frames import GOOD_STAMP, FuzzFrame, Maker
from benchmarks.fuzz_oracle import fate_of
from benchmarks.options import Options
from benchmarks.projected import Projected
from benchmarks.recordings import LINK, Recording, batch_of, recording
from benchmarks.systems import run_async, temporary_system
from benchmarks.timing import seconds_of
from infra.program.system import System
from streams import names
from streams.append import Appender, Outgoing
from streams.generations import generation_name

CHUNK = 5_000
_RESULTS = ("parsed", "partly", "quarantined", "empty")


@dataclass
class Expected:
    """What the oracle says of all frames so far, in their order."""

    results: list[str] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    good: list[bytes] = field(default_factory=list)
    unstamped: int = 0

    def add(self, frame: FuzzFrame) -> None:
        """Take the next frame."""
        fate = fate_of(frame.data, frame.torn)
        self.results.append(fate.result)
        self.packets.append(len(fate.good))
        self.bad.append(fate.bad)
        self.good += fate.good
        self.unstamped += frame.stamp != GOOD_STAMP


class ErrorLog(logging.Handler):
    """Keeps what the services report as errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.texts.append(record.getMessage())


def run(options: Options) -> Outcome:
    """Make the frames, let them through, check everything."""
    source, expected, errors = recording("rocket"), Expected(), ErrorLog()
    logging.getLogger().addHandler(errors)
    try:
        seconds = run_async(_through(source, options, expected))
    finally:
        logging.getLogger().removeHandler(errors)
    expect(not errors.texts, f"{len(errors.texts)} errors were logged, the first: {errors.texts[:1]}")
    facts: dict[str, object] = {"seed": options.seed, "frames": options.frames}
    facts |= {result: expected.results.count(result) for result in _RESULTS}
    facts |= {"packets": len(expected.good), "seconds": round(seconds, 1)}
    return Outcome(facts=facts)


async def _through(source: Recording, options: Options, expected: Expected) -> float:
    async with temporary_system(source.source, ["writer", "parser"]) as system:
        projected = Projected(system, generation_name(source.mission))
        seconds = await seconds_of(_append(system, source, options, expected, projected))
        for name, kept in system.services.items():
            expect(kept.restarts == 0 and kept.task is not None and not kept.task.done(), f"{name} has ended")
        await asyncio.to_thread(_check_frames, projected, expected)
        await asyncio.to_thread(_check_quarantine, projected, expected)
        await asyncio.to_thread(_check_values, projected, source, expected.good)
    return seconds


async def _append(
    system: System, source: Recording, options: Options, expected: Expected, projected: Projected
) -> None:
    """Append all frames and wait until the tables have them."""
    frames, number = Maker(options.seed, source.packets).frames(options.frames), itertools.count()
    async with Appender(system.nc) as appender:
        while chunk := list(itertools.islice(frames, CHUNK)):
            for frame in chunk:
                expected.add(frame)
            await appender.append([_message(frame, next(number)) for frame in chunk])
    await projected.until(options.frames)


def _message(frame: FuzzFrame, number: int) -> Outgoing:
    headers = {names.SESSION: "fuzz", names.MESSAGE_ID: f"fuzz.{number}"}
    if frame.stamp is not None:
        headers[names.RECEIVED] = frame.stamp
    if frame.torn:
        headers[names.TORN] = frame.torn
    return Outgoing(names.frame_subject(LINK), frame.data, headers)


def _check_frames(projected: Projected, expected: Expected) -> None:
    found = projected.select(
        "SELECT frame_offset, toString(result) AS result, packets FROM frames "
        "WHERE generation = {generation:String} ORDER BY frame_offset"
    )
    offsets = np.arange(1, len(expected.results) + 1)
    expect(np.array_equal(found["frame_offset"].to_numpy(), offsets), "a frame has no row, or several")
    results = found["result"].cast(pa.string()).to_pylist()
    _same(results, expected.results, "result of the frame at offset")
    _same(found["packets"].to_pylist(), expected.packets, "packets in the frame at offset")


def _check_quarantine(projected: Projected, expected: Expected) -> None:
    found = projected.select(
        "SELECT frame_offset, countIf(NOT decoded) AS bad, countIf(stage = 'header') AS unstamped, "
        "countIf(stage = '' OR reason = '') AS unexplained FROM quarantine "
        "WHERE generation = {generation:String} GROUP BY frame_offset"
    )
    bad = np.zeros(len(expected.bad) + 1, dtype=np.int64)
    bad[found["frame_offset"].to_numpy()] = found["bad"].to_numpy()
    _same(bad[1:].tolist(), expected.bad, "quarantined pieces of the frame at offset")
    unexplained, unstamped = (int(np.sum(found[name].to_numpy())) for name in ("unexplained", "unstamped"))
    expect(not unexplained, f"{unexplained} rows of the quarantine have no stage or no reason")
    expect(unstamped == expected.unstamped, f"{unstamped} of {expected.unstamped} missing times are noted")


def _check_values(projected: Projected, source: Recording, good: Sequence[bytes]) -> None:
    batch = batch_of(tuple(good))
    tables = source.mission.decoder().decode(batch.data, batch.starts, batch.lengths).tables
    expect(sum(len(table.rows) for table in tables) == len(good), "the decoder knows fewer packets")
    for table in tables:
        packet, wanted = table.packet_type.name, table.batch
        found = projected.values(packet, wanted.schema)
        expect(found.num_rows == wanted.num_rows, f"{found.num_rows} of {wanted.num_rows} packets {packet}")
        for name in wanted.schema.names:
            expect(_equal(found[name], wanted.column(name)), f"{packet}.{name} has other values")


def _equal(found: pa.ChunkedArray, wanted: pa.Array) -> bool:
    """The same values, not-a-number where it must be."""
    if not pa.types.is_floating(wanted.type):
        return bool(found.equals(pa.chunked_array([wanted])))
    same_nulls = found.null_count == wanted.null_count
    ours, theirs = found.to_numpy(), wanted.to_numpy(zero_copy_only=False)
    return same_nulls and np.array_equal(ours, theirs, equal_nan=True)


def _same(found: Sequence[object], wanted: Sequence[object], what: str) -> None:
    if found != wanted:
        at = next(row for row, (one, two) in enumerate(zip(found, wanted, strict=True)) if one != two)
        expect(False, f"{what} {at + 1}: {found[at]}, not {wanted[at]}")
