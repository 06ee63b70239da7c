from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.telecommand_mission import Device, accept_and_complete, write_mission
from support.waiting import run_async, wait_until_async

GARBAGE = (
    b"",
    b"{",
    b"[]",
    b"7",
    b"\xff\xfe",
    b'{"columns": 3, "rows": 2, "table": 1}',
    b'{"link": 5, "who": []}',
)


def test_nothing_that_stands_in_the_streams_stops_the_service(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def main() -> None:
        with Device(accept_and_complete) as device:
            mission = write_mission(tmp_path / "mission", device.port)
            async with system(mission, "parser", "telecommand", "io") as bus:
                await wait_until_async(lambda: device.connected)
                js = bus.nc.jetstream()
                arm = await bus.submit("ARM")
                for number, data in enumerate(GARBAGE):
                    await js.publish(f"command.{arm}.cancelled", data)
                    for event in ("submitted", "released", "claimed", "completed", "nonsense"):
                        await js.publish(f"command.forged{number}.{event}", data)
                    await js.publish("operation.queue-held", data)
                    await js.publish("telemetry.g.REPORT", data)
                    await js.publish("telemetry.g.STATUS", data)
                first = await bus.until(await bus.submit(number=1), "completed")
                assert first.misfits == ()
                assert (await bus.life(arm)).state == "submitted"
                await bus.stop("telecommand")
                await bus.start("telecommand")
                await bus.until(await bus.submit(number=2), "completed")
                assert device.numbers == [1, 2]

    run_async(main)


def test_a_person_can_not_have_the_name_of_a_service(system: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        async with system(write_mission(tmp_path / "mission", 1), "telecommand") as bus:
            answer = await bus.ask("submit", "io", name="NOOP")
            assert answer["reason"] == "io is the name of a service"

    run_async(main)
