import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.telecommand_mission import write_mission
from support.waiting import run_async

import commands.log
from commands.log import advance, append, follow, parse_event, read_telecommand
from commands.rules import misfit
from commands.stamp import service_stamp
from commands.telecommand import MALFORMED, Event, Telecommand
from infra.errors import StreamError
from streams import names
from streams.chain import ConflictError
from streams.read import Message, last_offset


def rejection(bus: Any) -> dict[str, Any]:
    own = {"request": "submit", "digest": ""}
    return {**own, **service_stamp(bus.nc, "test").fields("no")}


def with_bus(system: Callable[..., Any], folder: Path, test: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async with system(write_mission(folder / "mission", 1)) as bus:
            await test(bus)

    run_async(main)


def test_an_event_is_read_as_it_was_appended(system: Callable[..., Any], tmp_path: Path) -> None:
    async def test(bus: Any) -> None:
        fields = rejection(bus)
        event = await append(bus.nc, Telecommand("aaaa"), "rejected", fields)
        found = await read_telecommand(bus.nc, "aaaa")
        assert found.steps == (event._replace(recorded=found.steps[0].recorded),)
        assert found.steps[0].fields == fields
        assert (await read_telecommand(bus.nc, "bbbb")).steps == ()

    with_bus(system, tmp_path, test)


def test_an_event_that_counts_on_an_old_state_is_refused(system: Callable[..., Any], tmp_path: Path) -> None:
    async def test(bus: Any) -> None:
        await append(bus.nc, Telecommand("aaaa"), "rejected", rejection(bus))
        with pytest.raises(ConflictError):
            await append(bus.nc, Telecommand("aaaa"), "rejected", rejection(bus))
        with pytest.raises(ConflictError):
            await append(bus.nc, Telecommand("bbbb"), "rejected", rejection(bus), view=0)
        await append(bus.nc, Telecommand("bbbb"), "rejected", rejection(bus), view=1)

    with_bus(system, tmp_path, test)


def test_what_does_not_fit_or_is_malformed_is_a_mistake_of_who_appends(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any) -> None:
        with pytest.raises(ValueError, match="does not fit"):
            await append(bus.nc, Telecommand("aaaa"), "cancelled", service_stamp(bus.nc, "x").fields(""))
        with pytest.raises(ValueError, match="not as its schema says"):
            await append(bus.nc, Telecommand("aaaa"), "rejected", {})
        assert await last_offset(bus.nc, names.COMMANDS) == 0

    with_bus(system, tmp_path, test)


def test_an_event_whose_acknowledgement_was_lost_is_recognised_and_not_appended_twice(
    system: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lost = commands.log.append_event, [True, False]

    async def losing(*arguments: Any, **named: Any) -> int:
        offset = await real(*arguments, **named)
        if lost.pop(0):
            raise StreamError("no acknowledgement of the event")
        return offset

    async def test(bus: Any) -> None:
        monkeypatch.setattr(commands.log, "append_event", losing)
        fields = rejection(bus)
        before, event = await advance(bus.nc, Telecommand("aaaa"), lambda newest: ("rejected", fields))
        assert event is not None
        assert before.steps == (event,)
        assert await last_offset(bus.nc, names.COMMANDS) == 1

    with_bus(system, tmp_path, test)


def test_whoever_comes_second_decides_anew(system: Callable[..., Any], tmp_path: Path) -> None:
    async def test(bus: Any) -> None:
        seen: list[str] = []

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            seen.append(newest.state)
            return None if misfit(newest, "rejected", {}) else ("rejected", rejection(bus))

        await append(bus.nc, Telecommand("aaaa"), "rejected", rejection(bus))
        newest, event = await advance(bus.nc, Telecommand("aaaa"), decide)
        assert (event, newest.state, seen) == (None, "rejected", ["none", "rejected"])

    with_bus(system, tmp_path, test)


def test_a_stream_that_does_not_answer_is_given_up_after_a_while(
    system: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_arguments: Any, **_named: Any) -> int:
        raise StreamError("no acknowledgement of the event")

    async def test(bus: Any) -> None:
        monkeypatch.setattr(commands.log, "append_event", silent)
        with pytest.raises(StreamError):
            await advance(
                bus.nc, Telecommand("aaaa"), lambda newest: ("rejected", rejection(bus)), patience=0.3
            )

    with_bus(system, tmp_path, test)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b"\xff"])
def test_a_malformed_payload_is_an_event_that_says_so(data: bytes) -> None:
    event = parse_event(Message(1, 2, "command.aaaa.cancelled", {}, data))
    assert (event.telecommand, event.name) == ("aaaa", "cancelled")
    assert MALFORMED in event.fields


def test_following_tells_when_everything_old_has_been_read(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any) -> None:
        for number in range(5):
            await append(bus.nc, Telecommand(f"aaaa{number}"), "rejected", rejection(bus))
        seen: list[Event] = []
        async with asyncio.timeout(20):
            async for events in follow(bus.nc, 2):
                seen += events
                if not events:
                    break
        assert [event.offset for event in seen] == [2, 3, 4, 5]

    with_bus(system, tmp_path, test)
