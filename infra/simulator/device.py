"""The simulated device on its link: a modem on TCP that plays one flight to whoever listens.

The flight starts when the first ground connects. From then on time goes by whether anybody listens or
not: what is sent while no ground is connected is lost, as with a radio, and a ground that does not read
fast enough loses whole packets, because a radio does not wait. Several grounds hear the same, and the rocket
hears all of them.

The device's clock is UTC at the start of the flight; from there it runs `speed` times as fast as the
wall clock, so generated times are the present at speed 1 and run ahead of it at a higher speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import LinkError
from infra.simulator.config import SimulatorConfig
from infra.simulator.flight import FlightModel, flight_model
from infra.simulator.logbook import Logbook
from infra.simulator.recorder import Recorder
from infra.simulator.rocket import Rocket, UplinkLoss
from infra.simulator.truth import Fate, FlightTruth, Item

TICK_S = 0.02
MAX_BACKLOG = 1_000_000
"""Bytes that wait for a slow ground before it loses packets."""

FLUSH_S = 5.0
"""Seconds that a ground has, at the end, to take what was sent."""

MAX_HEARD = 65_536
"""Bytes that are taken at once from a ground; what comes faster waits in TCP."""


@dataclass(frozen=True)
class DeviceReport:
    """What a device has done: the truth about what it sent, and how much of it nobody took.

    `unheard` packets went out while no ground was connected, `overrun` ones met a ground that did not
    read; `received_bytes` came from the ground. `start_ns` is the UTC time of mission time 0, `t` the
    mission time in seconds that was reached, `model` the flight as it was in the end. `log` has what the
    rocket wrote down about telecommands (see `logbook`).
    """

    truth: FlightTruth
    model: FlightModel
    start_ns: int
    t: float
    connections: int
    unheard: int
    overrun: int
    received_bytes: int
    log: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The report for JSON: counts and ordinals by APID, the flight's times, the log."""
        numbers = ("start_ns", "t", "connections", "unheard", "overrun", "received_bytes")
        return {
            **self.truth.as_json(),
            **{name: getattr(self, name) for name in numbers},
            "times": self.model.times._asdict(),
            "hot_bay": self.model.hot_bay,
            "log": list(self.log),
        }


