"""The whole rocket by mission time, without a network: `advance`, `receive`, and what was sent.

Everything that it sends follows from the flight, the start time and what it received when: no clock and no
chance is in it but those of the seed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from infra.simulator.computer import FlightComputer
from infra.simulator.flight import FlightModel, flight_model
from infra.simulator.packets import Apid, Draft
from infra.simulator.radio import Radio
from infra.simulator.stream import MINUTE_S, TelemetryStream
from infra.simulator.telecommands import RefusedError, decode, name_of, read_request
from infra.simulator.truth import Item, TruthTally
from infra.simulator.uplink import HEADER_SIZE, Heard, Kind, PacketFinder

Record = Callable[[Mapping[str, Any]], None]
"""Takes what the rocket writes down about a telecommand, see `logbook`."""


@dataclass(frozen=True)
class UplinkLoss:
    """How likely a telecommand is lost on its way up: by name, or else `rate`; chance comes from the seed."""

    rate: float = 0.0
    by_name: Mapping[str, float] = field(default_factory=dict)


class Rocket:
    """One rocket from mission time 0 on; `start_ns` is the UTC time of it (ns since 1970).

    `record` is called for each telecommand before a packet about it is sent, and again when it was done;
    `keep` for each packet that is made, also one that gets lost.
    """

    def __init__(
        self,
        model: FlightModel,
        start_ns: int,
        *,
        loss: UplinkLoss | None = None,
        beacon: bool = True,
        record: Record = lambda entry: None,
        keep: Callable[[bytes], None] = lambda packet: None,
    ) -> None:
        self.t = 0.0
        self.model = model
        self.tally = TruthTally()
        self._start_ns, self._beacon, self._record = start_ns, beacon, record
        self._loss = loss or UplinkLoss()
        self._chance = np.random.default_rng([model.seed, 50])
        self._finder = PacketFinder()
        self._received = 0
        self._radio = Radio(model.seed, keep)
        self._computer = FlightComputer(model, start_ns, send=self._send, tell=self._tell)
        self._out: list[Item] = []
        self._minute, self._next = 0, 0
        self._drafts: list[Draft] = []
        self._plan()

    @property
    def next_s(self) -> float:
        """The mission time of the next packet, or of what the flight computer does next."""
        packet = self._drafts[self._next].t if self._next < len(self._drafts) else self._minute_end
        return min(packet, self._computer.due)

    def advance(self, t: float) -> list[Item]:
        """Fly on to mission time t; return what was sent before it, lost packets as well."""
        while self._computer.due <= t:
            self._emit(self._computer.due)
            self._computer.run()
            self._plan_again()
        self._emit(t)
        self.t = t
        sent, self._out = self._out, []
        self.tally.add(sent)
        return sent

    def receive(self, data: bytes) -> None:
        """Hear bytes from the ground, now."""
        for heard in self._finder.feed(data):
            self._hear(heard)

    def _hear(self, heard: Heard) -> None:
        entry: dict[str, Any] = {"t": round(self.t, 6), "bytes": heard.data.hex()}
        if heard.kind is Kind.GARBAGE:
            self._record({"event": "garbage", **entry})
            return
        self._received += 1
        number, name = self._received, name_of(heard.data)
        entry = {"event": "received", "number": number, **entry, "name": name, **_content(heard)}
        fate = self._on_the_way_up(name)
        if fate:
            self._record({**entry, "done": fate})
            return
        is_broken = heard.kind is Kind.BROKEN
        done = self._computer.receive(self.t, number, heard.data, is_broken=is_broken)
        self._record({**entry, "done": done})

    def _on_the_way_up(self, name: str) -> str:
        """Why a telecommand does not reach the flight computer; empty when it does."""
        roll = self._chance.random()
        if self._radio.in_blackout(self.t):
            return "lost: blackout"
        return "lost: uplink" if roll < self._loss.by_name.get(name, self._loss.rate) else ""

    def _tell(self, number: int, what: str, why: str) -> None:
        reason = {"why": why} if why else {}
        self._record({"event": what, "number": number, "t": round(self._computer.t, 6), **reason})

    def _send(self, draft: Draft) -> None:
        self._out += self._radio.send([draft], silent=self._computer.state.silent)

    @property
    def _minute_end(self) -> float:
        return (self._minute + 1) * MINUTE_S

    def _emit(self, until: float) -> None:
        """Send what the rocket makes by itself before a mission time."""
        state = self._computer.state
        while True:
            end = bisect_left(self._drafts, until, self._next, key=lambda draft: draft.t)
            batch = self._drafts[self._next : end]
            self._next = end
            for at, draft in enumerate(batch):
                if draft.apid == Apid.STATUS:
                    batch[at] = draft._replace(data=state.stamp(draft.data))
            self._out += self._radio.send(batch, silent=state.silent)
            if until < self._minute_end:
                return
            self._minute += 1
            self._drafts, self._next = self._stream.minute(self._minute), 0

    def _plan(self, since: float = -math.inf) -> None:
        """Make the packets of the present minute, as the flight and the settings are now."""
        self._settings = self._computer.settings
        self._stream = TelemetryStream(self.model, self._start_ns, self._settings, beacon=self._beacon)
        self._radio.follow(self.model.times, self._stream.beacon_from)
        self._drafts = [draft for draft in self._stream.minute(self._minute) if draft.t >= since]
        self._next = 0

    def _plan_again(self) -> None:
        """After the flight computer did something: change what comes, when it must be changed."""
        computer, model = self._computer, self.model
        if computer.orders != model.orders:
            self.model = flight_model(model.seed, model.countdown, computer.orders)
            computer.model = self.model
        elif computer.settings == self._settings:
            return
        self._plan(computer.t)


def _content(heard: Heard) -> dict[str, Any]:
    """What a packet says, for the record."""
    if len(heard.data) < HEADER_SIZE:
        return {}
    content: dict[str, Any] = {"sequence_count": read_request(heard.data).sequence_count}
    if heard.kind is Kind.PACKET:
        try:
            arguments = decode(heard.data).arguments
        except RefusedError:
            return content
        content["arguments"] = {
            key: value.hex() if isinstance(value, bytes) else value for key, value in arguments.items()
        }
    return content
