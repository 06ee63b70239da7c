"""A system of its own for a measurement: both servers in a temporary folder, services in this program."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from benchmarks.recordings import LINK, Recording
from infra.collector import collect_rarely
from infra.program.system import System, open_system
from streams.recording_import import Imported, import_recording

Result = TypeVar("Result")


def run_async(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on uvloop, as the program itself does."""
    collect_rarely()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def import_bytes(system: System, source: Recording, content: bytes) -> Imported:
    """Import `content`, a recording of the same mission as `source`."""
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        file = Path(folder) / "recording"
        file.write_bytes(content)
        return await import_recording(system.nc, file, link=LINK, framing=source.mission.framing(LINK))


@asynccontextmanager
async def temporary_system(
    mission: Path | None = None, services: Sequence[str] = ()
) -> AsyncIterator[System]:
    """Start both servers, with durable sync as always, and some services; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        async with open_system(Path(folder) / "data", services=services, mission=mission) as system:
            yield system
