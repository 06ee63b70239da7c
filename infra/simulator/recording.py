"""A whole flight at once: as an iterable of what is sent when, or as a file; with the truth about it.

>>> flight = build_flight(seed=1, duration=2.0)
>>> t, packet = next(iter(flight))
>>> t, packet.hex()[:8], flight.truth.made[100]
(0.0, '0864c000', 200)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from infra.simulator.flight import FlightModel, PhaseTimes
from infra.simulator.stream import MINUTE_S, TelemetryStream
from infra.simulator.truth import Fate, FlightTruth, Item, TruthTally

DEFAULT_DURATION_S = 300.0
DEFAULT_START_NS = 1_780_308_000_000_000_000
"""2026-06-01T10:00:00Z: mission time 0 of a flight that nobody gave another date."""


@dataclass(frozen=True)
class Flight:
    """What the device sends in one flight; iterating gives (mission time in s, bytes), one packet each.

    `items` has the lost packets as well, `times` the phases of the flight.
    """

    items: tuple[Item, ...]
    truth: FlightTruth
    times: PhaseTimes
    start_ns: int

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
    beacon: bool = True,
) -> Flight:
    """Everything that is sent from mission time 0 to `duration` seconds; a pure function of its arguments.

    `start_ns` is the UTC time (ns since 1970) of mission time 0. With `beacon` off, a landed rocket goes
    on at its full rates instead of the beacon's, for benchmarks.
    """
    model = FlightModel(seed)
    minutes = TelemetryStream(model, start_ns, beacon=beacon).minutes()
    wanted = islice(minutes, math.ceil(duration / MINUTE_S))
    kept = tuple(item for minute in wanted for item in minute if item.t < duration)
    tally = TruthTally()
    tally.add(kept)
    return Flight(kept, tally.truth(), model.times, start_ns)


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
