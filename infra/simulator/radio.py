"""The way down: numbers the packets and does to them what a radio does, by seed.

- Lost: one packet in 1,250 anywhere; all of them in a blackout (for 0.7 s while the rocket tumbles over its
  apogee and the antenna points away, for 0.25 s when the main parachute opens) and while the transmitter is
  off. The rocket is deaf in a blackout, too, but not while the transmitter is off.
- Damaged: in every minute of flight two packets are truncated, two get a wrong length field and garbage is
  sent twice. A landed beacon has none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from infra.simulator.flight import PhaseTimes
from infra.simulator.packets import HEADER_SIZE, Draft, numbered
from infra.simulator.stream import MINUTE_S, random_of
from infra.simulator.truth import Fate, Item

LOSS_RATE = 1 / 1250
APOGEE_BLACKOUT_S = (0.3, 1.0)
MAIN_BLACKOUT_S = (0.1, 0.35)
DAMAGE_PER_MINUTE = (Fate.TRUNCATED, Fate.BAD_LENGTH, Fate.GARBAGE) * 2

_TOO_LATE_S = 1.0
_LOSS, _DAMAGE = 998, 999


class Radio:
    """One flight's transmitter; give it the packets in the order of time, in batches of any size.

    `keep` is called with each packet, numbered and whole, whatever becomes of it on the way.
    """

    def __init__(self, seed: int, keep: Callable[[bytes], None] = lambda packet: None) -> None:
        self._seed, self._keep = seed, keep
        self._made: Counter[int] = Counter()
        self._losses = np.random.default_rng([seed, 41, _LOSS])
        self._damage = _MinuteOfDamage(seed, 0)
        self._blackouts: tuple[tuple[float, float], ...] = ()
        self._whole_from = np.inf

    def follow(self, times: PhaseTimes, beacon_from: float) -> None:
        """Take the times of the flight, which orders may change; from `beacon_from` on nothing is damaged."""
        blackouts = ((times.apogee, APOGEE_BLACKOUT_S), (times.main, MAIN_BLACKOUT_S))
        self._blackouts = tuple((at + start, at + stop) for at, (start, stop) in blackouts)
        self._whole_from = beacon_from

    def in_blackout(self, t: float) -> bool:
        """Whether nothing gets through at this mission time, neither down nor up."""
        return any(start <= t < stop for start, stop in self._blackouts)

    def send(self, drafts: Sequence[Draft], *, silent: bool = False) -> list[Item]:
        """What becomes of packets: each as an item with its fate, and garbage among them."""
        rolls = self._losses.random(len(drafts)).tolist()
        sent: list[Item] = []
        for draft, roll in zip(drafts, rolls, strict=True):
            t, apid = draft.t, draft.apid
            ordinal = self._made[apid]
            self._made[apid] = ordinal + 1
            item = Item(t, apid, ordinal, Fate.WHOLE, numbered(draft.data, ordinal))
            self._keep(item.data)
            if silent or roll < LOSS_RATE or self.in_blackout(t):
                sent.append(item._replace(fate=Fate.LOST))
            elif t >= self._next_damage(t):
                sent += self._damage.strike(item)
            else:
                sent.append(item)
        return sent

    def _next_damage(self, t: float) -> float:
        if t >= self._whole_from:
            return np.inf
        while t >= self._damage.stop:
            self._damage = _MinuteOfDamage(self._seed, self._damage.minute + 1)
        return self._damage.next_s(t)


class _MinuteOfDamage:
    """What is damaged in one minute: once in each equal share of it, so that no two are close."""

    def __init__(self, seed: int, minute: int) -> None:
        self.minute = minute
        self.stop = (minute + 1) * MINUTE_S
        self._rng = random_of(seed, minute, _DAMAGE)
        kinds = [DAMAGE_PER_MINUTE[i] for i in self._rng.permutation(len(DAMAGE_PER_MINUTE))]
        share = MINUTE_S / len(kinds)
        places = self._rng.uniform(0.25, 0.75, len(kinds)).tolist()
        self._plan = [(minute * MINUTE_S + (n + at) * share, kinds[n]) for n, at in enumerate(places)]

    def next_s(self, t: float) -> float:
        """When the next packet is damaged; infinity when the minute has had its share.

        What no packet was there for is left out.
        """
        while self._plan and self._plan[0][0] < t - _TOO_LATE_S:
            self._plan.pop(0)
        return self._plan[0][0] if self._plan else np.inf

    def strike(self, item: Item) -> list[Item]:
        """What becomes of a packet that is damaged, or has garbage after it."""
        _, kind = self._plan.pop(0)
        if kind is Fate.TRUNCATED:
            keep = int(self._rng.integers(HEADER_SIZE - 4, len(item.data) - 2))
            return [item._replace(fate=kind, data=item.data[:keep])]
        if kind is Fate.BAD_LENGTH:
            broken = bytearray(item.data)
            broken[int(self._rng.integers(4, 6))] ^= int(self._rng.integers(1, 256))
            return [item._replace(fate=kind, data=bytes(broken))]
        garbage = self._rng.bytes(int(self._rng.integers(5, 65)))
        return [item, Item(item.t, -1, -1, Fate.GARBAGE, garbage)]
