"""Reprocess rate: FRAMES, from the stream and from the frame archive, into a generation of its own.

Beside it: bare reading of the same stream, and what the peer does (Yamcs 5.12.8 rebuilding its parameter
archive from the same packets, warm, on 2 cores of the same kind: 50,000 packets/s; nothing of it runs here).
A run is what a user waits for: worker processes are started, all rows are in the tables, and the content's
digest is computed; every run of all kinds must have the same one.

The servers are started anew behind the import. The first run of each kind is the cold one; the best of the
following is the warm one. Each packet has 27 values on JPSS-1.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.bare_read import read_bare
from benchmarks.figures import Outcome, Rate, SkippedError, WrongResultError, expect
from benchmarks.live_latency import live_latency
from benchmarks.memory import FIFTHS, GROWTH_FACT, Sample, judge
from benchmarks.options import Options
from benchmarks.recordings import Recording, recording
from benchmarks.reprocess_runs import ARCHIVE, KINDS, STREAM, Runs
from benchmarks.systems import import_bytes, run_async
from benchmarks.timing import seconds_of
from infra.program.system import System, open_system
from projections.archive.fill import fill
from projections.archive.verify import verify_archive
from projections.clickhouse import ClickHouse, connect
from projections.schema import create_fixed_tables
from streams import names
from streams.sealer import seal_all

OF_BARE, OF_PEER_STREAM, OF_PEER_ARCHIVE = 0.7, 2.0, 5.0
PEER = 50_000
PEER_FRAMES = 100_800
"""The recording 14 times, as the peer had it."""

WORKERS = (1, 2, 4)
_PART = 140
"""Recordings in the first import, about a million frames; each next one is shorter: another file."""

JUDGED = 2_000_000
"""Frames from which on the memory is judged: before, rows are collected for the first inserts."""


def run(options: Options) -> Outcome:
    """Measure on JPSS-1, or on the demo rocket's flight where that is not there."""
    try:
        source = recording("jpss")
    except SkippedError:
        source = recording("rocket")
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        data = Path(folder) / "data"
        frames = run_async(_fill(data, source, options.frames, outcome))
        run_async(_measure(data, source, frames, options.rounds, outcome))
    live_latency(source, outcome)
    return outcome


async def _fill(data: Path, source: Recording, wanted: int, outcome: Outcome) -> int:
    """Import whole recordings of at least `wanted` frames in all, archive and seal them."""
    part = _PART
    async with open_system(data, mission=source.source) as system:
        clickhouse = connect(system.servers.clickhouse_url)
        create_fixed_tables(clickhouse)
        frames = 0
        while frames < wanted:
            more = min(part := part - 1, -(-(wanted - frames) // len(source.packets)))
            frames = (await import_bytes(system, source, source.data * more)).last_offset
        seconds = await seconds_of(fill(system.nc, clickhouse, frames))
        await seal_all(system.nc)
        outcome.facts["archived"] = f"{frames:,} frames at {frames / seconds:,.0f}/s"
        outcome.facts["bytes on disk"] = await _sizes(system, clickhouse)
    return frames


async def _sizes(system: System, clickhouse: ClickHouse) -> str:
    (row,) = clickhouse.rows(
        "SELECT sum(data_compressed_bytes) AS bytes FROM system.columns WHERE database = currentDatabase() "
        "AND table = 'archive'"
    )
    stream = (await system.nc.jetstream().stream_info(names.FRAMES)).state.bytes
    return f"{row['bytes'] / 1e6:.1f} MB in the archive, {stream / 1e6:.1f} MB in FRAMES"


async def _measure(data: Path, source: Recording, frames: int, rounds: int, outcome: Outcome) -> None:
    async with open_system(data) as system:
        runs = Runs(system, source.mission)
        for kind in KINDS:
            outcome.facts[f"{kind}, {PEER_FRAMES:,} packets"] = await _small(runs, kind, rounds)
        bare = await _in_turns(system, runs, frames, rounds)
        for kind in KINDS:
            for workers in WORKERS[1:]:
                await runs.run(kind, frames, workers)
        proof = await verify_archive(system.nc, runs.clickhouse)
        expect(proof.good and not proof.unsealed, "the archive is not what was sealed")
    outcome.facts["archive verified"] = f"{proof.frames / proof.seconds:,.0f} frames/s"
    _tell(source, runs, frames, bare, outcome)


async def _small(runs: Runs, kind: str, rounds: int) -> str:
    """Return what a reprocess of the peer's number of packets takes, its start included."""
    rates = [PEER_FRAMES / (await runs.run(kind, PEER_FRAMES, 1)).seconds for _ in range(1 + rounds)]
    return f"cold {rates[0]:,.0f}/s, warm {max(rates[1:]):,.0f}/s with the start of the worker"


async def _in_turns(system: System, runs: Runs, frames: int, rounds: int) -> float:
    """Run bare reading and both kinds with one worker; return the best rate of bare reading."""
    bare = float("inf")
    for _ in range(rounds):
        bare = min(bare, await seconds_of(read_bare(system.servers.nats_url, names.FRAMES, frames)))
        for kind in KINDS:
            await runs.run(kind, frames, 1)
    return frames / bare


def _tell(source: Recording, runs: Runs, frames: int, bare: float, outcome: Outcome) -> None:
    types = source.mission.decoder().packet_types
    for kind, aim in ((STREAM, OF_PEER_STREAM), (ARCHIVE, OF_PEER_ARCHIVE)):
        rates = {workers: frames / runs.best(kind, frames, workers).seconds for workers in WORKERS}
        what = f"{source.name}, from the {kind}"
        outcome.rates += [
            Rate(f"{what}, 1 worker", "packets/s", rates[1], bare, "bare reading of FRAMES", OF_BARE),
            Rate(f"{what}, best", "packets/s", max(rates.values()), PEER, "the peer, warm", aim),
        ]
        outcome.facts[f"{kind}, by workers"] = ", ".join(f"{n}: {rate:,.0f}/s" for n, rate in rates.items())
        if len(types) == 1:
            values = max(rates.values()) * len(types[0].parameters)
            outcome.facts[f"{kind}, values"] = f"{values:,.0f}/s"
        cost = runs.best(kind, frames, 1).cpu
        parts = ", ".join(f"{name} {us:.1f}" for name, us in sorted(cost.items()) if us >= 0.05)
        outcome.facts[f"{kind}, CPU us a packet"] = f"{sum(cost.values()):.1f}: {parts}"
        _tell_memory(kind, frames, runs.samples(kind, frames), outcome)


def _tell_memory(kind: str, frames: int, samples: list[Sample], outcome: Outcome) -> None:
    try:
        judged = judge(samples, f"the worker ({kind})")
    except WrongResultError as reason:
        outcome.facts[f"{kind}, memory"] = f"not judged: {reason}"
        return
    outcome.facts[f"{kind}, MB of the worker by fifths"] = judged.facts[FIFTHS]
    outcome.facts[f"{kind}, growth of the worker"] = judged.facts[GROWTH_FACT]
    if frames >= JUDGED:
        outcome.failure = outcome.failure or judged.failure
