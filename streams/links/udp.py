"""A link by UDP: each datagram is a chunk; telecommands go to a configured address.

A datagram that arrives while INBOX bytes wait to be handed over is lost, counted and told by `lost`, and so
are those for which the kernel had no room (known on Linux only). It has one connection, whoever sends.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time

from streams.links.backoff import Backoff
from streams.links.config import LinkConfig
from streams.links.connection import serve
from streams.links.inbox import Inbox
from streams.links.link import LinkEvents, link_broke, link_is_down
from streams.links.stream import address_text
from streams.links.udp_socket import UdpSocket

INBOX = 64 * 1024 * 1024
"""Bytes that may wait to be handed over."""

TOGETHER = 0.5
"""Seconds for which lost datagrams are counted before they are told."""

_AT_ONCE = 256  # datagrams that are read before other tasks get their turn


class _UdpSource:
    """Reads datagrams into an inbox; counts those that have no room."""

    def __init__(self, udp: UdpSocket, connection: int, events: LinkEvents) -> None:
        self._loop = asyncio.get_running_loop()
        self._udp, self._connection, self._events = udp, connection, events
        self._lost = 0
        self._tell: asyncio.TimerHandle | None = None
        self.inbox = Inbox(INBOX, lambda: None)
        self._loop.add_reader(udp.socket, self._read)

    def _read(self) -> None:
        try:
            for _ in range(_AT_ONCE):
                datagram = self._udp.read()
                if datagram is None:
                    return
                self._count_lost(datagram.lost + self.inbox.is_full)
                if not self.inbox.is_full:
                    self.inbox.put(datagram.data, datagram.received)
        except OSError as error:
            self.close(f"cannot receive: {error}")

    def _count_lost(self, count: int) -> None:
        self._lost += count
        if count and self._tell is None:
            self._tell = self._loop.call_later(TOGETHER, self._tell_lost)

    def _tell_lost(self) -> None:
        self._tell = None
        if self._lost:
            count, self._lost = self._lost, 0
            self._events.lost(self._connection, count)

    def close(self, why: str) -> None:
        """Close the socket."""
        if not self.inbox.is_closed:
            self._loop.remove_reader(self._udp.socket)
            self._udp.socket.close()
            self.inbox.close(why)
            if self._tell is not None:
                self._tell.cancel()
            self._tell_lost()


class UdpLink:
    """Listens on `host` and `port`, sends to `remote_host` and `remote_port`; see `Link`."""

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._udp: UdpSocket | None = None
        self._remote: tuple[str, int] | None = None
        self._listens = asyncio.Event()

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        return self._config

    @property
    def is_up(self) -> bool:
        """True while it is bound and knows where telecommands go."""
        return self._udp is not None and self._remote is not None

    @property
    def port(self) -> int | None:
        """The port it listens on, None as long as it does not."""
        return self._udp.socket.getsockname()[1] if self._udp else None

    async def listening(self) -> int:
        """Wait until it listens; return the port."""
        await self._listens.wait()
        assert self.port is not None
        return self.port

    async def run(self, events: LinkEvents) -> None:
        """Listen until cancelled, see `Link.run`."""
        backoff, connection = Backoff(), 1
        while True:
            try:
                udp = await self._bind()
            except OSError as error:
                why = f"cannot listen on {self._config.host}:{self._config.port}: {error}"
                if backoff.is_news(why):
                    events.down(connection, why)
                    connection += 1
            else:
                since, source = time.monotonic(), _UdpSource(udp, connection, events)
                self._udp = udp
                self._listens.set()
                try:
                    await serve(source, connection, address_text(udp.socket.getsockname()), events)
                finally:
                    self._udp = None
                    self._listens.clear()
                backoff.settle(since, source.inbox.brought_bytes)
                connection += 1
            await backoff.sleep()

    async def send(self, data: bytes) -> None:
        """Send one datagram, see `Link.send`."""
        if self._udp is None or self._remote is None:
            why = "it does not listen" if self._remote else "it has no remote_host and remote_port"
            raise link_is_down(self._config, why)
        while True:
            try:
                self._udp.socket.sendto(data, self._remote)
            except BlockingIOError:
                await self._writable(self._udp.socket)
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    raise link_is_down(self._config, f"{len(data)} bytes are more than a datagram") from error
                raise link_broke(self._config, str(error)) from error
            else:
                return

    async def _writable(self, sock: socket.socket) -> None:
        loop, writable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(sock, writable.set)
        try:
            await writable.wait()
        finally:
            loop.remove_writer(sock)

    async def _bind(self) -> UdpSocket:
        loop, config = asyncio.get_running_loop(), self._config
        found = await loop.getaddrinfo(config.host, config.port, type=socket.SOCK_DGRAM)
        family, _type, _protocol, _name, address = found[0]
        if config.remote_host:
            remote = await loop.getaddrinfo(
                config.remote_host, config.remote_port, family=family, type=socket.SOCK_DGRAM
            )
            self._remote = (str(remote[0][4][0]), int(remote[0][4][1]))
        return UdpSocket(family, (str(address[0]), int(address[1])))
