"""A link by a serial line (8 data bits, no parity, 1 stop bit, no flow control).

Known limit: a serial line has no back-pressure. Up to INBOX bytes wait to be handed over, hours at usual
speeds; after that the kernel's few KiB fill up and then bytes are lost unseen, as when a cable is pulled.
"""

from __future__ import annotations

import asyncio
import os
import time

import serial

from streams.links.backoff import Backoff
from streams.links.config import LinkConfig
from streams.links.connection import serve
from streams.links.inbox import Inbox
from streams.links.link import LinkEvents, link_broke, link_is_down

INBOX = 64 * 1024 * 1024
"""Bytes that may wait to be handed over."""

_AT_ONCE = 65_536


class SerialPort:
    """An open serial device that reads into an inbox; raises what pyserial does when it cannot be opened."""

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._loop = asyncio.get_running_loop()
        self._port = serial.Serial(config.device, config.baud, timeout=0, exclusive=True)
        self._file = self._port.fileno()
        self._is_paused = False
        self._awake = asyncio.Event()
        self._sending = asyncio.Lock()
        self.inbox = Inbox(INBOX, self._resume_reading)
        self._loop.add_reader(self._file, self._read)

    async def send(self, data: bytes) -> None:
        """Send bytes, see `Link.send`; one telecommand after the other."""
        async with self._sending:
            if self.inbox.is_closed:
                raise link_is_down(self._config)
            rest = memoryview(data)
            while rest:
                try:
                    rest = rest[os.write(self._file, rest) :]
                except BlockingIOError:
                    await self._writable()
                except OSError as error:
                    self.close(f"cannot write: {error}")
                if self.inbox.is_closed:
                    raise link_broke(self._config, self.inbox.why)

    def close(self, why: str) -> None:
        """Close the device."""
        if not self.inbox.is_closed:
            self._loop.remove_reader(self._file)
            self._loop.remove_writer(self._file)
            self.inbox.close(why)
            self._awake.set()
            self._port.close()

    def _read(self) -> None:
        try:
            data = os.read(self._file, _AT_ONCE)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(f"cannot read: {error}")
            return
        if not data:
            self.close("the device is gone")
            return
        self.inbox.put(data, time.time_ns())
        if self.inbox.is_full:
            self._is_paused = True
            self._loop.remove_reader(self._file)

    def _resume_reading(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._loop.add_reader(self._file, self._read)

    async def _writable(self) -> None:
        """Wait until the device takes bytes, or is closed."""
        self._awake.clear()
        self._loop.add_writer(self._file, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            if not self.inbox.is_closed:
                self._loop.remove_writer(self._file)


class SerialLink:
    """Opens `device` at `baud`, again and again; see `Link`."""

    def __init__(self, config: LinkConfig) -> None:
        self._config = config
        self._port: SerialPort | None = None

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        return self._config

    @property
    def is_up(self) -> bool:
        """True while the device is open."""
        return self._port is not None and not self._port.inbox.is_closed

    async def run(self, events: LinkEvents) -> None:
        """Keep the device open until cancelled, see `Link.run`."""
        backoff, connection = Backoff(), 1
        while True:
            try:
                port = SerialPort(self._config)
            except (OSError, ValueError, NotImplementedError) as error:  # SerialException is an OSError
                why = f"cannot open {self._config.device}: {error}"
                if backoff.is_news(why):
                    events.down(connection, why)
                    connection += 1
            else:
                since, self._port = time.monotonic(), port
                await serve(port, connection, f"{self._config.device} at {self._config.baud} baud", events)
                backoff.settle(since, port.inbox.brought_bytes)
                connection += 1
            await backoff.sleep()

    async def send(self, data: bytes) -> None:
        """Send bytes to the device, see `Link.send`."""
        if self._port is None:
            raise link_is_down(self._config)
        await self._port.send(data)
