"""Law 5: a telecommand leaves at most once, whoever is killed, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.programs import program
from support.telecommand_campaign import run_campaign
from support.telecommand_mission import Device, accept_and_complete, write_mission
from support.telecommand_system import own_nats, system
from support.waiting import run_async, wait_until_async

__all__ = ["own_nats", "system"]

pytestmark = pytest.mark.faults

SILENT = {
    "before-claim": (["sent"], 1),
    "after-claim": (["uncertain"], 0),
    "after-write": (["uncertain"], 1),
    "after-confirm": (["sent"], 1),
}
"""Where the IO service dies -> what the telecommand becomes, and how often a silent device got it."""


@pytest.mark.parametrize("step", SILENT)
def test_an_io_service_that_is_killed_at_a_step_sends_it_once_at_most(
    system: Callable[..., Any], tmp_path: Path, step: str
) -> None:
    states, count = SILENT[step]

    async def main() -> None:
        with Device() as device:
            mission = write_mission(tmp_path / "mission", device.port, commands="claim_within_s = 60")
            async with system(mission, "telecommand") as bus:
                with program("dying_uplink", bus.url, str(mission), str(tmp_path / "io"), step) as (child, _):
                    first = await bus.submit(number=1)
                    await wait_until_async(lambda: child.poll() is not None)
                await bus.start("io")
                await bus.until(first, *states)
                second = await bus.submit(number=2)
                await bus.until(second, "sent")
                await wait_until_async(lambda: 2 in device.numbers)
                assert device.numbers == [1] * count + [2]
                assert (await bus.life(first)).state in states

    run_async(main)


def test_a_report_settles_what_a_killed_io_service_left_open(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def main() -> None:
        with Device(accept_and_complete) as device:
            mission = write_mission(tmp_path / "mission", device.port)
            async with system(mission, "parser", "telecommand") as bus:
                arguments = (bus.url, str(mission), str(tmp_path / "io"), "after-write")
                with program("dying_uplink", *arguments) as (child, _):
                    lost = await bus.submit(number=1)
                    await wait_until_async(lambda: child.poll() is not None)
                await bus.until(lost, "uncertain", "completed")
                await bus.start("io")
                device.answer = lambda one: []
                device.send_when_connected(*accept_and_complete(device.received[0]))
                done = await bus.until(lost, "completed")
                assert done.last("sent") is None
                assert device.numbers == [1]

    run_async(main)


def test_random_kills_of_both_services_send_nothing_twice_and_lose_nothing_in_silence(
    own_nats: str, tmp_path: Path
) -> None:
    found = run_async(lambda: run_campaign(own_nats, tmp_path, count=60, kills=12, seed=1), deadline=240.0)
    assert not found.wrong, found.wrong
    assert found.kills == 12
    assert sum(found.states.values()) == 60
