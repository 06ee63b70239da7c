"""One TC transfer frame, CCSDS 232.0-B-4 section 4.1: its fields, to bytes and back.

Known limit: control commands of COP-1 (control command flag 1) can be packed and read, but nothing here
decides when to send them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from streams.framing.channel_coding import FECF_LENGTH, error_control, is_intact

PRIMARY_HEADER = 5
SEGMENT_HEADER = 1
MAX_FRAME = 1024
"""Bytes of the largest frame, everything included."""

MAX_SCID, MAX_VCID, MAX_MAP = 0x3FF, 0x3F, 0x3F


class SequenceFlags(IntEnum):
    """What part of a packet a frame has (section 4.1.3.2.2)."""

    CONTINUING = 0b00
    FIRST = 0b01
    LAST = 0b10
    UNSEGMENTED = 0b11


@dataclass(frozen=True)
class SegmentHeader:
    """The byte that says which part of what is in a frame, and for which multiplexer access point."""

    flags: SequenceFlags
    map_id: int

    def pack(self) -> bytes:
        """The byte."""
        return bytes((self.flags << 6 | self.map_id,))

    @classmethod
    def unpack(cls, byte: int) -> SegmentHeader:
        """Read the byte."""
        return cls(SequenceFlags(byte >> 6), byte & MAX_MAP)


@dataclass(frozen=True)
class TransferFrame:
    """The fields of a transfer frame.

    `bypass` is True for Type-B frames, which the receiver takes without looking at `sequence` (0 to 255, 0
    for Type-B). `segment` is None on virtual channels without segment headers.
    """

    scid: int
    vcid: int
    data: bytes
    sequence: int = 0
    bypass: bool = True
    control: bool = False
    segment: SegmentHeader | None = None

    def pack(self, fecf: bool = True) -> bytes:
        """The frame's bytes, with its error control field; raises ValueError when it is empty or too long."""
        field = (self.segment.pack() if self.segment else b"") + self.data
        size = PRIMARY_HEADER + len(field) + FECF_LENGTH * fecf
        if not self.data or size > MAX_FRAME:
            raise ValueError(f"a transfer frame of {size} bytes: it has data, and at most {MAX_FRAME} bytes")
        first = self.bypass << 13 | self.control << 12 | self.scid
        second = self.vcid << 10 | size - 1
        frame = first.to_bytes(2, "big") + second.to_bytes(2, "big") + bytes((self.sequence,)) + field
        return frame + error_control(frame) if fecf else frame

    @classmethod
    def unpack(cls, data: bytes, *, fecf: bool = True, segments: bool = False) -> TransferFrame:
        """Read the frame at the start of some bytes; what follows is fill.

        Raises ValueError that says why it cannot be used.
        """
        frame = data[: frame_size(data)]
        if fecf and not is_intact(frame):
            said, wanted = frame[-FECF_LENGTH:].hex(), error_control(frame[:-FECF_LENGTH]).hex()
            raise ValueError(f"frame error control is {said}, the frame's bytes give {wanted}")
        field = frame[PRIMARY_HEADER : len(frame) - FECF_LENGTH * fecf]
        control = bool(frame[0] >> 4 & 1)
        has_segment = segments and not control  # control commands have none
        if len(field) <= SEGMENT_HEADER * has_segment:
            raise ValueError(f"the transfer frame of {len(frame)} bytes has no data")
        return cls(
            scid=(frame[0] & 0x03) << 8 | frame[1],
            vcid=frame[2] >> 2,
            data=field[SEGMENT_HEADER * has_segment :],
            sequence=frame[4],
            bypass=bool(frame[0] >> 5 & 1),
            control=control,
            segment=SegmentHeader.unpack(field[0]) if has_segment else None,
        )


def frame_size(data: bytes) -> int:
    """The bytes of the frame that starts some bytes; raises ValueError where there is none."""
    if len(data) < PRIMARY_HEADER:
        raise ValueError(f"{len(data)} bytes are no transfer frame: its header has {PRIMARY_HEADER}")
    if data[0] >> 6:
        raise ValueError(f"transfer frame version is {data[0] >> 6}, must be 0 for TC")
    size = ((data[2] & 0x03) << 8 | data[3]) + 1
    if not PRIMARY_HEADER < size <= len(data):
        raise ValueError(f"the frame length field says {size} bytes, {len(data)} are there")
    return size
