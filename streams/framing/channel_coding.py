"""What a transfer frame wears on its way: randomiser (CCSDS 131.0-B-3 section 10) and frame error control
(CCSDS 132.0-B-3 section 4.1.6).

The order on the way down: the error control field is computed over the frame, then frame and field are
randomised, then the sync marker, which is not, goes before them.
"""

from __future__ import annotations

from binascii import crc_hqx
from functools import lru_cache

import numpy as np

FECF_LENGTH = 2
"""Bytes of the frame error control field."""


@lru_cache(maxsize=1)
def _period() -> bytes:
    """One period (255 bits, so 255 bytes) of h(x) = x^8 + x^7 + x^5 + x^3 + 1, from all ones."""
    register, bits = [1] * 8, []
    for _ in range(255 * 8):
        bits.append(register[0])
        register = [*register[1:], register[0] ^ register[3] ^ register[5] ^ register[7]]
    return np.packbits(bits).tobytes()


@lru_cache(maxsize=16)
def pseudo_random(size: int) -> bytes:
    """Return the first `size` bytes of the pseudo-random sequence: FF 48 0E C0 9A ..."""
    return (_period() * (size // 255 + 1))[:size]


def randomise(data: bytes) -> bytes:
    """Apply the pseudo-random sequence from its start; a second time takes it off again."""
    sequence = np.frombuffer(pseudo_random(len(data)), np.uint8)
    return (np.frombuffer(data, np.uint8) ^ sequence).tobytes()


def error_control(data: bytes) -> bytes:
    """Return the error control field of a frame: CRC-16 with x^16 + x^12 + x^5 + 1, preset to ones."""
    return crc_hqx(data, 0xFFFF).to_bytes(FECF_LENGTH, "big")


def is_intact(data: bytes) -> bool:
    """True when the last two bytes are the error control field of those before: the syndrome is zero."""
    return crc_hqx(data, 0xFFFF) == 0
