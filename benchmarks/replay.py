"""Replay rate, end to end: FRAMES -> parser -> TELEMETRY -> writer -> ClickHouse, beside bare reading.

The clock runs from the start of the parser, with a whole recording in FRAMES and nothing parsed, until every
row can be queried. Then every value in the tables is compared with what the decoder makes of the recording.
"""

from __future__ import annotations

import asyncio

import pyarrow as pa

from benchmarks.bare_read import read_bare
from benchmarks.figures import Outcome, Rate, SkippedError, expect
from benchmarks.options import Options
from benchmarks.projected import Projected
from benchmarks.recordings import Recording, batch_of, recording
from benchmarks.systems import import_bytes, run_async, temporary_system
from benchmarks.timing import seconds_of
from infra.program.system import System
from streams import names
from streams.generations import generation_name

AIM = 0.5
FRAMES = 200_000
"""About so many frames, whole recordings."""


def run(options: Options) -> Outcome:
    """Measure on each recording that is there."""
    outcome = Outcome()
    for name in ("jpss", "rocket"):
        try:
            outcome.rates.append(run_async(_measure(recording(name), options.rounds)))
        except SkippedError as reason:
            outcome.facts[name] = f"skipped: {reason}"
    return outcome


async def _measure(source: Recording, rounds: int) -> Rate:
    repeats = FRAMES // len(source.packets) + 1
    frames = repeats * len(source.packets)
    bare, replayed = float("inf"), float("inf")
    for _ in range(rounds):  # each turn on new servers: a generation is new only once
        async with temporary_system(source.source, ["writer"]) as system:
            imported = await import_bytes(system, source, source.data * repeats)
            expect(imported.frames == imported.last_offset == frames, "the import has other frames")
            bare = min(bare, await seconds_of(_bare(system, source, frames)))
            projected = Projected(system, generation_name(source.mission))
            replayed = min(replayed, await seconds_of(_replay(system, source, projected, frames)))
            await asyncio.to_thread(_check, projected, source, repeats)
    what = f"{source.name}: FRAMES to ClickHouse"
    return Rate(what, "frames/s", frames / replayed, frames / bare, "bare reading of FRAMES", AIM)


async def _bare(system: System, source: Recording, frames: int) -> None:
    size = await read_bare(system.servers.nats_url, names.FRAMES, frames)
    expect(size * len(source.packets) == len(source.data) * frames, "bare reading found other bytes")


async def _replay(system: System, source: Recording, projected: Projected, frames: int) -> None:
    await system.start("parser", source.source)
    await projected.until(frames)
    expect(await asyncio.to_thread(projected.count, "frames") == frames, "a row of frames is missing")


def _check(projected: Projected, source: Recording, repeats: int) -> None:
    """Compare every value of every packet."""
    batch = batch_of(source.packets)
    decoded = source.mission.decoder().decode(batch.data, batch.starts, batch.lengths)
    rows = 0
    for table in decoded.tables:
        expected = pa.Table.from_batches([table.batch] * repeats)
        found = projected.values(table.packet_type.name, expected.schema)
        expect(found.num_rows == expected.num_rows, f"{table.packet_type.name}: {found.num_rows} rows")
        for name in expected.column_names:
            same = found.column(name).equals(expected.column(name))
            expect(same, f"{table.packet_type.name}.{name} has other values in the database")
        rows += found.num_rows
    expect(projected.count("packets") == rows, "the index of packets has other rows")
