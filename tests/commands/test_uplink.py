import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.telecommand_mission import Device, write_mission
from support.waiting import run_async, wait_until_async

from commands.claims import claim_subject
from commands.log import append, read_telecommand
from commands.stamp import service_stamp
from commands.telecommand import Telecommand
from commands.uplink import Uplink
from infra.errors import LinkError
from streams.links import LinkConfig, LinkDownError


class FakeLink:
    """A link under the test's control: what it takes, and how it fails."""

    def __init__(self) -> None:
        self.config = LinkConfig("radio", "tcp-client", port=1)
        self.is_up = True
        self.sent: list[bytes] = []
        self.failure: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def run(self, events: Any) -> None:
        await asyncio.Event().wait()

    async def send(self, data: bytes) -> None:
        if self.failure is not None and isinstance(self.failure, LinkDownError):
            raise self.failure
        self.sent.append(data)
        await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure


async def release(bus: Any, identity: str, *, until: int = 2**62, **own: Any) -> Telecommand:
    """A telecommand that has just been released, whose packet is its id."""
    fields = service_stamp(bus.nc, "test").fields("")
    first = {
        "name": "/T/NOOP", "arguments": {}, "resolved": [], "link": "radio", "digest": "", "mission": "",
        "significance": "none", "approvals_needed": 0, "release_at": 0, "expires": 2**62, **fields,
    }  # fmt: skip
    event = await append(bus.nc, Telecommand(identity), "submitted", first)
    released = {
        "name": "/T/NOOP", "packet": identity.encode().hex(), "link": "radio", "apid": None,
        "sequence_count": 0, "until": until, "expects": [], **fields, **own,
    }  # fmt: skip
    one = Telecommand(identity, steps=(event,), last_offset=event.offset)
    await append(bus.nc, await read_telecommand(bus.nc, one.id), "released", released)
    return await read_telecommand(bus.nc, identity)


@pytest.fixture
def mission(tmp_path: Path) -> Path:
    return write_mission(tmp_path / "mission", 1)


def with_uplink(test: Callable[..., Any], system: Callable[..., Any], mission: Path) -> None:
    """Run a test with a bus, a fake link and an uplink on it."""

    async def main() -> None:
        async with system(mission) as bus:
            link = FakeLink()
            task = asyncio.create_task(Uplink(bus.nc, link, service_stamp(bus.nc, "io")).run())
            try:
                await test(bus, link, task)
            finally:
                task.cancel()
                await asyncio.wait([task])

    run_async(main)


def test_a_released_telecommand_is_claimed_written_and_confirmed(
    system: Callable[..., Any], mission: Path
) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        await release(bus, "aaaa")
        sent = await bus.until("aaaa", "sent")
        assert link.sent == [b"aaaa"]
        assert sent.last("claimed").text("instance") == sent.last("sent").text("instance")
        assert sent.last("sent").number("written") <= time.time_ns()

    with_uplink(test, system, mission)


def test_frames_leave_together_and_in_order(system: Callable[..., Any], mission: Path) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        await release(bus, "aaaa", units=[b"one".hex(), b"two".hex()])
        await bus.until("aaaa", "sent")
        assert link.sent == [b"onetwo"]

    with_uplink(test, system, mission)


def test_a_link_that_is_down_fails_it_without_a_claim(system: Callable[..., Any], mission: Path) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        link.is_up = False
        await release(bus, "aaaa")
        failed = await bus.until("aaaa", "failed")
        assert failed.failure == ("uplink", "the link is down: not a byte has left")
        assert failed.last("claimed") is None
        link.is_up = True
        await release(bus, "bbbb")
        await bus.until("bbbb", "sent")
        assert link.sent == [b"bbbb"]

    with_uplink(test, system, mission)


def test_a_link_that_goes_down_before_the_first_byte_fails_it(
    system: Callable[..., Any], mission: Path
) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        link.failure = LinkDownError("the link is down, nothing was sent")
        await release(bus, "aaaa")
        assert (await bus.until("aaaa", "failed")).failure[0] == "uplink"
        assert link.sent == []

    with_uplink(test, system, mission)


def test_a_link_that_breaks_while_it_sends_leaves_it_uncertain_and_goes_on(
    system: Callable[..., Any], mission: Path
) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        link.failure = LinkError("it broke")
        await release(bus, "aaaa")
        uncertain = await bus.until("aaaa", "uncertain")
        assert uncertain.steps[-1].text("why") == "it broke"
        link.failure = None
        await release(bus, "bbbb")
        await bus.until("bbbb", "sent")
        assert link.sent == [b"aaaa", b"bbbb"]

    with_uplink(test, system, mission)


