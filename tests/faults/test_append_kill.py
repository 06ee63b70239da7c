"""kill -9 of the nats-server under appends: each message is stored once, in order, whenever it comes back."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from support.own_nats import own_nats
from support.waiting import run_async

from infra.connection import connect_nats
from streams import names
from streams.append import Appender, Outgoing
from streams.event_log import ensure_streams
from streams.read import last_offset, read_up_to

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("run", [1, 700])
def test_a_server_killed_again_and_again_under_load_loses_nothing_and_stores_nothing_twice(
    tmp_path: Path, run: int
) -> None:
    total, kills = max(340, 40 * run), 3
    chance = random.Random(run)

    async def main() -> tuple[list[int], int]:
        with own_nats(tmp_path) as server:
            nc = await connect_nats(server.url, name="test")
            await ensure_streams(nc.jetstream())
            killed_at = [chance.randrange(total * n // 4, total * (n + 1) // 4) for n in range(1, kills + 1)]
            async with Appender(nc, patient=True) as appender:
                for first in range(0, total, run):
                    headers = [{names.MESSAGE_ID: f"x:{number}"} for number in range(first, first + run)]
                    await appender.append(
                        [Outgoing("frame.x", b"%d" % (first + n), head) for n, head in enumerate(headers)]
                    )
                    if any(first <= at < first + run for at in killed_at):
                        await asyncio.sleep(chance.uniform(0, 0.02))
                        server.kill()
            assert server.supervisor.restarts >= 1
            end = await last_offset(nc, names.FRAMES)
            found = [int(m.data) async for batch in read_up_to(nc, names.FRAMES, end) for m in batch]
            await nc.close()
            return found, appender.appended

    found, appended = run_async(main, deadline=120.0)
    assert found == list(range(total))
    assert appended == total
