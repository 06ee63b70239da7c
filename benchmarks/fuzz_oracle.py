"""What must become of a frame of the demo rocket: worked out by hand from the standard and rocket.xml.

Nothing here comes from the parser that it judges. Space packet: CCSDS 133.0-B-2, section 4.1.3.
"""

from __future__ import annotations

from typing import NamedTuple

HEADER = 6
SECONDARY = 6
IDLE = 0x7FF
EVENT = 104
SIZES = {100: 46, 101: 47, 102: 26, 103: 94}
"""Bytes of the packets of a fixed size: IMU, NAV, POWER, STATUS."""


class Fate(NamedTuple):
    """The good packets of a frame, and how many pieces of it must have a row in the quarantine."""

    good: list[bytes]
    bad: int

    @property
    def result(self) -> str:
        """What the frame's own row must say."""
        if self.good:
            return "partly" if self.bad else "parsed"
        return "quarantined" if self.bad else "empty"


def fate_of(frame: bytes, torn: str = "") -> Fate:
    """Walk through a frame by the length fields of its packets."""
    if torn or not frame:
        return Fate([], 1)
    good: list[bytes] = []
    at = bad = 0
    while at < len(frame):
        size = _size(frame, at)
        if size is None:  # from here on nothing can be a packet
            return Fate(good, bad + 1)
        packet = frame[at : at + size]
        at += size
        if _apid(packet) == IDLE:
            continue
        if is_whole(packet):
            good.append(packet)
        else:
            bad += 1
    return Fate(good, bad)


def _size(frame: bytes, at: int) -> int | None:
    left = len(frame) - at
    if left < HEADER + 1 or frame[at] >> 5:
        return None
    size = HEADER + 1 + int.from_bytes(frame[at + 4 : at + 6], "big")
    return size if size <= left else None


def _apid(packet: bytes) -> int:
    return (packet[0] & 7) << 8 | packet[1]


def is_whole(packet: bytes) -> bool:
    """Whether a packet is one of the rocket's five, with all its fields; what is behind them is kept."""
    telemetry, secondary = not packet[0] & 0x10, bool(packet[0] & 0x08)
    if not (telemetry and secondary) or len(packet) < HEADER + SECONDARY:
        return False
    if _apid(packet) != EVENT:
        return _apid(packet) in SIZES and len(packet) >= SIZES[_apid(packet)]
    fields = packet[HEADER + SECONDARY :]
    if len(fields) < 2:  # severity, flag and five unused bits; the source
        return False
    length = 2 + 4 * bool(fields[0] & 0x20)  # the value is there if the flag says so
    return len(fields) > length and len(fields) >= length + 1 + fields[length]
