"""kill -9 of sealers at any moment: their successors go on behind the last seal, and none overlaps."""

from __future__ import annotations

import random

import pytest
from support.processes import kill_hard
from support.programs import program
from support.real_streams import Connect, all_streams, append_frames, check_seals, events_of, is_sealed
from support.waiting import run_async, wait_until_async

pytestmark = pytest.mark.faults

KILLS, FRAMES = 6, 300


def test_sealers_that_are_killed_again_and_again_leave_one_row_of_seals(
    connect: Connect, nats_server: object
) -> None:
    chance = random.Random(7)

    async def main() -> None:
        async with all_streams(connect) as nc:
            for number in range(KILLS):
                with (
                    program("sealer_program", str(nats_server), "23") as (one, _),
                    program("sealer_program", str(nats_server), "17") as (other, _),
                ):
                    sealed = len(await events_of(nc, "sealed"))
                    await append_frames(nc, FRAMES, first=FRAMES * number)
                    wanted = sealed + chance.randint(1, 10)
                    await wait_until_async(lambda wanted=wanted: enough(nc, wanted))
                    for sealer in (one, other):
                        kill_hard(sealer.pid)
            with program("sealer_program", str(nats_server), "19"):
                await wait_until_async(lambda: is_sealed(nc, KILLS * FRAMES))
            await check_seals(nc, KILLS * FRAMES)

    async def enough(nc, wanted: int) -> bool:  # type: ignore[no-untyped-def]
        return len(await events_of(nc, "sealed")) >= wanted

    run_async(main, deadline=120)
