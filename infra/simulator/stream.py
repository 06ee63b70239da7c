"""The packets that the rocket makes by itself, in the order of time, minute by minute.

Every minute has random generators of its own, seeded by flight, purpose and minute: how long a flight is
played makes no difference to the packets before, and a change of settings or orders in the middle of a minute
needs only that minute to be made again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from infra.simulator.environment import Floats
from infra.simulator.events import BEACON_RATE, MEAN_RATE, Event, random_events, scripted_events
from infra.simulator.flight import FlightModel
from infra.simulator.packets import Apid, Draft, clock_ticks, encode, encode_event
from infra.simulator.telemetry import SENSORS, Settings

MINUTE_S = 60.0
BEACON_AFTER_LANDING_S = 15.0
STATUS_RATE = 1.0

BEACON = {Apid.IMU: 0.0, Apid.NAV: 0.5, Apid.POWER: 0.5, Apid.STATUS: STATUS_RATE}
"""Packets per second as a beacon on the ground."""

_OFFSET_S = {Apid.IMU: 0.0, Apid.NAV: 0.0137, Apid.POWER: 0.0271, Apid.STATUS: 0.0433}


class TelemetryStream:
    """All packets of one flight with unchanging settings.

    `start_ns` is the UTC time (ns since 1970) of mission time 0; with `beacon` off the rates stay as in
    flight after landing, which is for benchmarks.
    """

    def __init__(
        self, model: FlightModel, start_ns: int, settings: Settings | None = None, *, beacon: bool = True
    ) -> None:
        self._model = model
        self._start_ns = start_ns
        self._settings = settings or Settings()
        self._scripted = scripted_events(model)
        self.beacon_from = model.times.landing + BEACON_AFTER_LANDING_S if beacon else np.inf

    def minute(self, number: int) -> list[Draft]:
        """The packets of one minute, from 0."""
        start = number * MINUTE_S
        drafts = [draft for apid in SENSORS for draft in self._fixed(apid, number, start)]
        drafts += [event_draft(event, self._start_ns) for event in self._events(number, start)]
        drafts.sort(key=lambda draft: draft.t)
        return drafts

    def _fixed(self, apid: Apid, minute: int, start: float) -> Iterator[Draft]:
        t = self._sample_times(apid, start)
        rng = random_of(self._model.seed, minute, apid)
        rows = SENSORS[apid](self._model.state_at(t), rng, self._settings)
        packets = encode(apid, rows, clock_ticks(self._start_ns, t))
        return (Draft(when, int(apid), data) for when, data in zip(t.tolist(), packets, strict=True))

    def _sample_times(self, apid: Apid, start: float) -> Floats:
        """The times of the samples within a minute: full rate up to the beacon's time, slow from then on."""
        slow = min(max(self.beacon_from, start), start + MINUTE_S)
        return np.concatenate([
            _grid(_OFFSET_S[apid], self._full_rate(apid), start, slow),
            _grid(_OFFSET_S[apid], BEACON[apid], slow, start + MINUTE_S),
        ])  # fmt: skip

    def _full_rate(self, apid: Apid) -> float:
        settings = self._settings
        rates = {Apid.IMU: settings.imu_rate, Apid.NAV: settings.nav_rate, Apid.POWER: settings.power_rate}
        return float(rates.get(apid, STATUS_RATE))

    def _events(self, minute: int, start: float) -> list[Event]:
        stop = start + MINUTE_S
        slow = min(max(self.beacon_from, start), stop)
        rng = random_of(self._model.seed, minute, Apid.EVENT)
        events = [event for event in self._scripted if start <= event.t < stop]
        events += random_events(self._model, rng, start, slow, MEAN_RATE)
        events += random_events(self._model, rng, slow, stop, BEACON_RATE)
        return events


def event_draft(event: Event, start_ns: int) -> Draft:
    """The EVENT packet of one message."""
    (ticks,) = clock_ticks(start_ns, np.array([event.t])).tolist()
    data = encode_event(
        ticks, severity=event.severity, source=event.source, text=event.text, value=event.value
    )
    return Draft(event.t, int(Apid.EVENT), data)


def random_of(seed: int, minute: int, purpose: int) -> np.random.Generator:
    """The random numbers of one purpose in one minute of a flight."""
    return np.random.default_rng([seed, 40, purpose, minute])


def _grid(offset: float, rate: float, start: float, stop: float) -> Floats:
    """All offset + n / rate in [start, stop); none for a rate of 0."""
    if rate == 0.0 or stop <= start:
        return np.empty(0)
    first, last = (int(np.ceil((edge - offset) * rate - 1e-9)) for edge in (start, stop))
    return offset + np.arange(max(first, 0), last) / rate
