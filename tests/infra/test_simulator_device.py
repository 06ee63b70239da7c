"""The device on its link: TCP on loopback, the rocket's log on disk, the command that starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.kestrel import MISSION, decoded, frames_of, telecommand
from support.program import Program, run_command
from support.waiting import run_async, wait_until, wait_until_async

from infra.errors import ConfigError, LinkError
from infra.simulator import (
    Device,
    DeviceReport,
    SimulatorConfig,
    build_flight,
    load_simulator_config,
    run_device,
)
from infra.simulator.logbook import Logbook


class Ground:
    """A ground that reads all that comes."""

    def __init__(self) -> None:
        self.data = b""
        self.writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, port: int) -> Ground:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self._reading = asyncio.create_task(self._read(reader))
        return self

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                self.data += data

    async def send(self, data: bytes) -> None:
        assert self.writer is not None
        self.writer.write(data)
        await self.writer.drain()

    async def leave(self) -> None:
        assert self.writer is not None and self._reading is not None
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()
        await self._reading

    async def end(self) -> bytes:
        """All that came until the device closed the connection."""
        assert self._reading is not None and self.writer is not None
        await self._reading
        self.writer.close()
        return self.data

    def reports(self) -> list[str]:
        """The kinds of reports so far."""
        whole = [frame.data for frame in frames_of(self.data) if not frame.torn]
        packets = decoded(whole)
        rows = [
            (row, name) for name, columns in packets.items() for row in columns["__row"] if name[:3] == "TC_"
        ]
        return [name for _, name in sorted(rows)]


async def flown(
    duration: float | None, act: Callable[[Device], Any], log: Logbook | None = None, **config: Any
) -> tuple[DeviceReport, Any]:
    """Fly with a ground that acts; the flight ends with `duration`, or when the ground has acted."""
    device = Device(SimulatorConfig(port=0, **config), log=log)
    await device.start()
    playing = asyncio.create_task(device.play(duration))
    acted = await act(device)
    if duration is None:
        playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing
    await device.stop()
    assert device.report is not None
    return device.report, acted


async def listen(device: Device) -> Ground:
    return await Ground().connect(device.port)


def test_a_ground_gets_byte_by_byte_what_the_truth_says_was_sent() -> None:
    async def fly() -> tuple[DeviceReport, bytes]:
        report, ground = await flown(60.0, listen, speed=500.0)
        return report, await ground.end()

    report, data = run_async(fly)
    assert data == build_flight(1, 60.0, start_ns=report.start_ns).to_bytes()
    assert (report.truth.bytes_sent, report.unheard, report.overrun) == (len(data), 0, 0)
    assert (report.t, report.connections) == (60.0, 1)


def test_the_flight_waits_for_the_first_ground_and_goes_on_without_it() -> None:
    async def fly() -> tuple[DeviceReport, bytes, bytes]:
        async def come_and_go(device: Device) -> tuple[Ground, Ground]:
            assert device.report is None
            first = await listen(device)
            await wait_until_async(lambda: len(first.data) > 10_000)
            await first.leave()
            left = device.report
            assert left is not None
            await wait_until_async(lambda: device.report.unheard > 500)  # type: ignore[union-attr]
            second = await listen(device)
            await wait_until_async(lambda: len(second.data) > 10_000)
            return first, second

        report, (first, second) = await flown(None, come_and_go, speed=50.0)
        return report, first.data, await second.end()

    report, first, second = run_async(fly)
    whole = build_flight(1, report.t + 1.0, start_ns=report.start_ns).to_bytes()
    assert report.connections == 2 and report.unheard > 500
    assert whole.startswith(first)
    assert second[:2000] in whole[len(first) :]


def test_several_grounds_hear_the_same_and_the_rocket_hears_both() -> None:
    async def fly() -> tuple[DeviceReport, Ground, Ground]:
        async def both(device: Device) -> tuple[Ground, Ground]:
            first, second = await listen(device), await listen(device)
            await first.send(telecommand("PING", count=1))
            await second.send(telecommand("PING", count=2))
            await wait_until_async(lambda: first.reports().count("TC_COMPLETED") == 2)
            await wait_until_async(lambda: second.reports().count("TC_COMPLETED") == 2)
            return first, second

        report, grounds = await flown(None, both, speed=1.0)
        return report, *grounds

    report, first, second = run_async(fly)
    assert [entry["sequence_count"] for entry in report.log if entry["event"] == "received"] == [1, 2]
    assert second.data[-500:] in first.data or first.data[-500:] in second.data


def test_a_ground_that_does_not_read_loses_whole_packets_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.simulator.device.MAX_BACKLOG", 20_000)
    monkeypatch.setattr("infra.simulator.device.FLUSH_S", 0.2)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    async def fly() -> tuple[DeviceReport, bytes, bytes]:
        async def one_sleeps(device: Device) -> Ground:
            ground = await listen(device)
            deaf.setblocking(False)
            await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", device.port))
            await wait_until_async(lambda: device.report is not None and device.report.overrun > 1000, 120)
            return ground

        report, ground = await flown(None, one_sleeps, speed=500.0, countdown=5000.0)
        return report, await ground.end(), deaf.recv(1_000_000)

    report, data, late = run_async(fly, deadline=180)
    deaf.close()
    whole = build_flight(1, report.t, start_ns=report.start_ns, countdown=5000.0).to_bytes()
    assert whole.startswith(data) and len(data) > 100_000
    assert late[:1000] in whole


def test_telecommands_that_come_before_the_flight_began_are_not_forgotten() -> None:
    async def fly() -> tuple[DeviceReport, Ground]:
        async def at_once(device: Device) -> Ground:
            ground = await listen(device)
            await ground.send(telecommand("PING"))
            await wait_until_async(lambda: ground.reports()[-1:] == ["TC_COMPLETED"])
            return ground

        return await flown(None, at_once, speed=1.0)

    report, ground = run_async(fly)
    assert ground.reports() == ["TC_ACCEPTED", "TC_STARTED", "TC_COMPLETED"]
    assert report.received_bytes == 13


def test_the_log_is_on_disk_with_the_clock_when_the_answer_comes(tmp_path: Path) -> None:
    file = tmp_path / "rocket.jsonl"
    seen: list[str] = []

    async def fly() -> None:
        async def ping(device: Device) -> None:
            ground = await listen(device)
            await ground.send(telecommand("PING", count=9))
            await wait_until_async(lambda: "TC_ACCEPTED" in ground.reports())
            seen.extend(file.read_text().splitlines())
            await wait_until_async(lambda: "TC_COMPLETED" in ground.reports())

        with Logbook(file, wall_clock_ns=lambda: 1234) as log:
            await flown(None, ping, log, speed=1.0)

    run_async(fly)
    entry = json.loads(seen[0])
    assert (entry["name"], entry["sequence_count"], entry["done"], entry["time_ns"]) == (
        "PING",
        9,
        "accepted",
        1234,
    )
    events = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert events == ["received", "executed"]


def test_a_log_goes_on_where_another_flight_ended(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    for number in range(2):
        with Logbook(file) as log:
            log.write({"event": "received", "number": number})
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [0, 1]


def test_an_entry_is_synchronised_before_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronised: list[int] = []
    file = tmp_path / "log.jsonl"
    monkeypatch.setattr(os, "fsync", lambda number: synchronised.append(file.stat().st_size))
    with Logbook(file) as log:
        log.write({"event": "garbage"})
    assert synchronised == [file.stat().st_size]


def test_a_log_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        Logbook(tmp_path / "none" / "log.jsonl")


def test_a_port_that_is_taken_is_said_with_the_address() -> None:
    async def twice() -> None:
        first = Device(SimulatorConfig(port=0))
        await first.start()
        try:
            await run_device(SimulatorConfig(port=first.port))
        finally:
            await first.stop()

    with pytest.raises(LinkError, match="cannot listen"):
        run_async(twice)


# --- Settings


def test_settings_of_the_demo_mission() -> None:
    config = load_simulator_config(MISSION)
    assert (config.port, config.speed, config.seed, config.countdown) == (7101, 5.0, 1, 12.0)
    assert 0.0 < config.uplink_loss < 0.2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"simulator": {"colour": "red"}}, "colour"),
        ({"simulator": {"speed": "fast"}}, "speed"),
        ({"simulator": {"speed": 0}}, "speed is 0"),
        ({"simulator": {"uplink_loss": 1.5}}, "uplink_loss is 1.5"),
        ({"simulator": {"countdown": -1}}, "countdown is -1"),
        ({"simulator": {"uplink_loss_by_name": {"NOTHING": 1}}}, "no telecommand NOTHING"),
        ({"simulator": {"uplink_loss_by_name": {"PING": "often"}}}, "PING is often"),
        ({"simulator": {"link": "other"}}, "no link 'other'"),
        ({"links": []}, "no link"),
        ({"links": [{"name": "radio", "transport": "udp"}]}, "cannot serve"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str) -> None:
    usual = {"links": [{"name": "radio", "transport": "tcp-client", "port": 0}]}
    with pytest.raises(ConfigError, match=message):
        SimulatorConfig.from_mapping(usual | settings, "mission.toml")


# --- The command


def test_simulate_answers_says_what_it_did_and_logs(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    arguments = (
        "--port",
        0,
        "--speed",
        50,
        "--duration",
        100,
        "--seed",
        36,
        "--countdown",
        90,
        "--lose",
        "PING",
    )
    program = Program(tmp_path / "data")
    with program.started("simulate", MISSION, "--json", "--log", log, *arguments) as simulate:
        first = simulate.until(lambda: simulate.output.splitlines()[:1], "it listens")

        async def send() -> bytes:
            ground = await Ground().connect(json.loads(first[0])["port"])
            await ground.send(telecommand("PING") + telecommand("SET_BEACON_TEXT", count=1))
            return await ground.end()

        data = run_async(send)
        report = simulate.wait().rows[-1]
    done = {entry["name"]: entry["done"] for entry in report["log"] if entry["event"] == "received"}
    assert done == {"PING": "lost: uplink", "SET_BEACON_TEXT": "accepted"}
    assert [json.loads(line) for line in log.read_text().splitlines()] == report["log"]
    assert report["bytes_sent"] == len(data)
    assert report["times"]["ignition"] == 90.0
    assert report["made"]["105"] == 3


def test_simulate_refuses_what_makes_no_sense() -> None:
    for arguments, message in (
        (("--lose", "NOTHING"), "NOTHING"),
        (("--lose", "PING=x"), "NAME=P"),
        (("--uplink-loss", "2"), "uplink_loss"),
    ):
        ended = run_command("simulate", MISSION, "--port", 0, *arguments)
        assert ended.code == 2 and message in ended.error


def test_simulate_ends_cleanly_at_ctrl_c(tmp_path: Path) -> None:
    with Program(tmp_path / "data").started("simulate", MISSION, "--port", 0) as simulate:
        simulate.until(lambda: "listens" in simulate.output, "it listens")
        ended = simulate.stop(signal.SIGINT)
    assert "Traceback" not in ended.stderr
    wait_until(lambda: not simulate.alive)


def test_the_recorder_keeps_what_the_radio_lost_or_damaged(tmp_path: Path) -> None:
    file = tmp_path / "card.bin"
    grounds: list[asyncio.Task[Ground]] = []

    def connect(device: Device) -> None:
        grounds.append(asyncio.create_task(listen(device)))

    async def fly() -> DeviceReport | None:
        config = SimulatorConfig(port=0, speed=1000.0)
        report = await run_device(config, duration=70.0, recorder=file, on_listening=connect)
        await (await grounds[0]).end()
        return report

    report = run_async(fly)
    assert report is not None
    kept = frames_of(file.read_bytes())
    assert not any(frame.torn for frame in kept)
    assert len(kept) == sum(report.truth.made.values()) > sum(report.truth.intact.values())
    with pytest.raises(ConfigError, match="the recorder cannot write: File exists"):
        run_async(fly)
