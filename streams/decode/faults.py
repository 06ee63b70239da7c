"""Faults: what was wrong with a packet, for the quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.decode.raw import Mask
from streams.decode.slots import Slot

NOT_FINITE = "not a finite number"
BAD_DIGIT = "a digit above 9"


class Fault(NamedTuple):
    """What was wrong with one packet.

    `row` is the packet's index within the batch. `stage` is "packet" (its structure) or "value" (values of
    some parameters). `decoded` says whether the packet is in a table nevertheless.
    """

    row: int
    stage: str
    reason: str
    decoded: bool


class CannotDecodeError(Exception):
    """A packet that does not fit its container; caught in the decoder, its text is the fault's reason."""


def short(container: str, needed: int, available: int) -> str:
    """The reason for a packet that ends too early."""
    return f"{container} needs {needed} bits, the packet has {available}"


def left_over(container: str, count: int) -> str:
    """The reason for a packet that goes on after its container."""
    return f"{count} bytes are left over after {container}"


class ValueFaults:
    """Collects what was wrong with values: one fault for each packet, parameters in packet order."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, str], Mask] = {}

    def add(self, what: str, slot: Slot, rows: Mask) -> None:
        """Note that a parameter was wrong in some way in some of the packets, bool[k]."""
        key = (what, slot.index, slot.parameter.name)
        known = self._found.get(key)
        self._found[key] = rows if known is None else known | rows

    def faults(self, rows: npt.NDArray[np.int64]) -> list[Fault]:
        """The faults, `rows` being the packets' places in the batch."""
        by_packet: dict[int, dict[str, dict[str, None]]] = {}
        for what, index, parameter in sorted(self._found):
            for position in np.flatnonzero(self._found[what, index, parameter]).tolist():
                by_packet.setdefault(position, {}).setdefault(what, {})[parameter] = None
        return [
            Fault(int(rows[position]), "value", _sentence(found), True)
            for position, found in sorted(by_packet.items())
        ]


def _sentence(found: Mapping[str, Iterable[str]]) -> str:
    return "; ".join(f"{what}: {', '.join(parameters)}" for what, parameters in found.items())
