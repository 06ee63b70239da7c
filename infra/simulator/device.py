"""The simulated device on its link: a modem on TCP that plays one flight to whoever listens.

The flight starts when the first ground connects. From then on time goes by whether anybody listens or
not: what is sent while no ground is connected is lost, as with a radio, and a ground that does not read
fast enough loses whole packets, because a radio does not wait. Several grounds hear the same.

The device's clock is UTC at the start of the flight; from there it runs `speed` times as fast as the
wall clock, so generated times are the present at speed 1 and run ahead of it at a higher speed.

Not there yet: telecommands. Bytes from the ground are read and counted, so that TCP never stalls, and
are not acted upon.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from infra.errors import LinkError
from infra.simulator.config import SimulatorConfig
from infra.simulator.flight import FlightModel, PhaseTimes
from infra.simulator.stream import TelemetryStream
from infra.simulator.truth import Fate, FlightTruth, Item, TruthTally

TICK_S = 0.02
MAX_BACKLOG = 1_000_000
"""Bytes that wait for a slow ground before it loses packets."""


@dataclass(frozen=True)
class DeviceReport:
    """What a device has done: the truth about what it sent, and how much of it nobody took.

    `unheard` packets went out while no ground was connected, `overrun` ones met a ground that did not
    read; `received_bytes` came from the ground. `start_ns` is the UTC time of mission time 0, `t` the
    mission time in seconds that was reached.
    """

    truth: FlightTruth
    times: PhaseTimes
    start_ns: int
    t: float
    connections: int
    unheard: int
    overrun: int
    received_bytes: int


class Device:
    """One simulated rocket with its modem: `start`, then `play`, then `stop`.

    `wall_clock_ns` tells the UTC time at which the flight starts.
    """

    def __init__(self, config: SimulatorConfig, *, wall_clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.config = config.checked()
        self.t = 0.0
        self._wall_clock_ns = wall_clock_ns
        self._start_ns = 0
        self._times: PhaseTimes | None = None
        self._server: asyncio.Server | None = None
        self._grounds: set[asyncio.StreamWriter] = set()
        self._heard = asyncio.Event()
        self._tally = TruthTally()
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
        if self._times is None:
            return None
        return DeviceReport(
            truth=self._tally.truth(),
            times=self._times,
            start_ns=self._start_ns,
            t=self.t,
            connections=self._connections,
            unheard=self._unheard,
            overrun=self._overrun,
            received_bytes=self._received,
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
        # The model takes half a second to integrate, which must not hold up the modem.
        model = await asyncio.to_thread(FlightModel, self.config.seed)
        await self._heard.wait()
        self._start_ns, self._times = self._wall_clock_ns(), model.times
        minutes = TelemetryStream(model, self._start_ns).minutes()
        began = asyncio.get_running_loop().time()
        while duration is None or self.t < duration:
            minute = await asyncio.to_thread(_next_minute, minutes, duration)
            if not minute:
                self.t = await self._reach(duration or 0.0, began)
                return
            await self._play_minute(minute, began)

    async def stop(self) -> None:
        """Stop listening and close what is connected, after what was sent has gone out."""
        if self._server is not None:
            self._server.close()
        for ground in list(self._grounds):
            ground.close()
        for ground in list(self._grounds):
            with contextlib.suppress(OSError):
                await ground.wait_closed()
        self._grounds.clear()

    async def _play_minute(self, minute: Sequence[Item], began: float) -> None:
        at = 0
        while at < len(minute):
            self.t = await self._reach(minute[at].t, began)
            after = at
            while after < len(minute) and minute[after].t <= self.t:
                after += 1
            self._send(minute[at:after])
            at = after

    async def _reach(self, t: float, began: float) -> float:
        """Sleep at least one tick, and until mission time t; return the mission time then."""
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(began + t / self.config.speed - clock(), TICK_S))
        return max((clock() - began) * self.config.speed, t)

    def _send(self, items: Sequence[Item]) -> None:
        self._tally.add(items)
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
        self._heard.set()
        try:
            while data := await reader.read(65_536):
                self._received += len(data)
        except OSError:
            pass  # the ground went away without a word: it may come again
        finally:
            self._grounds.discard(ground)
            ground.close()


def _next_minute(minutes: Iterator[list[Item]], duration: float | None) -> list[Item]:
    """The next minute's items, without those from `duration` on."""
    return [item for item in next(minutes) if duration is None or item.t < duration]


async def run_device(
    config: SimulatorConfig,
    *,
    speed: float | None = None,
    duration: float | None = None,
    host: str | None = None,
    port: int | None = None,
    seed: int | None = None,
    on_listening: Callable[[Device], None] | None = None,
) -> DeviceReport | None:
    """Run the simulated device until `duration` seconds of mission time, or without one until cancelled.

    What is given replaces what `config` says. `on_listening` is told the device once its port is open.
    Returns the report; raises LinkError when the port is taken, ConfigError for senseless numbers.
    """
    given = {"speed": speed, "host": host, "port": port, "seed": seed}
    changes = {key: value for key, value in given.items() if value is not None}
    device = Device(dataclasses.replace(config, **changes))  # type: ignore[arg-type]
    await device.start()
    try:
        if on_listening is not None:
            on_listening(device)
        await device.play(duration)
    finally:
        await device.stop()
    return device.report
