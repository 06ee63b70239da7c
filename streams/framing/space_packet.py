"""The space packet's primary header, CCSDS 133.0-B-2 section 4.1.3: what cutting and finding need of it."""

from __future__ import annotations

PRIMARY_HEADER = 6
"""Bytes of the primary header."""

MIN_PACKET = PRIMARY_HEADER + 1
"""Bytes of the smallest packet: the data field has at least one."""

MAX_PACKET = PRIMARY_HEADER + 65_536
"""Bytes of the largest packet."""

IDLE_APID = 0x7FF
"""The application process identifier of idle packets (section 4.1.3.3.4.4)."""


def packet_length(data: bytes | bytearray, at: int = 0) -> int:
    """Return the bytes of the whole packet whose primary header stands at `at`, by its length field."""
    return MIN_PACKET + (data[at + 4] << 8 | data[at + 5])


def packet_version(data: bytes | bytearray, at: int = 0) -> int:
    """Return the packet version number; 0 is the only one of a space packet."""
    return data[at] >> 5


def packet_apid(data: bytes | bytearray, at: int = 0) -> int:
    """Return the application process identifier."""
    return (data[at] & 0x07) << 8 | data[at + 1]


def idle_packet(size: int, count: int = 0) -> bytes:
    """Build an idle packet of `size` bytes in all (7 to 65,542) with sequence count `count`."""
    if not MIN_PACKET <= size <= MAX_PACKET:
        raise ValueError(f"a packet has {MIN_PACKET} to {MAX_PACKET} bytes, not {size}")
    words = (IDLE_APID, 0xC000 | (count & 0x3FFF), size - MIN_PACKET)
    return b"".join(word.to_bytes(2, "big") for word in words) + b"\x55" * (size - PRIMARY_HEADER)


def wrong_packet(data: bytes | bytearray, at: int, left: int) -> str:
    """Say why no whole packet stands at `at`, with `left` bytes from there on; empty when one does."""
    if left < MIN_PACKET:
        return f"{left} bytes are no whole packet: it has at least {MIN_PACKET}"
    version, wanted = packet_version(data, at), packet_length(data, at)
    if version:
        return (
            f"packet version is {version}, must be 0 (length field says {wanted} bytes, frame holds {left})"
        )
    if wanted > left:
        return f"{left} bytes are no whole packet: its length field says {wanted}"
    return ""
