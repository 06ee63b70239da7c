"""A TCP connection, however it came about: reads into an inbox, sends to the last byte."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any, cast

from streams.links.config import LinkConfig
from streams.links.inbox import Inbox
from streams.links.link import link_broke, link_is_down

INBOX = 1024 * 1024
"""Bytes that are read ahead of what was handed over; then the device feels the back-pressure."""

_KEEP_ALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))  # seconds, seconds, probes


class Stream(asyncio.Protocol):
    """One TCP connection; chunks are as they arrived, with the time at which they did.

    A device that vanished without a word is noticed after some 25 s, by TCP keep-alive.
    """

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._drained = asyncio.Event()
        self._drained.set()
        self.inbox = Inbox(INBOX, self._resume_reading)
        self.peer = ""

    @property
    def is_up(self) -> bool:
        """True while it can send."""
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, data: bytes) -> None:
        """Send bytes, see `Link.send`."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise link_is_down(self._config)
        transport.write(data)
        while transport.get_write_buffer_size() and not self.inbox.is_closed:
            self._drained.clear()
            await self._drained.wait()
        if transport.is_closing():
            raise link_broke(self._config, self.inbox.why or "the connection ended")

    def close(self, why: str) -> None:
        """End the connection; bytes that the system did not take yet are dropped, their `send` raises."""
        self.inbox.close(why)
        self._drained.set()
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start reading."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)
        self.peer = address_text(transport.get_extra_info("peername"))
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """Take a chunk; stop reading when too many wait."""
        self.inbox.put(data, time.time_ns())
        if self.inbox.is_full and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the inbox: what is in it is still handed over."""
        self.inbox.close(f"the connection broke: {exc}" if exc else "the device closed the connection")
        self._drained.set()

    def resume_writing(self) -> None:
        """Note that all was handed to the system."""
        self._drained.set()

    def _resume_reading(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()


def address_text(address: Any) -> str:
    """Return host:port of a socket address."""
    return f"{address[0]}:{address[1]}" if address else "unknown"


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
