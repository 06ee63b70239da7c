from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.telecommand_mission import write_mission
from support.waiting import run_async

from commands.rows import TelecommandRows
from streams import names
from streams.read import Message, StreamReader, last_offset


def test_rows_are_the_same_in_one_go_and_over_restarts_at_any_event(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def main() -> None:
        async with system(write_mission(tmp_path / "mission", 1), "telecommand") as bus:
            arm = await bus.submit("ARM", why="größe")
            await bus.ask("approve", "anna", id=arm)
            fire = await bus.submit("FIRE")
            await bus.ask("approve", "ben", id=fire)
            await bus.ask("cancel", "ben", id=arm, why="no")
            await bus.nc.jetstream().publish(f"command.{arm}.sent", b"not JSON at all")
            await bus.ask("approve", "carla", id=fire)
            messages = await everything(bus)
            whole = await TelecommandRows(bus.nc, 1).rows(messages)
            for cut in range(1, len(messages)):
                maker = TelecommandRows(bus.nc, messages[cut].offset)
                behind = await maker.rows(messages[cut:])
                assert behind.states == whole.states[cut:]
                assert behind.events == whole.events[cut:]
            forged = next(row for row in whole.events if row["misfit"])
            assert forged["misfit"].startswith("its payload is not JSON")

    async def everything(bus: Any) -> list[Message]:
        found: list[Message] = []
        end = await last_offset(bus.nc, names.COMMANDS)
        async with StreamReader(bus.nc, names.COMMANDS) as reader:
            while reader.next_offset <= end:
                found += await reader.read(5.0)
        return found[:end]

    run_async(main)
