import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.telecommand_mission import Device, Received, report, status, write_mission
from support.waiting import run_async, wait_until_async

ALL = ("parser", "telecommand", "io")


async def parsed(bus: Any, frames: int) -> bool:
    """Whether the parser is done with so many frames."""
    answer = await bus.nc.request("parser.status", b"{}", timeout=30)
    return bool(json.loads(answer.data)["offset"] >= frames)


def silent(received: Received) -> list[bytes]:
    return []


def flight(
    system: Callable[..., Any],
    folder: Path,
    test: Callable[[Any, Device], Any],
    *,
    answer: Callable[[Received], list[bytes]] = silent,
    commands: str = "",
) -> None:
    """Run a test with all services and a connected device."""

    async def main() -> None:
        with Device(answer) as device:
            mission = write_mission(folder / "mission", device.port, commands=commands)
            async with system(mission, *ALL) as bus:
                await wait_until_async(lambda: device.connected)
                await test(bus, device)

    run_async(main)


def test_each_report_moves_the_state_and_names_the_frame_that_proves_it(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    def answer(one: Received) -> list[bytes]:
        steps = [report(5, one.count, step=step) for step in (1, 2)]
        return [report(1, one.count), report(3, one.count), *steps, report(7, one.count)]

    async def test(bus: Any, device: Device) -> None:
        done = await bus.until(await bus.submit(), "completed")
        reports = [step for step in done.steps if "frame_offset" in step.fields]
        assert [step.name for step in reports] == [
            "accepted", "started", "progressed", "progressed", "completed",
        ]  # fmt: skip
        assert [step.fields["frame_offset"] for step in reports] == [1, 2, 3, 4, 5]
        assert [step.fields.get("step") for step in reports] == [None, None, 1, 2, None]
        assert all(step.text("packet") == "REPORT" for step in reports)

    flight(system, tmp_path, test, answer=answer)


def test_a_refusal_of_the_device_fails_it_with_the_devices_own_code(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        failed = await bus.until(await bus.submit(), "failed")
        assert failed.failure == ("acceptance", "reported by REPORT: 9")
        assert failed.steps[-1].fields["code"] == 9

    flight(system, tmp_path, test, answer=lambda one: [report(2, one.count, code=9)])


def test_a_silent_device_times_out_and_a_late_report_still_counts(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        identity = await bus.submit()
        timed_out = await bus.until(identity, "timed-out")
        assert timed_out.steps[-1].fields["missing"] == ["accepted", "completed"]
        device.send(report(7, device.received[0].count))
        completed = await bus.until(identity, "completed")
        assert completed.missing == ("accepted",)

    flight(system, tmp_path, test, commands="accept_within_s = 0.5\ncomplete_within_s = 0.5")


def test_reports_about_nobody_or_from_before_change_nothing(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        device.send(report(1, 0), report(7, 0), report(1, 5, apid=7), report(99, 0), status())
        await wait_until_async(lambda: parsed(bus, 5))
        identity = await bus.submit()
        sent = await bus.until(identity, "sent")
        assert sent.missing == ("accepted", "completed")
        device.send(report(7, 0), report(7, 0), report(1, 0))
        await bus.until(identity, "completed")
        await wait_until_async(lambda: accepted(bus, identity))
        assert [step.name for step in (await bus.life(identity)).steps].count("completed") == 1

    async def accepted(bus: Any, identity: str) -> bool:
        return (await bus.life(identity)).last("accepted") is not None

    flight(system, tmp_path, test)


def test_reports_that_came_while_no_service_ran_are_found_at_its_start(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        device.send(status())
        first = await bus.submit(number=1)
        await bus.until(first, "sent")
        await bus.stop("telecommand")
        device.send(report(1, 0), report(7, 0))
        await wait_until_async(lambda: parsed(bus, 3))
        await bus.start("telecommand")
        done = await bus.until(first, "completed")
        assert done.last("accepted") is not None

    flight(system, tmp_path, test)


def test_several_services_verify_and_each_event_is_there_once(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        await bus.start("telecommand", "second")
        identities = [await bus.submit(number=number) for number in range(5)]
        for identity in identities:
            done = await bus.until(identity, "completed")
            names = [step.name for step in done.steps]
            assert sorted(set(names)) == sorted(names)
            assert not done.misfits
        assert device.numbers == [0, 1, 2, 3, 4]
        assert [one.count for one in device.received] == [0, 1, 2, 3, 4]

    flight(system, tmp_path, test, answer=lambda one: [report(1, one.count), report(7, one.count)])


def test_a_verifier_of_the_mission_database_completes_it_with_the_parameter_it_waits_for(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        device.send(status("SAFE"))  # from before: proves nothing
        identity = await bus.submit("SAFE")
        await bus.until(identity, "sent")
        device.send(status("NOMINAL"), status("NOMINAL"))
        device.send(report(1, device.received[0].count))
        waiting = await bus.until(identity, "accepted")
        assert waiting.missing == ("completed",)
        device.send(status("SAFE"))
        step = (await bus.until(identity, "completed")).steps[-1]
        assert step.fields["values"] == {"/T/MODE": "SAFE"}
        assert step.text("verifier").startswith("telecommands.xml:")
        assert step.fields["frame_offset"] == 5

    flight(system, tmp_path, test)


def test_a_constraint_on_live_telemetry_holds_it_back_until_it_is_met(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def test(bus: Any, device: Device) -> None:
        failed = await bus.until(await bus.submit("DIVE"), "failed")
        text = "transmission constraint: LEVEL > 100 does not hold: LEVEL has no sample"
        assert failed.failure == ("release", text)
        device.send(status(level=50))
        await wait_until_async(lambda: level(bus, 50))
        failed = await bus.until(await bus.submit("DEPLOY"), "failed")
        assert "LEVEL > 100 does not hold: LEVEL is 50" in failed.failure[1]
        deploy = await bus.submit("DEPLOY", number=3)
        device.send(status(level=150))
        await bus.until(deploy, "sent")
        await bus.until(await bus.submit("DIVE", number=4), "sent")
        await wait_until_async(lambda: len(device.numbers) == 2)
        assert device.numbers == [3, 4]

    async def level(bus: Any, wanted: int) -> bool:
        (found,) = await bus.ask("values", parameters=["LEVEL"])
        return bool(found.get("value") == wanted)

    flight(system, tmp_path, test)


def test_an_old_sample_is_none_for_a_constraint(system: Callable[..., Any], tmp_path: Path) -> None:
    async def test(bus: Any, device: Device) -> None:
        device.send(status(level=150))
        await wait_until_async(lambda: seen(bus))
        failed = await bus.until(await bus.submit("DIVE"), "failed")
        assert failed.failure[1].endswith("(too old)")

    async def seen(bus: Any) -> bool:
        (found,) = await bus.ask("values", parameters=["LEVEL"])
        return "value" in found

    flight(system, tmp_path, test, commands="fresh_within_s = 0.000001")
