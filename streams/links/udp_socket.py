"""A bound UDP socket that knows when each datagram arrived and how many were lost.

On Linux the kernel stamps each datagram and counts those for which its buffer had no room; elsewhere the time
is that of reading, and the kernel's losses are not known.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from typing import NamedTuple

LARGEST = 65_535
"""Bytes of the largest datagram."""

KERNEL_BUFFER = 16 * 1024 * 1024
"""Bytes of buffer asked of the kernel; it may give less (net.core.rmem_max)."""

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h
_SO_RXQ_OVFL = 40
_HAS_ANCILLARY = sys.platform == "linux"
_ANCILLARY = socket.CMSG_SPACE(16) + socket.CMSG_SPACE(4) if _HAS_ANCILLARY else 0


class Datagram(NamedTuple):
    """A datagram, when it arrived (ns UTC since 1970), and how many before it had no room in the kernel."""

    data: bytes
    received: int
    lost: int


class UdpSocket:
    """A non-blocking UDP socket; raises OSError when it cannot be bound."""

    def __init__(self, family: int, address: tuple[str, int]) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
            if _HAS_ANCILLARY:
                self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
                self.socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
            self.socket.bind(address)
        except OSError:
            self.socket.close()
            raise
        self._buffer = memoryview(bytearray(LARGEST))
        self._lost = 0  # as the kernel counts, modulo 2^32

    def read(self) -> Datagram | None:
        """Return the next datagram, None when there is none now."""
        with contextlib.suppress(BlockingIOError):
            size, ancillary, _flags, _peer = self.socket.recvmsg_into([self._buffer], _ANCILLARY)
            received, lost = self._read_ancillary(ancillary)
            return Datagram(bytes(self._buffer[:size]), received, lost)
        return None

    def _read_ancillary(self, ancillary: list[tuple[int, int, bytes]]) -> tuple[int, int]:
        received, lost = 0, 0
        for _level, kind, value in ancillary:
            if kind == _SO_TIMESTAMPNS and len(value) == 16:
                seconds, nanoseconds = struct.unpack("qq", value)
                received = seconds * 1_000_000_000 + nanoseconds
            elif kind == _SO_RXQ_OVFL and len(value) == 4:
                (total,) = struct.unpack("I", value)
                lost, self._lost = (total - self._lost) % 2**32, total
        return received or time.time_ns(), lost
