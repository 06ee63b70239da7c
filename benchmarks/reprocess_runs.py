"""Timed runs of a reprocess, each into a generation that is dropped behind it, and the workers' memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from benchmarks.cpu import cpu_seconds, spent
from benchmarks.figures import expect
from benchmarks.memory import Sample, resident
from infra.program.runners import worker_addresses
from infra.program.system import System
from projections.clickhouse import connect
from projections.generations.drop import drop_generation
from projections.reprocess import reprocess
from projections.schema import create_fixed_tables
from streams.mission import Mission

STREAM, ARCHIVE = KINDS = ("stream", "archive")

_SAMPLE_S = 0.05


class Run(NamedTuple):
    """How long a reprocess took, the sizes of its largest worker meanwhile, and its CPU time: us a frame."""

    seconds: float
    samples: list[Sample]
    cpu: dict[str, float]


class Runs:
    """Reprocesses the first frames again and again; all contents of as many frames must be the same."""

    def __init__(self, system: System, mission: Mission) -> None:
        self._system, self._mission = system, mission
        self.clickhouse = connect(system.servers.clickhouse_url)
        create_fixed_tables(self.clickhouse)
        self._addresses = worker_addresses(system.settings())
        self._digests: dict[int, str] = {}
        self._runs: dict[tuple[str, int, int], list[Run]] = defaultdict(list)

    async def run(self, kind: str, frames: int, workers: int) -> Run:
        """Reprocess from the stream or the archive."""
        name, samples, done = f"bench-{time.time_ns()}", list[Sample](), 0

        def progress(offset: int, total: int) -> None:
            nonlocal done
            done = offset

        async def watch() -> None:
            while True:
                if sizes := _workers():
                    samples.append(Sample(done, max(sizes)))
                await asyncio.sleep(_SAMPLE_S)

        watching, cpu, begun = asyncio.create_task(watch()), cpu_seconds(), time.perf_counter()
        found = await reprocess(
            self._system.nc,
            self.clickhouse,
            self._mission,
            addresses=self._addresses,
            name=name,
            last=frames,
            workers=workers,
            from_archive=kind == ARCHIVE,
            progress=progress,
        )
        seconds = time.perf_counter() - begun
        cost = spent(cpu, frames)
        watching.cancel()
        digest = self._digests.setdefault(frames, found.content.digest)
        expect(found.content.digest == digest, f"{kind}, {workers} workers: another content")
        expect(found.content.rows["frames"] == frames, f"{kind}: {found.content.rows} of {frames} frames")
        await drop_generation(self._system.nc, self.clickhouse, name)
        self._runs[kind, frames, workers].append(Run(seconds, samples, cost))
        return self._runs[kind, frames, workers][-1]

    def best(self, kind: str, frames: int, workers: int) -> Run:
        """Return the quickest of these runs."""
        return min(self._runs[kind, frames, workers], key=lambda run: run.seconds)

    def samples(self, kind: str, frames: int) -> list[Sample]:
        """Return the sizes during the longest run with one worker: of that there are most."""
        return max(self._runs[kind, frames, 1], key=lambda run: run.seconds).samples


def _workers() -> list[int]:
    """Return the resident sizes of this program's worker processes."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    sizes = []
    for pid in map(int, children):
        try:
            if b"reprocess.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                sizes.append(resident(pid))
        except OSError:
            continue  # it has just ended
    return sizes
