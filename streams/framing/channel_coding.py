"""What a transfer frame wears on its way: randomiser (CCSDS 131.0-B-3 section 10; upwards 231.0-B-4 section
6) and frame error control (CCSDS 132.0-B-3 section 4.1.6; upwards 232.0-B-4 section 4.1.4).

The order on the way down: the error control field is computed over the frame, then frame and field are
randomised, then the sync marker, which is not, goes before them.
"""

from __future__ import annotations

from binascii import crc_hqx
from functools import lru_cache

import numpy as np

FECF_LENGTH = 2
"""Bytes of the frame error control field."""


DOWN = (0, 3, 5, 7)
"""The randomiser of telemetry, h(x) = x^8 + x^7 + x^5 + x^3 + 1: FF 48 0E C0 9A ..."""

UP = (0, 1, 2, 3, 4, 6)
"""The randomiser of telecommands, h(x) = x^8 + x^6 + x^4 + x^3 + x^2 + x + 1: FF 39 9E 5A 68 ..."""


@lru_cache(maxsize=2)
def _period(taps: tuple[int, ...]) -> bytes:
    """One period (255 bits, so 255 bytes) of a shift register that starts with all ones."""
    register, bits = [1] * 8, []
    for _ in range(255 * 8):
        bits.append(register[0])
        register = [*register[1:], sum(register[tap] for tap in taps) % 2]
    return np.packbits(bits).tobytes()


@lru_cache(maxsize=16)
def pseudo_random(size: int, taps: tuple[int, ...] = DOWN) -> bytes:
    """Return the first `size` bytes of a pseudo-random sequence."""
    return (_period(taps) * (size // 255 + 1))[:size]


def randomise(data: bytes, taps: tuple[int, ...] = DOWN) -> bytes:
    """Apply a pseudo-random sequence from its start; a second time takes it off again."""
    sequence = np.frombuffer(pseudo_random(len(data), taps), np.uint8)
    return (np.frombuffer(data, np.uint8) ^ sequence).tobytes()


def error_control(data: bytes) -> bytes:
    """Return the error control field of a frame: CRC-16 with x^16 + x^12 + x^5 + 1, preset to ones."""
    return crc_hqx(data, 0xFFFF).to_bytes(FECF_LENGTH, "big")


def is_intact(data: bytes) -> bool:
    """True when the last two bytes are the error control field of those before: the syndrome is zero."""
    return crc_hqx(data, 0xFFFF) == 0
