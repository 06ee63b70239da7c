"""HighwayHash-64 (Alakuijala, Cox, Wassenberg: "Fast keyed hash/pseudo-random function", 2016).

nats-server keeps this checksum of each stored message; a forger with access to its disk can compute it, too.
"""

from __future__ import annotations

import struct

_MASK = 2**64 - 1
_INIT0 = (0xDBE6D5D5FE4CCE2F, 0xA4093822299F31D0, 0x13198A2E03707344, 0x243F6A8885A308D3)
_INIT1 = (0x3BD39E10CB0EF593, 0xC0ACF169B5F18A8C, 0xBE5466CF34E90C6C, 0x452821E638D01377)


def _turned(value: int) -> int:
    """Swap the two halves of 64 bits."""
    return (value >> 32 | value << 32) & _MASK


class _State:
    def __init__(self, key: bytes) -> None:
        lanes = struct.unpack("<4Q", key)
        self.mul0, self.mul1 = list(_INIT0), list(_INIT1)
        self.v0 = [one ^ lane for one, lane in zip(_INIT0, lanes, strict=True)]
        self.v1 = [one ^ _turned(lane) for one, lane in zip(_INIT1, lanes, strict=True)]

    def update(self, lanes: tuple[int, ...]) -> None:
        v0, v1, mul0, mul1 = self.v0, self.v1, self.mul0, self.mul1
        for i in range(4):
            v1[i] = v1[i] + mul0[i] + lanes[i] & _MASK
            mul0[i] ^= (v1[i] & 0xFFFFFFFF) * (v0[i] >> 32)
            v0[i] = v0[i] + mul1[i] & _MASK
            mul1[i] ^= (v0[i] & 0xFFFFFFFF) * (v1[i] >> 32)
        for source, target in ((v1, v0), (v0, v1)):
            for low in (0, 2):
                add0, add1 = _zipped(source[low + 1], source[low])
                target[low] = target[low] + add0 & _MASK
                target[low + 1] = target[low + 1] + add1 & _MASK

    def rest(self, data: bytes) -> None:
        """Take the last 1 to 31 bytes."""
        size, whole = len(data), len(data) & ~3
        self.v0 = [value + (size << 32) + size & _MASK for value in self.v0]
        for i, value in enumerate(self.v1):
            low, high = value & 0xFFFFFFFF, value >> 32
            low = (low << size | low >> 32 - size) & 0xFFFFFFFF
            high = (high << size | high >> 32 - size) & 0xFFFFFFFF
            self.v1[i] = high << 32 | low
        packet = bytearray(data[:whole].ljust(32, b"\0"))
        if size & 16:
            packet[28:32] = data[-4:]
        elif size & 3:
            last = data[whole:]
            packet[16:19] = bytes([last[0], last[len(last) >> 1], last[-1]])
        self.update(struct.unpack("<4Q", packet))

    def digest(self) -> int:
        for _ in range(4):
            self.update(tuple(_turned(self.v0[i]) for i in (2, 3, 0, 1)))
        return self.v0[0] + self.v1[0] + self.mul0[0] + self.mul1[0] & _MASK


def _zipped(high: int, low: int) -> tuple[int, int]:
    """Return what the zipper merge of two lanes adds to the lower and to the higher one."""
    add0 = (low & 0xFF000000 | high & 0xFF00000000) >> 24 | (
        low & 0xFF0000000000 | high & 0xFF000000000000
    ) >> 16
    add0 |= low & 0xFF0000 | (low & 0xFF00) << 32 | (high & 0xFF00000000000000) >> 8 | low << 56 & _MASK
    add1 = (high & 0xFF000000 | low & 0xFF00000000) >> 24 | high & 0xFF0000 | (high & 0xFF0000000000) >> 16
    add1 |= (
        (high & 0xFF00) << 24 | (low & 0xFF000000000000) >> 8 | (high & 0xFF) << 48 | low & 0xFF00000000000000
    )
    return add0, add1


def highway_hash_64(key: bytes, data: bytes) -> bytes:
    """The hash of `data` with a key of 32 bytes, as nats-server stores it (little-endian)."""
    state = _State(key)
    whole = len(data) & ~31
    for at in range(0, whole, 32):
        state.update(struct.unpack_from("<4Q", data, at))
    if len(data) > whole:
        state.rest(data[whole:])
    return struct.pack("<Q", state.digest())
