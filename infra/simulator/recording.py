"""A whole flight at once: as an iterable of what is sent when, or as a file; with the truth about it.

>>> flight = build_flight(seed=1, duration=2.0)
>>> t, packet = next(iter(flight))
>>> t, packet.hex()[:8], flight.truth.made[100]
(0.0, '0864c000', 200)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.simulator.flight import COUNTDOWN_S, FlightModel, PhaseTimes, flight_model
from infra.simulator.logbook import Logbook
from infra.simulator.rocket import Rocket, UplinkLoss
from infra.simulator.truth import Fate, FlightTruth, Item

DEFAULT_DURATION_S = 300.0
DEFAULT_START_NS = 1_780_308_000_000_000_000
"""2026-06-01T10:00:00Z: mission time 0 of a flight that nobody gave another date."""


@dataclass(frozen=True)
class Flight:
    """What the device sends in one flight; iterating gives (mission time in s, bytes), one packet each.

    `items` has the lost packets as well, `model` is the flight as it was in the end, `log` what the rocket
    wrote down about telecommands (see `logbook`).
    """

    items: tuple[Item, ...]
    truth: FlightTruth
    model: FlightModel
    start_ns: int
    log: tuple[dict[str, Any], ...] = ()

    @property
    def times(self) -> PhaseTimes:
        """The mission times of the flight's phases."""
        return self.model.times

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        return ((item.t, item.data) for item in self.items if item.fate is not Fate.LOST)

    def to_bytes(self) -> bytes:
        """All bytes that are sent, one after the other."""
        return b"".join(data for _, data in self)


def build_flight(
    seed: int = 1,
    duration: float = DEFAULT_DURATION_S,
    *,
    start_ns: int = DEFAULT_START_NS,
    countdown: float = COUNTDOWN_S,
    beacon: bool = True,
    telecommands: Sequence[tuple[float, bytes]] = (),
    loss: UplinkLoss | None = None,
) -> Flight:
    """Everything that is sent from mission time 0 to `duration` seconds; a pure function of its arguments.

    `start_ns` is the UTC time (ns since 1970) of mission time 0, `telecommands` are bytes that reach the
    rocket at mission times, in their order. With `beacon` off, a landed rocket goes on at its full rates
    instead of the beacon's, for benchmarks.
    """
    log = Logbook(wall_clock_ns=lambda: start_ns)
    model = flight_model(seed, countdown)
    rocket = Rocket(model, start_ns, loss=loss, beacon=beacon, record=log.write)
    items: list[Item] = []
    for t, data in telecommands:
        items += rocket.advance(t)
        rocket.receive(data)
    items += rocket.advance(duration)
    return Flight(tuple(items), rocket.tally.truth(), rocket.model, start_ns, tuple(log.entries))


def write_recording(
    path: Path,
    seed: int = 1,
    duration: float = DEFAULT_DURATION_S,
    *,
    start_ns: int = DEFAULT_START_NS,
    beacon: bool = True,
) -> FlightTruth:
    """Write what a flight sends to a file, packets back to back as they came; return the truth about it."""
    flight = build_flight(seed, duration, start_ns=start_ns, beacon=beacon)
    path.write_bytes(flight.to_bytes())
    return flight.truth
