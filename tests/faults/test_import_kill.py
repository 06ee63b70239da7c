"""kill -9 of an import and of the server under it: each frame is stored once, in the file's order."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest
from nats.aio.client import Client
from support import small_mission
from support.own_nats import own_nats
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats
from streams import names
from streams.event_log import ensure_streams
from streams.framing import FramingConfig
from streams.operations import read_operations
from streams.read import last_offset, read_up_to
from streams.recording_import import FINISHED, STARTED, import_recording

pytestmark = pytest.mark.faults

PROGRAM = Path(__file__).parents[1] / "support" / "importing_program.py"
TOTAL = 40_000
PACKETS = FramingConfig("packets", 300)


async def data_of(nc: Client) -> list[bytes]:
    end = await last_offset(nc, names.FRAMES)
    return [message.data async for batch in read_up_to(nc, names.FRAMES, end) for message in batch]


@pytest.mark.parametrize("sync_interval", ["always", None])
def test_a_server_killed_under_an_import_is_waited_for(tmp_path: Path, sync_interval: str | None) -> None:
    file, chance = small_mission.recording(tmp_path / "r", TOTAL), random.Random(2)

    async def main() -> list[bytes]:
        with own_nats(tmp_path / "data", sync_interval=sync_interval) as server:
            nc = await connect_nats(server.url, name="test")
            await ensure_streams(nc.jetstream())
            kills = sorted(chance.sample(range(file.stat().st_size), 2))

            def progress(done: int) -> None:
                while kills and done > kills[0]:
                    del kills[0]
                    server.kill()

            done = await import_recording(nc, file, link="radio", framing=PACKETS, progress=progress)
            assert server.supervisor.restarts >= 1
            assert (done.frames, done.added) == (TOTAL, TOTAL)
            found = await data_of(nc)
            await nc.close()
            return found

    assert run_async(main, deadline=180.0) == small_mission.packets(TOTAL)


def test_an_import_killed_again_and_again_goes_on_where_it_was(tmp_path: Path) -> None:
    file = small_mission.recording(tmp_path / "r", TOTAL)

    async def main() -> list[bytes]:
        with own_nats(tmp_path / "data") as server:
            nc = await connect_nats(server.url, name="test")
            await ensure_streams(nc.jetstream())
            for _ in range(3):
                before = await last_offset(nc, names.FRAMES)

                async def moves(before: int = before) -> bool:
                    return await last_offset(nc, names.FRAMES) > before

                command = (sys.executable, str(PROGRAM), server.url, str(file), "packets")
                importing = await asyncio.create_subprocess_exec(*command)
                await wait_until_async(moves, 60)
                importing.kill()
                await importing.wait()
            done = await import_recording(nc, file, link="radio", framing=PACKETS)
            assert 0 < done.added < TOTAL
            assert [event.kind for event in await read_operations(nc)] == [STARTED, FINISHED]
            found = await data_of(nc)
            await nc.close()
            return found

    assert run_async(main, deadline=180.0) == small_mission.packets(TOTAL)
