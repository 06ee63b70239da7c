"""What the radio does to a flight, by seed: packets lost, truncated, with a wrong length, garbage between.

- Lost: one packet in 1,250 anywhere; all of them for 0.7 s while the rocket tumbles over its apogee (the
  antenna points away) and for 0.25 s when the main parachute opens.
- Damaged: in every full minute of telemetry two packets are truncated, two get a wrong length field and
  garbage is sent twice. A minute of a landed beacon has none: too few packets go by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infra.simulator.flight import FlightModel
from infra.simulator.packets import HEADER_SIZE
from infra.simulator.truth import Fate, Item

LOSS_RATE = 1 / 1250
APOGEE_BLACKOUT_S = (0.3, 1.0)
MAIN_BLACKOUT_S = (0.1, 0.35)
DAMAGE_PER_MINUTE = (Fate.TRUNCATED, Fate.BAD_LENGTH, Fate.GARBAGE) * 2
FULL_MINUTE = 3000
"""Packets that a minute must have for its share of damage."""

Random = np.random.Generator


def through_the_radio(model: FlightModel, items: list[Item], rng: Random) -> list[Item]:
    """What becomes of one minute's packets: the same items with their fates, and garbage among them."""
    items = _lose(model, items, rng)
    return _damage(items, rng) if len(items) >= FULL_MINUTE else items


def _lose(model: FlightModel, items: Sequence[Item], rng: Random) -> list[Item]:
    t = np.array([item.t for item in items])
    gone = rng.random(len(items)) < LOSS_RATE
    for at, (start, stop) in (
        (model.times.apogee, APOGEE_BLACKOUT_S),
        (model.times.main, MAIN_BLACKOUT_S),
    ):
        gone |= (t >= at + start) & (t < at + stop)
    lost = gone.tolist()
    return [item._replace(fate=Fate.LOST) if lost[i] else item for i, item in enumerate(items)]


def _damage(items: list[Item], rng: Random) -> list[Item]:
    """Damage one packet in the middle of each equal share of the minute, so that no two are close."""
    kinds = [DAMAGE_PER_MINUTE[i] for i in rng.permutation(len(DAMAGE_PER_MINUTE))]
    share = len(items) // len(kinds)
    damaged = list(items)
    for number in reversed(range(len(kinds))):
        at = number * share + int(rng.integers(share // 4, 3 * share // 4))
        while damaged[at].fate is not Fate.WHOLE:
            at += 1
        damaged[at : at + 1] = _KINDS[kinds[number]](damaged[at], rng)
    return damaged


def _truncate(item: Item, rng: Random) -> list[Item]:
    keep = int(rng.integers(HEADER_SIZE - 4, len(item.data) - 2))
    return [item._replace(fate=Fate.TRUNCATED, data=item.data[:keep])]


def _break_length(item: Item, rng: Random) -> list[Item]:
    broken = bytearray(item.data)
    broken[int(rng.integers(4, 6))] ^= int(rng.integers(1, 256))
    return [item._replace(fate=Fate.BAD_LENGTH, data=bytes(broken))]


def _add_garbage(item: Item, rng: Random) -> list[Item]:
    garbage = rng.bytes(int(rng.integers(5, 65)))
    return [item, Item(item.t, -1, -1, Fate.GARBAGE, garbage)]


_KINDS: dict[Fate, Callable[[Item, Random], list[Item]]] = {
    Fate.TRUNCATED: _truncate,
    Fate.BAD_LENGTH: _break_length,
    Fate.GARBAGE: _add_garbage,
}
