"""Search for the next space packet in bytes where the packets were lost.

A space packet has no sync marker: all that its header promises is the version number 0 and a length field
that leads to the next header. So a position is taken for a packet when a chain of CHAIN headers starts
there: each has version 0 and a length in range, and each length leads to the next. All positions are tried
side by side and the chain that is complete first wins: small packets are found again after a few of them,
even when a wrong candidate before them claims 64 KiB.
"""

from __future__ import annotations

import numpy as np

from streams.framing.frame import MAX_TORN
from streams.framing.space_packet import MIN_PACKET, PRIMARY_HEADER

CHAIN = 3
"""Headers in a row that make a position a packet."""

_FIRST_BLOCK, _LARGEST_BLOCK = 256, 65_536


class HeaderSearch:
    """Finds the first chain of headers after `start`; looks at every byte once, however they are chunked.

    Positions count from the first byte of the connection. `header` bytes stand before each packet, `largest`
    is the size of the largest frame (header and packet).
    """

    def __init__(self, start: int, header: int, largest: int) -> None:
        self._header = header
        self._largest = largest
        self._scanned = start  # all positions before this one were looked at
        self._block = _FIRST_BLOCK
        self._chains: dict[int, tuple[int, int]] = {}  # awaited header: (headers before it, chain's start)

    @property
    def refuted(self) -> int:
        """The position before which no chain can start any more."""
        return self._scanned - (CHAIN - 1) * self._largest

    def scan(self, data: bytes, base: int) -> int | None:
        """Look on through `data`, whose first byte is at `base`; return where a whole chain starts."""
        stop = base + len(data) - self._header - PRIMARY_HEADER + 1
        while self._scanned < stop:
            end = min(stop, self._scanned + self._block)
            found = self._scan_block(data, base, end)
            if found is not None:
                return found
            self._scanned = end
            self._block = min(2 * self._block, _LARGEST_BLOCK)
            self._forget_missed()
        return None

    def ending_at(self, end: int) -> int | None:
        """Return where a chain starts whose last packet ends exactly at `end`: the connection's end."""
        chain = self._chains.get(end)
        return None if chain is None else chain[1]

    def _scan_block(self, data: bytes, base: int, end: int) -> int | None:
        first, last = self._scanned - base + self._header, end - base + self._header
        octets = np.frombuffer(data, np.uint8, last - first + PRIMARY_HEADER - 1, first).astype(np.int64)
        sizes = octets[4 : last - first + 4] * 256 + octets[5:] + (self._header + MIN_PACKET)
        plausible = np.flatnonzero((octets[: last - first] < 0x20) & (sizes <= self._largest))
        positions = plausible + self._scanned
        for position, after in zip(positions.tolist(), (positions + sizes[plausible]).tolist(), strict=True):
            depth, start = self._chains.pop(position, (0, position))
            if depth + 1 == CHAIN:
                return start
            self._expect(after, depth + 1, start)
        return None

    def _expect(self, position: int, depth: int, start: int) -> None:
        other = self._chains.get(position)
        if other is None or (depth, -start) > (other[0], -other[1]):
            self._chains[position] = (depth, start)

    def _forget_missed(self) -> None:
        if len(self._chains) > 2 * MAX_TORN:
            self._chains = {at: chain for at, chain in self._chains.items() if at >= self._scanned}
