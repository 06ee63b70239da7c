"""The packets of a flight in the order of time, minute by minute, with what the radio did to them.

Every minute has random generators of its own, seeded by flight, purpose and minute: how long a flight is
played makes no difference to the bytes that were sent before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from infra.simulator.environment import Floats
from infra.simulator.events import BEACON_RATE, MEAN_RATE, random_events, scripted_events
from infra.simulator.faults import through_the_radio
from infra.simulator.flight import FlightModel
from infra.simulator.packets import Apid, clock_ticks, encode, encode_event
from infra.simulator.telemetry import SENSORS
from infra.simulator.truth import Fate, Item

MINUTE_S = 60.0
BEACON_AFTER_LANDING_S = 15.0

FULL_RATE = {Apid.IMU: 100.0, Apid.NAV: 10.0, Apid.POWER: 5.0, Apid.STATUS: 1.0}
BEACON = {Apid.IMU: 0.0, Apid.NAV: 0.5, Apid.POWER: 0.5, Apid.STATUS: 1.0}
"""Packets per second in flight, and as a beacon on the ground."""

_OFFSET_S = {Apid.IMU: 0.0, Apid.NAV: 0.0137, Apid.POWER: 0.0271, Apid.STATUS: 0.0433}


class TelemetryStream:
    """All packets of one flight; iterate over `minutes`.

    `start_ns` is the UTC time (ns since 1970) of mission time 0; with `beacon` off the rates stay as in
    flight after landing, which is for benchmarks.
    """

    def __init__(self, model: FlightModel, start_ns: int, *, beacon: bool = True) -> None:
        self._model = model
        self._start_ns = start_ns
        self._slow_from = model.times.landing + BEACON_AFTER_LANDING_S if beacon else np.inf
        self._scripted = scripted_events(model)
        self._made = dict.fromkeys(Apid, 0)

    def minutes(self) -> Iterator[list[Item]]:
        """The items of minute 0, 1, 2 and so on, without an end; each call goes on where the last one was."""
        for minute in count():
            start = minute * MINUTE_S
            items = [item for apid in SENSORS for item in self._fixed(apid, minute, start)]
            items += self._events(minute, start)
            items.sort(key=lambda item: item.t)
            yield through_the_radio(self._model, items, self._random(minute, 999))

    def _random(self, minute: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._model.seed, 40, purpose, minute])

    def _fixed(self, apid: Apid, minute: int, start: float) -> Iterator[Item]:
        t = self._sample_times(apid, start)
        rows = SENSORS[apid](self._model.state_at(t), self._random(minute, apid))
        ordinals = self._made[apid] + np.arange(len(t))
        self._made[apid] += len(t)
        packets = encode(apid, rows, clock_ticks(self._start_ns, t), ordinals)
        for when, ordinal, data in zip(t.tolist(), ordinals.tolist(), packets, strict=True):
            yield Item(when, int(apid), ordinal, Fate.WHOLE, data)

    def _sample_times(self, apid: Apid, start: float) -> Floats:
        """The times of the samples within a minute: full rate up to the beacon's time, slow from then on."""
        slow = min(max(self._slow_from, start), start + MINUTE_S)
        return np.concatenate([
            _grid(_OFFSET_S[apid], FULL_RATE[apid], start, slow),
            _grid(_OFFSET_S[apid], BEACON[apid], slow, start + MINUTE_S),
        ])  # fmt: skip

    def _events(self, minute: int, start: float) -> Iterator[Item]:
        stop = start + MINUTE_S
        slow = min(max(self._slow_from, start), stop)
        rng = self._random(minute, Apid.EVENT)
        events = [event for event in self._scripted if start <= event.t < stop]
        events += random_events(self._model, rng, start, slow, MEAN_RATE)
        events += random_events(self._model, rng, slow, stop, BEACON_RATE)
        events.sort(key=lambda event: event.t)
        ticks = clock_ticks(self._start_ns, np.array([event.t for event in events])).tolist()
        for tick, event in zip(ticks, events, strict=True):
            ordinal = self._made[Apid.EVENT]
            self._made[Apid.EVENT] += 1
            data = encode_event(
                tick,
                ordinal,
                severity=event.severity,
                source=event.source,
                text=event.text,
                value=event.value,
            )
            yield Item(event.t, int(Apid.EVENT), ordinal, Fate.WHOLE, data)


def _grid(offset: float, rate: float, start: float, stop: float) -> Floats:
    """All offset + n / rate in [start, stop); none for a rate of 0."""
    if rate == 0.0 or stop <= start:
        return np.empty(0)
    first, last = (int(np.ceil((edge - offset) * rate - 1e-9)) for edge in (start, stop))
    return offset + np.arange(max(first, 0), last) / rate
