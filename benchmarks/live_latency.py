"""What a reprocess costs the live path: from a frame's append to its packet in TELEMETRY, idle and meanwhile.

The whole system runs in a process of its own, as a user has it (`flightledger up`). One frame after the other
is appended here and awaited. The reprocess is asked of the system's own generation service.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from benchmarks.figures import Outcome, Rate, expect
from benchmarks.recordings import LINK, Recording
from benchmarks.reprocess_runs import ARCHIVE, KINDS
from benchmarks.systems import import_bytes, run_async
from infra.program.system import System, open_system
from infra.program.target import asker
from streams import names
from streams.answers import ask_once, ask_rows
from streams.append import Appender
from streams.framing import Frame
from streams.read import last_offset
from streams.recorder import frame_messages
from streams.sealer import seal_all

AIM = 0.5
"""Of the idle rate: latency stays within twice its idle value."""

FRAMES = 500_000
_SERVICES = "query,generation,writer,parser,sealer"
_IDLE_S, _PAUSE_S, _LEAST = 10.0, 0.02, 20


def live_latency(source: Recording, outcome: Outcome) -> None:
    """Measure, and add a rate for each way to reprocess: frames a second, one at a time."""
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        data = Path(folder) / "data"
        with _system(data, source.source):
            run_async(_measure(data, source, outcome))


@contextmanager
def _system(data: Path, mission: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "infra.cli.main", "--data", str(data), "up", str(mission)]
    child = subprocess.Popen([*command, "--only", _SERVICES], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        ready = any("Ctrl-C stops them" in line for line in child.stdout)
        expect(ready, f"the system ended with {child.poll()} before it was up")
        yield
    finally:
        child.terminate()
        child.wait(60)


async def _measure(data: Path, source: Recording, outcome: Outcome) -> None:
    async with open_system(data) as system:
        await import_bytes(system, source, source.data * (FRAMES // len(source.packets) + 1))
        await _settle(system)
        async with Appender(system.nc) as appender:
            probe = _Probe(system.nc, appender, source)
            idle = await probe.latencies(asyncio.sleep(_IDLE_S))
            outcome.facts["live latency, idle"] = _shown(idle)
            for kind in KINDS:
                busy = await probe.latencies(_reprocess(system.nc, kind))
                outcome.facts[f"live latency, reprocess from the {kind}"] = _shown(busy)
                what = f"live path during a reprocess from the {kind}"
                rate, alone = 1 / statistics.median(busy), 1 / statistics.median(idle)
                outcome.rates.append(Rate(what, "frames/s, one at a time", rate, alone, "idle", AIM))


async def _settle(system: System) -> None:
    """Wait until everything that was imported is parsed, archived and sealed."""
    end = await last_offset(system.nc, names.FRAMES)
    while True:
        rows = await ask_rows(system.nc, "query.offsets", {})
        if sum(row["stream"] == names.FRAMES and row["offset"] >= end for row in rows) == 2:
            break
        await asyncio.sleep(0.2)
    await seal_all(system.nc)


class _Probe:
    """Appends frames one by one and waits for the packet of each."""

    def __init__(self, nc: Client, appender: Appender, source: Recording) -> None:
        self._nc, self._appender, self._source = nc, appender, source
        self._count = 0

    async def latencies(self, meanwhile: Coroutine[Any, Any, None]) -> list[float]:
        """Return the seconds that each frame took while something else went on."""
        subscription = await self._nc.subscribe("telemetry.>")
        task, found = asyncio.create_task(meanwhile), list[float]()
        while not task.done() or len(found) < _LEAST:
            found.append(await self._one(subscription))
            await asyncio.sleep(_PAUSE_S)
        await subscription.unsubscribe()
        await task
        return found

    async def _one(self, subscription: Subscription) -> float:
        packet = self._source.packets[self._count % len(self._source.packets)]
        frame = Frame(packet, time.time_ns(), "")
        messages = frame_messages(LINK, "live", [frame], self._count, limit=self._nc.max_payload)
        self._count += 1
        begun = time.perf_counter()
        await self._appender.append(messages)
        await subscription.next_msg(60)
        return time.perf_counter() - begun


async def _reprocess(nc: Client, kind: str) -> None:
    """Let the generation service reprocess, and wait for the end."""
    job = f"bench-{kind}"
    subscription = await nc.subscribe(f"progress.{job}")
    question = {"name": job, "job": job, "workers": 1, "from_archive": kind == ARCHIVE}
    await ask_once(nc, f"generation.{asker(nc)}.reprocess", question)
    async for message in subscription.messages:
        state = orjson.loads(message.data)
        expect(state["state"] != "failed", state.get("error", ""))
        if state["state"] == "finished":
            break
    await subscription.unsubscribe()


def _shown(seconds: list[float]) -> str:
    ms = [1000 * one for one in seconds]
    p99 = statistics.quantiles(ms, n=100)[98]
    return f"p50 {statistics.median(ms):.1f} ms, p99 {p99:.1f} ms, {len(ms)} frames"
