"""Memory of parser and writer over a million frames: resident size of their process, which must stay flat.

Both run in a process of their own (`flightledger up --only writer,parser`), beside the servers; an import
fills FRAMES meanwhile. Caches, pools and the interpreter itself grow while the first frames come. After that
a process that keeps anything of each frame would show it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.figures import Outcome, SkippedError, expect
from benchmarks.options import Options
from benchmarks.projected import Projected
from benchmarks.recordings import Recording, recording
from benchmarks.systems import import_bytes, run_async
from infra.program.system import System, open_system
from streams.generations import generation_name

GROWTH = 0.10
"""The middle size while the last fifth of the frames is worked on may be so much more than in the second."""

MB = 1024**2
FIFTHS = "middle, by fifths of the frames"
GROWTH_FACT = "growth from the second fifth to the last"

_SAMPLE_S = 0.25
_FIFTHS = 5


class Sample(NamedTuple):
    """The resident size in bytes when so many frames were in the tables."""

    frames: int
    size: int


def run(options: Options) -> Outcome:
    """Measure; a process that grows is a failure."""
    if not Path("/proc/self/statm").exists():
        raise SkippedError("there is no /proc to read a process's memory from")
    source = recording("rocket")
    repeats = options.frames // len(source.packets) + 1
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        data = Path(folder) / "data"
        with _services(data, source.source) as pid:
            samples = run_async(_fill(data, source, source.data * repeats, pid))
    return judge(samples)


@contextmanager
def _services(data: Path, mission: Path) -> Iterator[int]:
    """Parser, writer and both servers in a child process; yields its id when they answer."""
    command = [sys.executable, "-m", "infra.cli.main", "--data", str(data), "up", str(mission)]
    child = subprocess.Popen([*command, "--only", "writer,parser"], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        ready = any("Ctrl-C stops them" in line for line in child.stdout)
        expect(ready, f"the services ended with {child.poll()} before they were up")
        yield child.pid
    finally:
        child.terminate()
        child.wait(60)


async def _fill(data: Path, source: Recording, content: bytes, pid: int) -> list[Sample]:
    """Import `content`, wait until all of it is in the tables; return what was seen meanwhile."""
    async with open_system(data) as system:
        projected, samples = Projected(system, generation_name(source.mission)), [Sample(0, resident(pid))]
        watching = asyncio.create_task(_watch(projected, pid, samples))
        frames = await _import_and_wait(system, projected, source, content)
        watching.cancel()
        samples.append(Sample(frames, resident(pid)))
        found = await asyncio.to_thread(projected.count, "frames")
        expect(found == frames, f"{found} of {frames} frames have a row")
        packets = await asyncio.to_thread(projected.count, "packets")
        expect(packets == frames, f"{packets} of {frames} packets are in the tables")
    return samples


async def _import_and_wait(system: System, projected: Projected, source: Recording, content: bytes) -> int:
    imported = await import_bytes(system, source, content)
    await projected.until(imported.last_offset)
    return imported.frames


async def _watch(projected: Projected, pid: int, samples: list[Sample]) -> None:
    while True:
        samples.append(Sample(await asyncio.to_thread(projected.position), resident(pid)))
        await asyncio.sleep(_SAMPLE_S)


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def judge(samples: list[Sample], what: str = "parser and writer") -> Outcome:
    """Compare the middle sizes of the second and the last fifth of the frames."""
    frames, sizes = samples[-1].frames, [sample.size for sample in samples]
    fifths = [
        [sample.size for sample in samples if fifth <= sample.frames * _FIFTHS / frames <= fifth + 1]
        for fifth in range(_FIFTHS)
    ]
    expect(all(fifths), "too few samples to judge: take more frames")
    warm, late = median(fifths[1]), median(fifths[-1])
    growth = late / warm - 1
    facts: dict[str, object] = {"frames": frames, "samples": len(samples)}
    for name, size in (("start", sizes[0]), ("max", max(sizes)), ("end", sizes[-1])):
        facts[f"resident at {name}" if name != "max" else "resident at most"] = f"{size / MB:.0f} MB"
    facts[FIFTHS] = " ".join(f"{median(fifth) / MB:.0f}" for fifth in fifths)
    facts[GROWTH_FACT] = f"{growth:+.1%} (at most {GROWTH:+.0%})"
    failure = "" if growth <= GROWTH else f"{what} grew by {growth:.1%}"
    return Outcome(facts=facts, failure=failure)
