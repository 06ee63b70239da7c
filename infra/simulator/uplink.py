"""The receiver: finds telecommand packets in what the modem hears (CCSDS 133.0-B-2, section 4.1).

Packets come back to back, with anything between them. A packet is whole when its header is one of a
telecommand with a secondary header and its last two bytes are the checksum of the others. What is neither a
whole packet nor the beginning of one is put aside. There is no clock in it: a packet that stays unfinished is
given up as soon as a whole one comes after it.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

HEADER_SIZE = 6
MIN_SIZE = 13
"""Bytes of the smallest telecommand: primary and secondary header, checksum."""

MAX_SIZE = 64
"""No telecommand of this rocket is longer."""

TELECOMMAND_APID = 200
CHECKSUM_SIZE = 2


class Kind(StrEnum):
    """What was heard: a whole packet; one of ours whose checksum is wrong; bytes that are no packet."""

    PACKET = "packet"
    BROKEN = "broken packet"
    GARBAGE = "garbage"


class Heard(NamedTuple):
    """A run of bytes, and what it is."""

    kind: Kind
    data: bytes


class PacketFinder:
    """Takes bytes as they come; every byte is heard once."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> Iterator[Heard]:
        """Take the next bytes; tell what is complete with them."""
        self._waiting += data
        while self._waiting:
            heard = self._next()
            if heard is None:
                return
            self._waiting = self._waiting[len(heard.data) :]
            yield heard

    def _next(self) -> Heard | None:
        """What the waiting bytes begin with; None when only more bytes can tell."""
        waiting, size = self._waiting, _claimed(self._waiting, 0)
        if size is not None and size <= len(waiting) and is_whole(waiting[:size]):
            return Heard(Kind.PACKET, waiting[:size])
        later = self._next_whole()
        if size is None:
            end = later if later is not None else self._next_header()
            return Heard(Kind.GARBAGE, waiting[:end])
        if size > len(waiting) and later is None:
            return None
        end = min(size, len(waiting) if later is None else later)
        ours = int.from_bytes(waiting[:2], "big") & 0x07FF == TELECOMMAND_APID
        return Heard(Kind.BROKEN if ours and end >= HEADER_SIZE else Kind.GARBAGE, waiting[:end])

    def _next_whole(self) -> int | None:
        """Where the first whole packet begins that is not at the beginning."""
        for at in range(1, len(self._waiting) - MIN_SIZE + 1):
            end = at + (_claimed(self._waiting, at) or MAX_SIZE + 1)
            if end <= len(self._waiting) and is_whole(self._waiting[at:end]):
                return at
        return None

    def _next_header(self) -> int:
        """Where a packet may begin that is not at the beginning."""
        places = range(1, len(self._waiting))
        return next((at for at in places if _claimed(self._waiting, at) is not None), len(self._waiting))


def checksum(data: bytes) -> int:
    """CRC-16 with polynomial 0x1021 and all ones at the start (ECSS-E-ST-70-41C, annex B)."""
    return binascii.crc_hqx(data, 0xFFFF)


def is_whole(packet: bytes) -> bool:
    """Whether the bytes end with their checksum."""
    return checksum(packet) == 0  # over data and checksum together nothing remains


def _claimed(data: bytes, at: int) -> int | None:
    """The size that a header at a place claims; None when there can be no telecommand's header.

    A header of which only the beginning is there claims the smallest size.
    """
    header = data[at : at + HEADER_SIZE]
    if header[0] & 0xF8 != 0x18:  # version 0, telecommand, with secondary header
        return None
    if len(header) > 2 and header[2] & 0xC0 != 0xC0:  # unsegmented
        return None
    if len(header) < HEADER_SIZE:
        return max(MIN_SIZE, len(data) - at + 1)
    size = 7 + int.from_bytes(header[4:6], "big")
    return size if MIN_SIZE <= size <= MAX_SIZE else None