def test_one_that_is_too_late_is_not_claimed(system: Callable[..., Any], mission: Path) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        await release(bus, "aaaa", until=time.time_ns() - 1)
        await release(bus, "bbbb")
        await bus.until("bbbb", "sent")
        assert link.sent == [b"bbbb"]
        assert (await bus.life("aaaa")).state == "released"

    with_uplink(test, system, mission)


def test_an_uplink_that_starts_later_sends_what_still_waits_and_nothing_twice(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission) as bus:
            await release(bus, "aaaa")
            await release(bus, "bbbb", link="other")
            link = FakeLink()
            for _ in range(2):
                task = asyncio.create_task(Uplink(bus.nc, link, service_stamp(bus.nc, "io")).run())
                await bus.until("aaaa", "sent")
                await release(bus, f"cccc{len(link.sent)}")
                await bus.until(f"cccc{len(link.sent) - (0 if link.sent[-1] == b'aaaa' else 1)}", "sent")
                task.cancel()
                await asyncio.wait([task])
            assert link.sent == [b"aaaa", b"cccc1", b"cccc2"]

    run_async(main)


def test_of_many_uplinks_of_one_link_one_sends(system: Callable[..., Any], mission: Path) -> None:
    async def main() -> None:
        async with system(mission) as bus:
            link = FakeLink()
            uplinks = [Uplink(bus.nc, link, service_stamp(bus.nc, f"io{n}")) for n in range(4)]
            tasks = [asyncio.create_task(uplink.run()) for uplink in uplinks]
            for number in range(20):
                await release(bus, f"aaaa{number}")
            for number in range(20):
                await bus.until(f"aaaa{number}", "sent")
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert sorted(link.sent) == sorted(f"aaaa{number}".encode() for number in range(20))

    run_async(main)


def test_one_that_is_being_written_is_finished_when_the_service_stops(
    system: Callable[..., Any], mission: Path
) -> None:
    async def test(bus: Any, link: FakeLink, task: Any) -> None:
        link.may_go_on.clear()
        await release(bus, "aaaa")
        claimed = await bus.until("aaaa", "claimed")
        subject = claim_subject(claimed.steps[-1].text("instance"))
        assert b"true" in (await bus.nc.request(subject, b"aaaa", timeout=30)).data
        assert b"false" in (await bus.nc.request(subject, b"bbbb", timeout=30)).data
        await wait_until_async(lambda: link.sent)
        task.cancel()
        await asyncio.sleep(0)
        link.may_go_on.set()
        await asyncio.wait([task])
        assert (await bus.life("aaaa")).state == "sent"

    with_uplink(test, system, mission)


def test_a_claim_whose_owner_is_gone_becomes_uncertain_and_is_never_sent_again(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission) as bus:
            one = await release(bus, "aaaa")
            stamp = service_stamp(bus.nc, "io")
            await append(bus.nc, one, "claimed", {"instance": "gone", "link": "radio", **stamp.fields("")})
            await bus.start("telecommand")
            await bus.until("aaaa", "uncertain")
            link = FakeLink()
            task = asyncio.create_task(Uplink(bus.nc, link, stamp).run())
            later = await bus.until(await bus.submit(number=7), "sent")
            assert link.sent == [later.packet]
            answer = await bus.ask("resolve", id="aaaa", arrived=False, why="the antenna was off")
            assert answer["state"] == "failed"
            assert [one["id"] for one in (await bus.ask("queues"))["open"]] == [later.id]
            task.cancel()
            await asyncio.wait([task])

    run_async(main)


def test_a_device_that_hangs_up_gets_nothing_until_it_is_back(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def main() -> None:
        with Device() as device:
            async with system(write_mission(tmp_path / "m", device.port), "telecommand", "io") as bus:
                await wait_until_async(lambda: device.connected)
                await bus.until(await bus.submit(number=1), "sent")
                device.close()
                await wait_until_async(lambda: not device.connected)
                lost = await bus.submit(number=2)
                ended = await bus.until(lost, "failed", "uncertain", "sent")
                assert ended.state != "released"
            assert device.numbers == [1]

    run_async(main)
