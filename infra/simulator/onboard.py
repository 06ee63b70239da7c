"""What the flight computer knows of itself, and how it stands in STATUS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from infra.simulator.packets import LAYOUTS, Apid

ARMED, TERMINATED, CALIBRATING = 1 << 11, 1 << 3, 1 << 2
"""Bits of the state word."""

COUNTER_MODULUS = 65_536
BEACON_TEXT_SIZE = 32
DEFAULT_POWER_DBM = 27
DEFAULT_BEACON_TEXT = "KESTREL 1"


@dataclass
class OnBoard:
    """The state of the flight computer; `stamp` writes it into a STATUS packet."""

    armed: bool = False
    terminated: bool = False
    calibrating: bool = False
    silent: bool = False
    power_dbm: int = DEFAULT_POWER_DBM
    beacon_text: str = DEFAULT_BEACON_TEXT
    received: int = 0
    accepted: int = 0
    rejected: int = 0

    def stamp(self, packet: bytes) -> bytes:
        """The STATUS packet with what the flight computer knows."""
        row = np.frombuffer(bytearray(packet), LAYOUTS[Apid.STATUS])
        flags = ((self.armed, ARMED), (self.terminated, TERMINATED), (self.calibrating, CALIBRATING))
        row["state_word"] |= sum(bit for is_set, bit in flags if is_set)
        row["received"] = self.received % COUNTER_MODULUS
        row["accepted"] = self.accepted % COUNTER_MODULUS
        row["rejected"] = self.rejected % COUNTER_MODULUS
        row["power_dbm"] = self.power_dbm
        row["beacon_text"] = self.beacon_text.encode()
        return row.tobytes()
