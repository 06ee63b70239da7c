"""From a request to the device and back: the whole way, with all services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.telecommand_mission import Device, accept_and_complete, write_mission
from support.waiting import run_async, wait_until_async

STEPS = ("submitted", "released", "claimed", "sent", "accepted", "completed")
"""In whatever order the last three come: the device may answer before it is noted that it was sent."""


def test_a_telecommand_leaves_once_and_is_completed_by_the_frames_that_say_so(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def main() -> None:
        with Device(accept_and_complete) as device:
            mission = write_mission(tmp_path / "mission", device.port)
            async with system(mission, "parser", "telecommand", "io") as bus:
                await wait_until_async(lambda: device.connected)
                identity = await bus.submit("NOOP", 42, why="to see")
                await bus.until(identity, "completed")
                await wait_until_async(lambda: all_there(bus, identity))
                done = await bus.life(identity)
                assert device.numbers == [42]
                assert sorted(step.name for step in done.steps) == sorted(STEPS)
                assert done.packet == device.received[0].packet
                assert done.last("accepted").fields["frame_offset"] == 1

    async def all_there(bus: Any, identity: str) -> bool:
        return len((await bus.life(identity)).steps) == len(STEPS)

    run_async(main)
