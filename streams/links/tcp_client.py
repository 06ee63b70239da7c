"""A link that connects to a device by TCP."""

from __future__ import annotations

import asyncio
import time

from streams.links.backoff import Backoff
from streams.links.config import LinkConfig
from streams.links.connection import serve
from streams.links.link import LinkEvents, link_is_down
from streams.links.stream import Stream

CONNECT_TIMEOUT = 10.0
"""Seconds that an attempt to connect may take."""


class TcpClientLink:
    """Connects to `host` and `port`, again and again; see `Link`."""

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._stream: Stream | None = None

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        return self._config

    @property
    def is_up(self) -> bool:
        """True while the device is connected."""
        return self._stream is not None and self._stream.is_up

    async def run(self, events: LinkEvents) -> None:
        """Keep the connection up until cancelled, see `Link.run`."""
        backoff, connection = Backoff(), 1
        while True:
            try:
                stream = await self._connect()
            except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
                why = f"cannot connect to {self._config.host}:{self._config.port}: {error or 'no answer'}"
                if backoff.is_news(why):
                    events.down(connection, why)
                    connection += 1
            else:
                since, self._stream = time.monotonic(), stream
                await serve(stream, connection, stream.peer, events)
                backoff.settle(since, stream.inbox.brought_bytes)
                connection += 1
            await backoff.sleep()

    async def send(self, data: bytes) -> None:
        """Send bytes to the device, see `Link.send`."""
        if self._stream is None:
            raise link_is_down(self._config)
        await self._stream.send(data)

    async def _connect(self) -> Stream:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _transport, stream = await loop.create_connection(
                lambda: Stream(self._config), self._config.host, self._config.port
            )
        return stream
