import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.telecommand_mission import Device, write_mission
from support.waiting import run_async, wait_until_async


def with_device(
    system: Callable[..., Any], folder: Path, test: Callable[[Any, Device], Any], **own: Any
) -> None:
    async def main() -> None:
        with Device() as device:
            mission = write_mission(folder / "mission", device.port, **own)
            async with system(mission, "telecommand", "io") as bus:
                await wait_until_async(lambda: device.connected)
                await test(bus, device)

    run_async(main)


def test_a_queue_keeps_its_order(system: Callable[..., Any], tmp_path: Path) -> None:
    async def test(bus: Any, device: Device) -> None:
        for number in range(30):
            await bus.submit(number=number)
        await wait_until_async(lambda: len(device.received) == 30)
        assert device.numbers == list(range(30))
        assert [one.count for one in device.received] == list(range(30))

    with_device(system, tmp_path, test)


def test_a_held_queue_keeps_what_comes_across_restarts_and_resumes_in_order(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        assert (await bus.ask("hold", link="radio", why="wind"))["done"]
        waiting = [await bus.submit(number=number) for number in range(3)]
        await bus.stop("telecommand")
        await bus.start("telecommand")
        waiting.append(await bus.submit(number=3))
        (queue,) = (await bus.ask("queues"))["links"]
        assert queue["queue"] == waiting
        assert (queue["held"]["who"], queue["held"]["why"]) == ("anna", "wind")
        assert device.numbers == []
        assert (await bus.ask("resume", "ben", link="radio"))["done"]
        await wait_until_async(lambda: len(device.received) == 4)
        assert device.numbers == [0, 1, 2, 3]

    with_device(system, tmp_path, test)


def test_one_leaves_at_its_time_and_those_without_a_time_before_it(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        at = time.time_ns() + 1_500_000_000
        timed = await bus.submit(number=1, release_at=at)
        await bus.submit(number=2)
        done = await bus.until(timed, "sent")
        assert done.last("released").fields["at"] >= at
        await wait_until_async(lambda: len(device.numbers) == 2)
        assert device.numbers == [2, 1]

    with_device(system, tmp_path, test)


def test_one_that_is_cancelled_before_its_time_never_leaves(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        timed = await bus.submit(number=1, release_at=time.time_ns() + 700_000_000)
        assert (await bus.ask("cancel", id=timed))["state"] == "cancelled"
        late = await bus.submit(number=2, release_at=time.time_ns() + 900_000_000)
        await bus.until(late, "sent")
        assert device.numbers == [2]
        refused = await bus.ask("cancel", id=late)
        assert "it can not be cancelled: it was sent by io" in refused["reason"]

    with_device(system, tmp_path, test)


def test_without_an_io_service_a_released_one_expires(system: Callable[..., Any], tmp_path: Path) -> None:
    async def main() -> None:
        mission = write_mission(tmp_path / "mission", 1, commands="claim_within_s = 0.3")
        async with system(mission, "telecommand") as bus:
            expired = await bus.until(await bus.submit(), "expired")
            assert "no uplink claimed it in time" in expired.steps[-1].text("why")

    run_async(main)


def test_several_services_release_each_one_once_and_in_order(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        await bus.start("telecommand", "second")
        await bus.start("telecommand", "third")
        identities = await asyncio.gather(*(bus.submit(number=number) for number in range(12)))
        await wait_until_async(lambda: len(device.received) == 12)
        lives = [await bus.until(identity, "sent") for identity in identities]
        order = {one.steps[0].offset: one.request["arguments"]["NUMBER"] for one in lives}
        assert device.numbers == [order[offset] for offset in sorted(order)]
        assert [one.count for one in device.received] == list(range(12))
        assert not any(one.misfits for one in lives)

    with_device(system, tmp_path, test)


def test_a_changed_mission_database_fails_what_was_submitted_with_the_old_one(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        identity = await bus.submit(release_at=time.time_ns() + 10**9)
        await bus.stop("telecommand")
        write_mission(tmp_path / "mission", device.port, commands="accept_within_s = 1")
        await bus.start("telecommand")
        failed = await bus.until(identity, "failed")
        assert failed.failure[0] == "release"
        assert "the mission database has changed" in failed.failure[1]

    with_device(system, tmp_path, test)


def test_frames_of_a_link_that_wants_them_are_numbered_across_restarts(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    links = '[links.uplink]\nkind = "transfer-frames"\nscid = 7\nbypass = false'

    async def test(bus: Any, device: Device) -> None:
        first = await bus.until(await bus.submit(number=1), "sent")
        await bus.stop("telecommand")
        await bus.start("telecommand")
        second = await bus.until(await bus.submit(number=2), "sent")
        sequences = [one.units[0][4] for one in (first, second)]
        assert sequences == [0, 1]
        assert second.packet in second.units[0]

    with_device(system, tmp_path, test, links=links)
