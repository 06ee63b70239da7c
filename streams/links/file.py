"""A link that reads a recording: once, or with `follow` for as long as it grows."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import BinaryIO

from infra.errors import LinkError
from streams.links.backoff import Backoff
from streams.links.config import LinkConfig
from streams.links.connection import STOPPED, to_the_end
from streams.links.link import LinkEvents, link_is_down

CHUNK = 1024 * 1024
"""Bytes that are read at once."""

POLL = 0.2
"""Seconds between two looks at a file that is followed."""


class FileLink:
    """Reads `path`; see `Link`. The received time is that of reading. It takes no telecommands."""

    is_up = False

    def __init__(self, config: LinkConfig) -> None:
        self._config = config

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        return self._config

    async def run(self, events: LinkEvents) -> None:
        """Read the file to its end; with `follow` until cancelled.

        Raises LinkError when the file cannot be read; with `follow` it is awaited instead, and read from its
        start again, as another connection, when it became shorter or was replaced.
        """
        backoff, connection = Backoff(), 1
        while True:
            try:
                file = await asyncio.to_thread(Path(self._config.path).open, "rb", buffering=0)
            except OSError as error:
                if not self._config.follow:
                    raise self._unreadable(error) from error
                if backoff.is_news(str(error)):
                    events.down(connection, f"cannot open the file: {error}")
                    connection += 1
                await backoff.sleep()
                continue
            since = time.monotonic()
            with file:
                await self._read(file, connection, events)
            if not self._config.follow:
                return
            connection += 1
            backoff.settle(since, brought_bytes=True)
            await backoff.sleep()

    async def send(self, data: bytes) -> None:
        """Raise LinkError: a file takes no telecommands."""
        raise link_is_down(self._config, "a file takes no telecommands")

    async def _read(self, file: BinaryIO, connection: int, events: LinkEvents) -> None:
        """Hand over a file as one connection."""
        events.up(connection, self._config.path)
        why = STOPPED
        try:
            why = await self._hand_over(file, connection, events)
        except Exception as error:
            why = str(error)
            raise
        finally:
            events.down(connection, why)

    async def _hand_over(self, file: BinaryIO, connection: int, events: LinkEvents) -> str:
        """Hand over the bytes of a file; return why there are no more."""
        while True:
            try:
                data = await to_the_end(asyncio.to_thread(file.read, CHUNK))
                why = "" if data else self._why_ended(file)
            except OSError as error:
                if not self._config.follow:
                    raise self._unreadable(error) from error
                return f"cannot read the file: {error}"
            if data:
                await to_the_end(events.chunk(connection, data, time.time_ns()))
            elif why:
                return why
            else:
                await asyncio.sleep(POLL)

    def _why_ended(self, file: BinaryIO) -> str:
        """Say why no more bytes will come; empty when they may."""
        if not self._config.follow:
            return "the file ended"
        opened = os.fstat(file.fileno())
        if opened.st_size < file.tell():
            return "the file became shorter"
        return "" if os.path.samestat(opened, Path(self._config.path).stat()) else "the file was replaced"

    def _unreadable(self, error: OSError) -> LinkError:
        where = f"link {self._config.name}"
        return LinkError(f"cannot read the file: {error}", where=where, fix="check `path` and its rights")
