"""What Kestrel 1 says in words: EVENT messages of the flight computer, its payload and its radio.

Some belong to a moment of the flight, the rest comes at random, 1.3 a second on average, and one in ten
seconds when the rocket lies in the field as a beacon.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from infra.simulator.flight import FlightModel

MEAN_RATE = 1.3
BEACON_RATE = 0.1


class Severity(IntEnum):
    """How much an event matters."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


class Source(IntEnum):
    """Which part of the rocket speaks."""

    COMPUTER = 0
    PAYLOAD = 1
    RADIO = 2
    RECOVERY = 3


@dataclass(frozen=True)
class Event:
    """One message, at a mission time in seconds; `value` is sent only when there is one."""

    t: float
    severity: Severity
    source: Source
    text: str
    value: float | None = None


def scripted_events(model: FlightModel) -> list[Event]:
    """The messages that belong to a moment of this flight, in order of time."""
    times, hot = model.times, model.hot_bay
    if times.ignition == np.inf:
        return []
    computer, recovery = Source.COMPUTER, Source.RECOVERY
    events = [
        Event(times.ignition + 0.21, Severity.INFO, computer, "lift-off detected", _force(model, 0.21)),
        Event(times.burnout + 0.12, Severity.INFO, computer, "burnout, speed in m/s", _speed(model)),
        Event(times.apogee + 0.25, Severity.INFO, computer, "apogee, altitude in m", _apogee(model)),
        Event(times.drogue, Severity.INFO, recovery, "drogue fired"),
        Event(times.main, Severity.INFO, recovery, "main parachute fired, height in m", _main(model)),
        Event(times.landing + 1.0, Severity.INFO, computer, "touchdown"),
    ]
    if hot is not None:
        events.append(Event(hot[0], Severity.WARNING, computer, "motor bay above 70 °C", 70.0))
        events.append(Event(hot[1], Severity.INFO, computer, "motor bay below 70 °C again"))
    return sorted(events, key=lambda event: event.t)


def random_events(
    model: FlightModel, rng: np.random.Generator, start: float, stop: float, rate: float
) -> list[Event]:
    """Chatter between two mission times, at `rate` per second on average."""
    times = np.sort(rng.uniform(start, stop, rng.poisson(rate * max(stop - start, 0.0))))
    heights = model.state_at(times).position_m[:, 2]
    kinds = rng.integers(0, 4, len(times))
    return [_chatter(t, kind, z, rng) for t, kind, z in zip(times.tolist(), kinds, heights, strict=True)]


def _chatter(t: float, kind: int, height: float, rng: np.random.Generator) -> Event:
    if kind == 0:
        counts = float(rng.poisson(4.0 + height / 600.0))
        return Event(t, Severity.INFO, Source.PAYLOAD, "cosmic rays, counts per second", counts)
    if kind == 1:
        sector = int(rng.integers(1000, 10_000))
        return Event(t, Severity.INFO, Source.COMPUTER, f"storage: sector {sector} written")
    if kind == 2:
        return Event(t, Severity.INFO, Source.RADIO, "frequency offset in Hz", float(rng.normal(0.0, 180.0)))
    chosen = ("detector calibrated", "histogram closed", "photodiode at 21 µA", "gain step, Δ = +1")
    return Event(t, Severity.INFO, Source.PAYLOAD, chosen[int(rng.integers(len(chosen)))])


def _force(model: FlightModel, after: float) -> float:
    return float(model.state_at(model.times.ignition + after).specific_force[0])


def _speed(model: FlightModel) -> float:
    return float(model.state_at(model.times.burnout).speed)


def _apogee(model: FlightModel) -> float:
    return float(model.state_at(model.times.apogee).altitude_m)


def _main(model: FlightModel) -> float:
    return float(model.state_at(model.times.main).position_m[2])
