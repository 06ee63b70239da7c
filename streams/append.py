"""Append many messages to a stream fast: each exactly once, in order, durably acknowledged.

Runs of messages go as atomic batches (NATS ADR-50: one disk sync for a batch, measured 10 times the rate
of single appends under `sync_interval: always`), short runs one by one, both pipelined.

Law 4: an appender has a connection of its own, which ends when it breaks. What is in the stream is therefore
always a beginning of what was given. After a break the stream is asked which of the messages without an
acknowledgement it has, by their ids (its own memory of ids lasts seconds, a broken server may be away for
hours), and the rest is sent again in order. Messages without an id may be stored twice.
Proven by `tests/streams/test_append.py` and `tests/faults/test_append_kill.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from infra.errors import FlightLedgerError, StreamError
from infra.tasks import end_tasks
from streams.append_connection import Answer, AppendConnection, Outgoing
from streams.read import last_offset

__all__ = ["BATCH", "Appender", "Outgoing"]

BATCH = 1_000
"""Messages of the largest atomic batch that a server takes."""

HEADER_ROOM = 16_384
"""Bytes of the server's largest message that are left for headers."""

_WORTH_A_BATCH = 12  # below this single appends are faster (measured)
_CHUNKS_UNDER_WAY = 4
_ACK_TIMEOUT_S = 10.0
_GIVE_UP_S = 30.0
_PAUSE_S = 0.25
_BATCH_BYTES = 8 * 1024**2
_NO_BATCHES = 10174  # error code of the server: the stream does not allow atomic batches

log = logging.getLogger(__name__)


@dataclass
class _Chunk:
    """Messages that are sent together: all or none, if `is_whole` and they are many."""

    messages: Sequence[Outgoing]
    is_whole: bool = True
    was_sent: bool = False


class _RefusedError(Exception):
    """The stream has something against an append."""

    def __init__(self, answer: Answer) -> None:
        self.code = int(answer["error"].get("err_code", 0))
        super().__init__(str(answer["error"].get("description")))