class Device:
    """One simulated rocket with its modem: `start`, then `play`, then `stop`.

    `wall_clock_ns` tells the UTC time at which the flight starts; what the rocket writes down about
    telecommands goes to `log`, every packet that it makes to `recorder`.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        *,
        log: Logbook | None = None,
        recorder: Recorder | None = None,
        wall_clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.config = config.checked()
        self._log, self._recorder = log or Logbook(), recorder or Recorder()
        self._wall_clock_ns = wall_clock_ns
        self._start_ns = 0
        self._rocket: Rocket | None = None
        self._server: asyncio.Server | None = None
        self._grounds: set[asyncio.StreamWriter] = set()
        self._connected, self._heard = asyncio.Event(), asyncio.Event()
        self._inbox: list[bytes] = []
        self._connections = self._unheard = self._overrun = self._received = 0

    @property
    def port(self) -> int:
        """The port on which the modem listens; LinkError before `start`."""
        if self._server is None:
            raise LinkError("the device is not started", where=self.config.host, fix="await start() first")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def report(self) -> DeviceReport | None:
        """What was done so far; None before the flight has started."""
        if self._rocket is None:
            return None
        return DeviceReport(
            truth=self._rocket.tally.truth(),
            model=self._rocket.model,
            start_ns=self._start_ns,
            t=self._rocket.t,
            connections=self._connections,
            unheard=self._unheard,
            overrun=self._overrun,
            received_bytes=self._received,
            log=tuple(self._log.entries),
        )

    async def start(self) -> None:
        """Listen; raises LinkError when the address cannot be had."""
        host, port = self.config.host, self.config.port
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            raise LinkError(
                f"the simulated device cannot listen: {error.strerror or error}",
                where=f"{host}:{port}",
                fix="end what uses the port, or choose another one",
            ) from error

    async def play(self, duration: float | None = None) -> None:
        """Wait for a ground, then fly until `duration` seconds of mission time, or until cancelled."""
        # The model takes a quarter of a second to integrate, which must not hold up the modem.
        config = self.config
        model = await asyncio.to_thread(flight_model, config.seed, config.countdown)
        await self._connected.wait()
        self._start_ns = self._wall_clock_ns()
        loss = UplinkLoss(config.uplink_loss, config.uplink_loss_by_name)
        rocket = self._rocket = Rocket(
            model, self._start_ns, loss=loss, record=self._log.write, keep=self._recorder.write
        )
        clock = asyncio.get_running_loop().time
        began = clock()
        while duration is None or rocket.t < duration:
            t = (clock() - began) * config.speed
            heard, self._inbox = self._inbox, []
            self._heard.clear()
            t = t if duration is None else min(t, duration)
            self._send(await asyncio.to_thread(_step, rocket, t, heard))
            wanted = began + min(rocket.next_s, duration or rocket.next_s) / config.speed
            await self._pause(wanted - clock())

    async def stop(self) -> None:
        """Stop listening and close what is connected, after what was sent has gone out.

        A ground that does not read has FLUSH_S to take it.
        """
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*map(_close, list(self._grounds)))
        self._grounds.clear()

    async def _pause(self, seconds: float) -> None:
        """Sleep, at least one tick; bytes from a ground end it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, TICK_S)):
                await self._heard.wait()

    def _send(self, items: Sequence[Item]) -> None:
        packets = [item.data for item in items if item.fate is not Fate.LOST]
        listening = [ground for ground in self._grounds if not ground.is_closing()]
        if not listening:
            self._unheard += len(packets)
        for ground in listening:
            if ground.transport.get_write_buffer_size() > MAX_BACKLOG:
                self._overrun += len(packets)
            else:
                ground.write(b"".join(packets))

    async def _serve(self, reader: asyncio.StreamReader, ground: asyncio.StreamWriter) -> None:
        self._grounds.add(ground)
        self._connections += 1
        self._connected.set()
        try:
            while data := await reader.read(MAX_HEARD):
                self._received += len(data)
                self._inbox.append(data)
                self._heard.set()
        except OSError:
            pass  # the ground went away without a word: it may come again
        finally:
            self._grounds.discard(ground)
            ground.close()


async def _close(ground: asyncio.StreamWriter) -> None:
    ground.close()
    try:
        with contextlib.suppress(OSError):
            await asyncio.wait_for(ground.wait_closed(), FLUSH_S)
    except TimeoutError:
        ground.transport.abort()


def _step(rocket: Rocket, t: float, heard: Sequence[bytes]) -> list[Item]:
    """Fly on to mission time t, then hear what the grounds sent; return all that is sent."""
    sent = rocket.advance(t)
    for data in heard:
        rocket.receive(data)
    return sent + rocket.advance(t)


async def run_device(
    config: SimulatorConfig,
    *,
    speed: float | None = None,
    duration: float | None = None,
    port: int | None = None,
    seed: int | None = None,
    log: Path | None = None,
    recorder: Path | None = None,
    on_listening: Callable[[Device], None] | None = None,
) -> DeviceReport | None:
    """Run the simulated device until `duration` seconds of mission time, or without one until cancelled.

    What is given replaces what `config` says; `log` is the file of the rocket's log, `recorder` that of its
    recorder. `on_listening` is told the device once its port is open. Returns the report; raises LinkError
    when the port is taken, ConfigError for senseless numbers and for a file that cannot be written.
    """
    given = {"speed": speed, "port": port, "seed": seed}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    with Logbook(log) as logbook, Recorder(recorder) as card:
        device = Device(dataclasses.replace(config, **changes), log=logbook, recorder=card)
        await device.start()
        try:
            if on_listening is not None:
                on_listening(device)
            await device.play(duration)
        finally:
            await device.stop()
        return device.report
