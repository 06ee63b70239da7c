"""A link that devices connect to by TCP.

Several devices may be connected and are received from side by side, each a connection of its own. A
telecommand goes to the one that connected last and is still there: to one device only, and when a device
comes back before its old connection was found dead, to the living one.
"""

from __future__ import annotations

import asyncio
from itertools import count

from infra.tasks import end_tasks
from streams.links.backoff import Backoff
from streams.links.config import LinkConfig
from streams.links.connection import STOPPED, serve
from streams.links.link import LinkEvents, link_is_down
from streams.links.stream import Stream


class _ServedStream(Stream):
    """A connection that serves itself as soon as it is made."""

    def __init__(self, link: TcpServerLink, events: LinkEvents, failed: asyncio.Future[None]) -> None:
        super().__init__(link.config)
        self._link, self._events, self._failed = link, events, failed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._link.accept(self, self._events, self._failed)


class TcpServerLink:
    """Listens on `host` and `port`; see `Link`."""

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._numbers = count(1)
        self._streams: dict[asyncio.Task[None], Stream] = {}  # in the order of connecting
        self._listens = asyncio.Event()
        self._port: int | None = None

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        return self._config

    @property
    def is_up(self) -> bool:
        """True while a device is connected."""
        return any(stream.is_up for stream in self._streams.values())

    @property
    def port(self) -> int | None:
        """The port it listens on, None as long as it does not."""
        return self._port

    async def listening(self) -> int:
        """Wait until it listens; return the port."""
        await self._listens.wait()
        assert self._port is not None
        return self._port

    async def run(self, events: LinkEvents) -> None:
        """Listen until cancelled, see `Link.run`."""
        failed = asyncio.get_running_loop().create_future()
        server = await self._listen(events, failed)
        try:
            await failed
        finally:
            self._port = None
            self._listens.clear()
            server.close()
            await end_tasks(*self._streams)

    async def send(self, data: bytes) -> None:
        """Send bytes to the device that connected last, see `Link.send`."""
        for stream in reversed(list(self._streams.values())):
            if stream.is_up:
                return await stream.send(data)
        raise link_is_down(self._config)

    def accept(self, stream: Stream, events: LinkEvents, failed: asyncio.Future[None]) -> None:
        """Serve a new connection; what its events raise ends the link."""

        if failed.done():
            stream.close(STOPPED)
            return

        def end(task: asyncio.Task[None]) -> None:
            del self._streams[task]
            if not task.cancelled() and (error := task.exception()) and not failed.done():
                failed.set_exception(error)

        task = asyncio.ensure_future(serve(stream, next(self._numbers), stream.peer, events))
        self._streams[task] = stream
        task.add_done_callback(end)

    async def _listen(self, events: LinkEvents, failed: asyncio.Future[None]) -> asyncio.Server:
        loop, backoff = asyncio.get_running_loop(), Backoff()
        host, port = self._config.host, self._config.port
        while True:
            try:
                server = await loop.create_server(lambda: _ServedStream(self, events, failed), host, port)
            except OSError as error:
                if backoff.is_news(str(error)):
                    events.down(next(self._numbers), f"cannot listen on {host}:{port}: {error}")
                await backoff.sleep()
            else:
                self._port = server.sockets[0].getsockname()[1]
                self._listens.set()
                return server