class Appender:
    """Appends to one stream; `async with` waits for the last acknowledgement.

    A `patient` appender never gives a message up: while the stream is away or full it tries on, and
    `append` waits, which holds back whoever reads the link. Another one fails after 30 s without progress.
    """

    def __init__(self, nc: Client, *, patient: bool = False) -> None:
        self._nc, self._patient = nc, patient
        self._chunks: deque[_Chunk] = deque()  # given and not acknowledged, in order
        self._given = 0  # chunks
        self._news = asyncio.Event()  # for the sender: a new chunk, an answer, the connection's end
        self._progress = asyncio.Event()  # for the caller: a chunk was acknowledged, or all failed
        self._sender: asyncio.Task[None] | None = None
        self._failure: StreamError | None = None
        self._subject = ""  # one of the stream's, to name it
        self._stream = ""
        self._floor = 0  # everything not acknowledged is behind this offset, if it is in the stream
        self._takes_batches = True
        self._moved = 0.0
        self._trouble = ""
        self.appended = 0
        self.duplicates = 0
        self.last_offset = 0

    @property
    def waiting(self) -> int:
        """Messages that were given and are not acknowledged."""
        return sum(len(chunk.messages) for chunk in self._chunks)

    async def __aenter__(self) -> Appender:
        self._sender = asyncio.create_task(self._send_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._sender is not None
        try:
            if kind is None:
                await self.drain()
        finally:
            await end_tasks(self._sender)

    async def append(self, messages: Sequence[Outgoing]) -> None:
        """Take messages of one stream; waits while too many are under way.

        Raises StreamError for a message that the server can never take, and as soon as an earlier append
        has failed.
        """
        limit = self._nc.max_payload - HEADER_ROOM
        for message in messages:
            if len(message.data) > limit:
                raise StreamError(
                    f"a message of {len(message.data)} bytes is too large: the server takes {limit}",
                    where=message.subject,
                    fix="set max_payload of the nats-server to 8MB",
                )
            self._subject = message.subject
        for chunk in _chunks(messages):
            await self._until_settled(self._given - _CHUNKS_UNDER_WAY + 1)
            if not self._chunks:
                self._moved = asyncio.get_running_loop().time()
            self._chunks.append(_Chunk(chunk))
            self._given += 1
            self._news.set()

    async def drain(self) -> None:
        """Wait until everything given so far is acknowledged; raises StreamError if something was refused."""
        await self._until_settled(self._given)

    async def _until_settled(self, count: int) -> None:
        """Wait until the first `count` chunks that were given are acknowledged."""
        while self._given - len(self._chunks) < count and self._failure is None:
            self._progress.clear()
            await self._progress.wait()
        if self._failure is not None:
            raise self._failure

    async def _send_all(self) -> None:
        """Keep a connection up, as long as there is something to append, and send on it."""
        while True:
            while not self._chunks:
                self._news.clear()
                await self._news.wait()
            try:
                async with AppendConnection(self._nc, self._news.set) as connection:
                    await self._find_stored(connection)
                    await self._send_on(connection)
            except _RefusedError as error:
                self._after_refusal(error)
            except NotFoundError:
                self._after_trouble("no stream takes this subject", is_hopeless=True)
            except (NatsError, OSError, TimeoutError, FlightLedgerError) as error:
                self._after_trouble(str(error) or repr(error))
            except Exception as error:
                self._fail(repr(error))
                raise
            if self._failure is not None:
                return
            await asyncio.sleep(_PAUSE_S)

    async def _find_stored(self, connection: AppendConnection) -> None:
        """Take out what an earlier connection brought into the stream without a word of it coming back."""
        if not self._stream:
            self._stream = await connection.nc.jetstream().find_stream_name_by_subject(self._subject)
            self._floor = await last_offset(connection.nc, self._stream)
            return
        doubtful = [message for chunk in self._chunks if chunk.was_sent for message in chunk.messages]
        stored = await connection.find(self._stream, self._floor, doubtful)
        if not stored:
            return
        self.appended += len(stored)
        self.last_offset = max(self.last_offset, *stored.values())
        for chunk in self._chunks:
            chunk.messages = [message for message in chunk.messages if message.identity not in stored]
        self._chunks = deque(chunk for chunk in self._chunks if chunk.messages)
        self._note_progress()

    async def _send_on(self, connection: AppendConnection) -> None:
        """Send chunk after chunk, and settle each when it is acknowledged, until the connection ends.

        They go one by one until one has nothing that the stream had already: a program that was just killed
        may have sent the same, of which the server still stores some, and a chunk that is refused for it must
        not be overtaken by those behind it.
        """
        under_way: deque[list[asyncio.Future[Answer]]] = deque()
        window = 1
        while under_way or not connection.has_ended:
            self._news.clear()
            while len(under_way) < min(window, len(self._chunks)):
                chunk = self._chunks[len(under_way)]
                chunk.was_sent = True
                send = connection.send_batch if self._goes_as_batch(chunk) else connection.send_each
                under_way.append(await send(chunk.messages))
            while under_way and all(answer.done() for answer in under_way[0]):
                if not self._settle([answer.result() for answer in under_way.popleft()]):
                    window = _CHUNKS_UNDER_WAY
            if not self._news.is_set() and len(under_way) == min(window, len(self._chunks)):
                async with asyncio.timeout(_ACK_TIMEOUT_S if under_way else None):
                    await self._news.wait()

    def _goes_as_batch(self, chunk: _Chunk) -> bool:
        return self._takes_batches and chunk.is_whole and len(chunk.messages) >= _WORTH_A_BATCH

    def _settle(self, answers: Sequence[Answer]) -> int:
        """Note that the first chunk is in the stream; return how many of its messages were there already."""
        for answer in answers:
            if "error" in answer:
                raise _RefusedError(answer)
        chunk = self._chunks.popleft()
        offsets = [int(answer["seq"]) for answer in answers]
        duplicates = sum(bool(answer.get("duplicate")) for answer in answers)
        self.duplicates += duplicates
        self.appended += len(chunk.messages) - duplicates
        self.last_offset = max(self.last_offset, *offsets)
        if not duplicates:
            self._floor = offsets[-1]
        self._note_progress()
        return duplicates

    def _note_progress(self) -> None:
        self._moved, self._trouble = asyncio.get_running_loop().time(), ""
        self._progress.set()

    def _after_refusal(self, error: _RefusedError) -> None:
        """Try a refused batch message by message: the stream may have one of it already."""
        first = self._chunks[0]
        if error.code == _NO_BATCHES:
            self._takes_batches = False
        elif self._goes_as_batch(first):
            first.is_whole = False
        else:
            self._after_trouble(str(error), is_hopeless=True)

    def _after_trouble(self, why: str, *, is_hopeless: bool = False) -> None:
        """Decide whether to try on."""
        if not self._patient and (is_hopeless or self._idle_for() > _GIVE_UP_S):
            self._fail(why)
        elif why != self._trouble:
            log.warning("appending to %s is held up: %s; trying on", self._subject, why)
        self._trouble = why

    def _idle_for(self) -> float:
        return asyncio.get_running_loop().time() - self._moved

    def _fail(self, why: str) -> None:
        self._failure = StreamError(
            f"an append failed: {why}",
            where=self._subject,
            fix="check that the server runs, has the stream and space; what was acknowledged is safe",
        )
        self._progress.set()


def _chunks(messages: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Cut into runs of at most `BATCH` messages and about `_BATCH_BYTES`."""
    start = size = 0
    for number, message in enumerate(messages):
        size += len(message.data)
        if number > start and (number - start >= BATCH or size > _BATCH_BYTES):
            yield messages[start:number]
            start, size = number, len(message.data)
    if start < len(messages):
        yield messages[start:]
