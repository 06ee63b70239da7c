"""The BCH code of telecommands: (63,56) modified, CCSDS 231.0-B-4 section 3.

A code block has 7 bytes of information and one of 7 parity bits, inverted, and a filler bit, always 0. Any
single bit error among the 63 bits can be corrected, any two can be told.
"""

from __future__ import annotations

from functools import lru_cache

INFORMATION = 7
"""Bytes of information in a code block."""

CODE_BLOCK = 8
"""Bytes of a code block."""

_GENERATOR = 0b1000101  # x^7 + x^6 + x^2 + 1 without x^7, so x^6 + x^2 + 1
_BITS = 63


class CodeBlockError(ValueError):
    """A code block with errors that may not or cannot be corrected."""


def encode_block(information: bytes) -> bytes:
    """The code block of 7 bytes."""
    return information + bytes(((_remainder(information) ^ 0x7F) << 1,))


def decode_block(block: bytes, correct: bool = True) -> tuple[bytes, bool]:
    """The information in a code block, and whether a bit of the block was corrected; the filler is not read.

    Raises CodeBlockError for errors that cannot be corrected, and for any without `correct`.
    """
    information, parity = block[:INFORMATION], block[INFORMATION] >> 1 ^ 0x7F
    syndrome = _remainder(information) ^ parity
    if not syndrome:
        return information, False
    place = _single_errors().get(syndrome)
    if not correct or place is None:
        raise CodeBlockError("two or more bits are wrong" if place is None else "a bit is wrong")
    if place >= 8 * INFORMATION:
        return information, True
    number = int.from_bytes(information, "big") ^ 1 << (8 * INFORMATION - 1 - place)
    return number.to_bytes(INFORMATION, "big"), True


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    """What each byte makes of an empty shift register."""
    return tuple(_shifted(byte) for byte in range(256))


def _shifted(byte: int) -> int:
    register = 0
    for bit in range(7, -1, -1):
        feedback = register >> 6 ^ byte >> bit & 1
        register = register << 1 & 0x7F ^ (_GENERATOR if feedback else 0)
    return register


def _remainder(information: bytes) -> int:
    """The 7 parity bits, not inverted."""
    register = 0
    for byte in information:
        register = _table()[register << 1 ^ byte]  # 7 bits meet the first 7 of the byte
    return register


@lru_cache(maxsize=1)
def _single_errors() -> dict[int, int]:
    """The syndrome of an error at each of the 63 bits, first bit 0."""
    found = {}
    for place in range(_BITS):
        if place < 8 * INFORMATION:
            error = 1 << (8 * INFORMATION - 1 - place)
            found[_remainder(error.to_bytes(INFORMATION, "big"))] = place
        else:
            found[1 << (_BITS - 1 - place)] = place
    return found
