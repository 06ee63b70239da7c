"""A link's bytes into FRAMES: law 2, a frame is acknowledged by the stream before anything parses it.

Each connection is a session of its own. What arrives in a torn state is appended too, with the header
`Fl-Torn` saying why. Sessions and links that come and go are events in OPERATIONS.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from nats.aio.client import Client

from infra.meter import Meter
from streams import names
from streams.append import HEADER_ROOM, Appender, Outgoing
from streams.framing import Frame, Framer, make_framer
from streams.framing.frame import torn_pieces
from streams.links import LinkConfig
from streams.operations import append_surely

log = logging.getLogger(__name__)


def new_session(link: str) -> str:
    """Return the name of a session that begins now, unique even when two begin in one second."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{link}-{secrets.token_hex(4)}"


def frame_messages(
    link: str, session: str, frames: Sequence[Frame], counter: int, *, limit: int, source: str = ""
) -> list[Outgoing]:
    """Return frames as messages of FRAMES; the first one has number `counter` in its session.

    A frame of more than `limit` bytes, which no message can hold, becomes torn pieces.
    """
    subject, prefix = names.frame_subject(link), f"{source}." if source else ""
    messages = []
    for number, (data, received, torn) in enumerate(_fitting(frames, limit), counter):
        headers = {
            names.RECEIVED: str(received),
            names.SESSION: session,
            names.MESSAGE_ID: f"{link}:{session}:{prefix}{number}",
        }
        if torn:
            headers[names.TORN] = torn
        if source:
            headers[names.SOURCE] = source
        messages.append(Outgoing(subject, data, headers))
    return messages


def _fitting(frames: Sequence[Frame], limit: int) -> Iterator[Frame]:
    for frame in frames:
        if len(frame.data) <= limit:
            yield frame
        else:
            why = f"a frame of {len(frame.data)} bytes, a message of the server holds {limit}"
            yield from torn_pieces(frame.data, frame.received, f"{frame.torn or 'too large'}: {why}", limit)


class _Connection:
    def __init__(self, config: LinkConfig, peer: str) -> None:
        self.session = new_session(config.name)
        self.peer = peer
        self.framer: Framer = make_framer(config.framing)
        self.frames = 0


class LinkRecorder:
    """Receives the events of one link and appends; `run_events` must run beside it."""

    def __init__(
        self, nc: Client, config: LinkConfig, appender: Appender, meter: Meter | None = None
    ) -> None:
        self._nc, self._config, self._appender = nc, config, appender
        self._meter = meter or Meter()
        self._connections: dict[int, _Connection] = {}
        self._events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._lasts: set[asyncio.Task[None]] = set()
        self.frames = 0

    def up(self, connection: int, peer: str) -> None:
        """A connection begins, and with it a session."""
        begun = self._connections[connection] = _Connection(self._config, peer)
        log.info("link %s up: %s, session %s", self._config.name, peer, begun.session)
        self._note("session-opened", begun, peer=peer)

    def down(self, connection: int, why: str) -> None:
        """A connection ended; what its framer still holds is appended as a torn frame."""
        ended = self._connections.pop(connection, None)
        log.info("link %s down: %s", self._config.name, why)
        if ended is None:
            self._events.put_nowait(("link-down", {"link": self._config.name, "why": why}))
            return
        task = asyncio.create_task(self._end(ended, why))
        self._lasts.add(task)
        task.add_done_callback(self._lasts.discard)

    async def chunk(self, connection: int, data: bytes, received: int) -> None:
        """Cut bytes into frames and append them."""
        open_one = self._connections[connection]
        await self._append(open_one, open_one.framer.feed(data, received))

    def lost(self, connection: int, count: int) -> None:
        """Datagrams were lost on the ground: an event, never silence."""
        log.warning("link %s lost %d datagrams", self._config.name, count)
        self._events.put_nowait(("link-lost", {"link": self._config.name, "datagrams": count}))

    async def run_events(self) -> None:
        """Append the link's events to OPERATIONS, in order, until cancelled."""
        while True:
            kind, fields = await self._events.get()
            await append_surely(self._nc, kind, fields)
            self._events.task_done()

    async def finish(self) -> None:
        """Wait until everything received and every event is in the streams."""
        while self._lasts:
            await asyncio.gather(*self._lasts)
        await self._appender.drain()
        await self._events.join()

    async def _append(self, open_one: _Connection, frames: list[Frame]) -> None:
        limit = self._nc.max_payload - HEADER_ROOM
        messages = frame_messages(self._config.name, open_one.session, frames, open_one.frames, limit=limit)
        open_one.frames += len(messages)
        self.frames += len(messages)
        self._meter.add(len(messages))
        await self._appender.append(messages)

    async def _end(self, ended: _Connection, why: str) -> None:
        """Append what the framer holds; `session-closed` then means that all frames are in the stream."""
        await self._append(ended, ended.framer.flush(time.time_ns()))
        await self._appender.drain()
        self._note("session-closed", ended, why=why, frames=ended.frames)

    def _note(self, kind: str, connection: _Connection, **fields: Any) -> None:
        event = {"at": time.time_ns(), "link": self._config.name, "session": connection.session, **fields}
        self._events.put_nowait((kind, event))
