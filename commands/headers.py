"""Headers of telecommand packets: CCSDS 133.0-B-2 section 4.1.3, ECSS-E-ST-70-41C section 7.4.4.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from commands.packet_config import Report
from streams.framing.space_packet import MAX_PACKET, MIN_PACKET

SEQUENCE_COUNTS = 1 << 14
"""Sequence counts go from 0 to one less than this, and around."""

UNSEGMENTED = 0b11
PUS_HEADER = 5
"""Bytes of the secondary header of PUS-C."""

_PUS_C = 2
_TELECOMMAND = 1


@dataclass(frozen=True)
class PrimaryHeader:
    """The primary header of an unsegmented telecommand packet; `size` is the bytes of the whole packet."""

    apid: int
    secondary_header: bool
    sequence_count: int
    size: int

    def pack(self) -> bytes:
        """The 6 bytes; raises ValueError for a packet that is too short or too long."""
        if not MIN_PACKET <= self.size <= MAX_PACKET:
            raise ValueError(f"a packet has {MIN_PACKET} to {MAX_PACKET} bytes, not {self.size}")
        words = (
            _TELECOMMAND << 12 | self.secondary_header << 11 | self.apid,
            UNSEGMENTED << 14 | self.sequence_count,
            self.size - MIN_PACKET,
        )
        return b"".join(word.to_bytes(2, "big") for word in words)

    @classmethod
    def unpack(cls, packet: bytes) -> PrimaryHeader:
        """Read the header of a packet; raises ValueError for what is no unsegmented telecommand packet."""
        if len(packet) < MIN_PACKET:
            raise ValueError(f"{len(packet)} bytes are no packet: it has at least {MIN_PACKET}")
        first, second, third = (int.from_bytes(packet[at : at + 2], "big") for at in (0, 2, 4))
        if first >> 13:
            raise ValueError(f"the packet version is {first >> 13}, must be 0")
        if not first >> 12 & 1:
            raise ValueError("the packet type says telemetry")
        if second >> 14 != UNSEGMENTED:
            raise ValueError(f"the sequence flags are {second >> 14}, must be {UNSEGMENTED}: unsegmented")
        return cls(first & 0x7FF, bool(first >> 11 & 1), second & 0x3FFF, third + MIN_PACKET)


@dataclass(frozen=True)
class PusHeader:
    """The secondary header of a telecommand packet of PUS-C."""

    service: int
    subtype: int
    source_id: int
    acknowledge: tuple[Report, ...]

    def pack(self) -> bytes:
        """The 5 bytes: version and acknowledgement flags, service type, message subtype, source."""
        flags = sum(1 << get_args(Report).index(report) for report in set(self.acknowledge))
        return bytes((_PUS_C << 4 | flags, self.service, self.subtype)) + self.source_id.to_bytes(2, "big")

    @classmethod
    def unpack(cls, data: bytes) -> PusHeader:
        """Read the 5 bytes; raises ValueError for another version."""
        if len(data) < PUS_HEADER:
            raise ValueError(f"{len(data)} bytes are no secondary header of PUS-C: it has {PUS_HEADER}")
        if data[0] >> 4 != _PUS_C:
            raise ValueError(f"the PUS version is {data[0] >> 4}, must be {_PUS_C}")
        asked = tuple(report for bit, report in enumerate(get_args(Report)) if data[0] >> bit & 1)
        return cls(data[1], data[2], int.from_bytes(data[3:5], "big"), asked)
