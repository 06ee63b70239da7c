"""What really happened on the way: which packets were made, lost and damaged. Tests compare with it.

A packet's ordinal is its number since power-on within its APID, from 0; its sequence count is the
ordinal modulo 16384. Frames that follow damage closely may suffer with it, because space packets have no
sync marker: a ground that looks for the next header can miss some, or take bytes for a packet that was
never sent. Those packets are named as `at_risk`; whatever is neither lost, damaged nor at risk must
arrive, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from infra.simulator.packets import SEQUENCE_MODULUS

AT_RISK_BYTES = 1024
"""How many bytes after damage belong to packets at risk: a wrong length may swallow 128, and a search for
the next header that goes astray has been seen to need some hundreds more."""


class Fate(StrEnum):
    """What became of a packet; GARBAGE is bytes that never were one."""

    WHOLE = "whole"
    LOST = "lost"
    TRUNCATED = "truncated"
    BAD_LENGTH = "bad length"
    GARBAGE = "garbage"


class Item(NamedTuple):
    """One packet (or piece of garbage: apid and ordinal -1) with its mission time and its bytes as sent."""

    t: float
    apid: int
    ordinal: int
    fate: Fate
    data: bytes


@dataclass(frozen=True)
class FlightTruth:
    """Counts and ordinals by APID; times are mission seconds.

    `made` counts all packets, `lost` and `damaged` name those that were not sent or not sent whole,
    `at_risk` those that were sent whole shortly after damage. `damage` has every damaged item in order.
    """

    made: Mapping[int, int]
    lost: Mapping[int, tuple[int, ...]]
    damaged: Mapping[int, tuple[int, ...]]
    at_risk: Mapping[int, tuple[int, ...]]
    damage: tuple[Item, ...]
    bytes_sent: int

    @property
    def intact(self) -> dict[int, int]:
        """How many packets of each APID were sent whole."""
        return {
            apid: count - len(self.lost.get(apid, ())) - len(self.damaged.get(apid, ()))
            for apid, count in self.made.items()
        }

    @property
    def garbage(self) -> int:
        """How many times bytes were sent that are no packet."""
        return sum(item.fate is Fate.GARBAGE for item in self.damage)

    def as_json(self) -> dict[str, Any]:
        """The truth for JSON; what was damaged as (mission time, APID, ordinal, fate, bytes in hex)."""
        by_apid = {"made": self.made, "lost": self.lost, "damaged": self.damaged, "at_risk": self.at_risk}
        return {
            **{name: {str(apid): what for apid, what in whole.items()} for name, whole in by_apid.items()},
            "damage": [(*item[:4], item.data.hex()) for item in self.damage],
            "bytes_sent": self.bytes_sent,
        }

    def lost_sequence_counts(self, apid: int) -> list[int]:
        """The sequence counts (0..16383) of the packets of one APID that were never sent."""
        return [ordinal % SEQUENCE_MODULUS for ordinal in self.lost.get(apid, ())]


@dataclass
class TruthTally:
    """Gathers the truth item by item, in the order in which they are sent."""

    made: Counter[int] = field(default_factory=Counter)
    lost: dict[int, list[int]] = field(default_factory=dict)
    damaged: dict[int, list[int]] = field(default_factory=dict)
    at_risk: dict[int, list[int]] = field(default_factory=dict)
    damage: list[Item] = field(default_factory=list)
    bytes_sent: int = 0
    _risky: int = 0

    def add(self, items: Iterable[Item]) -> None:
        """Take the next items."""
        for item in items:
            if item.apid >= 0:
                self.made[item.apid] += 1
            if item.fate is Fate.LOST:
                self.lost.setdefault(item.apid, []).append(item.ordinal)
                continue
            self.bytes_sent += len(item.data)
            if item.fate is not Fate.WHOLE:
                self._note_damage(item)
            elif self._risky > 0:
                self.at_risk.setdefault(item.apid, []).append(item.ordinal)
                self._risky -= len(item.data)

    def _note_damage(self, item: Item) -> None:
        self.damage.append(item)
        self._risky = AT_RISK_BYTES
        if item.apid >= 0:
            self.damaged.setdefault(item.apid, []).append(item.ordinal)

    def truth(self) -> FlightTruth:
        """The truth so far."""
        return FlightTruth(
            made=dict(sorted(self.made.items())),
            lost=_frozen(self.lost),
            damaged=_frozen(self.damaged),
            at_risk=_frozen(self.at_risk),
            damage=tuple(self.damage),
            bytes_sent=self.bytes_sent,
        )


def _frozen(lists: Mapping[int, list[int]]) -> dict[int, tuple[int, ...]]:
    return {apid: tuple(ordinals) for apid, ordinals in sorted(lists.items())}
