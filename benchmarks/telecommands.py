"""Telecommands measured and put under fire: `python -m benchmarks.telecommands [--count N] [--kills N]`.

First the way up without disturbance, one telecommand after the other: from the request to the answer, to the
device's log, to the completion by telemetry. Then the same path with `--kills` random SIGKILLs of the
telecommand and the IO service: nothing may be sent twice, and nothing lost in silence (exit code 1
otherwise). All services are processes of their own; the log syncs every append to disk, as in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.telecommand_campaign import Campaign, KilledService, run_campaign
from support.telecommand_mission import Device, accept_and_complete, write_mission

from infra.connection import connect_nats
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess
from streams.event_log import ensure_streams

_WARM_UP = 10


def main() -> int:
    """Measure and print; exit code 1 when a telecommand was sent twice or lost."""
    grammar = argparse.ArgumentParser(prog="python -m benchmarks.telecommands")
    grammar.add_argument("--count", type=int, default=1_000, metavar="N", help="telecommands under fire")
    grammar.add_argument("--kills", type=int, default=150, metavar="N")
    grammar.add_argument("--latencies", type=int, default=200, metavar="N", help="telecommands to measure")
    grammar.add_argument("--seed", type=int, default=1)
    grammar.add_argument("--json", action="store_true")
    options = grammar.parse_args()
    found: dict[str, object] = {}
    if options.latencies:
        with _server() as (url, folder):
            found["latency_ms"] = asyncio.run(measure_latency(url, folder, options.latencies))
    campaign = Campaign()
    if options.count:
        with _server() as (url, folder):
            campaign = asyncio.run(
                run_campaign(url, folder, count=options.count, kills=options.kills, seed=options.seed)
            )
        found["under_fire"] = {
            "states": dict(campaign.states), "kills": campaign.kills, "wrong": campaign.wrong,
        }  # fmt: skip
    print(json.dumps(found, indent=None if options.json else 2))
    return int(bool(campaign.wrong))


@contextmanager
def _server() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="telecommands-") as name:
        folder = DataFolder(Path(name) / "nats")
        server = NatsServer(folder)
        process = ServerProcess(server, folder, Event())
        process.start()
        try:
            yield f"nats://127.0.0.1:{server.port}", Path(name)
        finally:
            process.stop()


async def measure_latency(url: str, folder: Path, count: int) -> dict[str, dict[str, float]]:
    """Return p50, p99 and the greatest of three times, in milliseconds."""
    with Device(accept_and_complete) as device:
        mission = write_mission(folder / "mission", device.port)
        nc = await connect_nats(url, name="benchmark")
        await ensure_streams(nc.jetstream())
        services = [KilledService(name, url, folder, mission) for name in ("parser", "telecommand", "io")]
        for service in services:
            service.start()
        completions = await nc.subscribe("command.*.completed")
        times: dict[str, list[float]] = {"answer": [], "link": [], "completed": []}
        try:
            for number in range(-_WARM_UP, count):
                request: dict[str, object] = {"name": "NOOP", "arguments": {"NUMBER": number + _WARM_UP}}
                begin = time.time_ns()
                while (answer := await _submit(nc, request)) is None:
                    begin = time.time_ns()
                answered = time.time_ns()
                await completions.next_msg(timeout=60)
                done = time.time_ns()
                if number >= 0 and answer["done"]:
                    times["answer"].append((answered - begin) / 1e6)
                    times["link"].append((device.received[-1].at - begin) / 1e6)
                    times["completed"].append((done - begin) / 1e6)
        finally:
            for service in services:
                service.kill()
            await nc.close()
    return {name: _spread(values) for name, values in times.items()}


async def _submit(nc: object, request: dict[str, object]) -> dict[str, object] | None:
    """Submit once; None while no service answers yet."""
    try:
        answer = await nc.request("telecommand.bench.submit", json.dumps(request).encode(), timeout=30)  # type: ignore[attr-defined]
    except Exception:
        await asyncio.sleep(0.2)
        return None
    return dict(json.loads(answer.data))


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "max": round(max(values), 1)}


if __name__ == "__main__":
    raise SystemExit(main())
