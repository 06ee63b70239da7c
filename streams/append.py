"""Append many messages to a stream fast, each one durably acknowledged by it.

Runs of messages go as atomic batches (NATS ADR-50: one disk sync for a batch, measured 10 times the rate
of single appends under `sync_interval: always`); short runs go one by one, pipelined. A batch without an
answer is sent again; when the stream had it already (or has some message of it), the same messages go one
by one under their ids, so that each is stored once. Law 4; proven by `tests/streams/test_append.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from infra.errors import StreamError

BATCH = 1_000
_WORTH_A_BATCH = 12  # below this single appends are faster (measured)
_BATCHES_UNDER_WAY = 4
_ACK_TIMEOUT_S = 10.0
_TRIES = 6
_PAUSE_S = 0.5
_BATCH_BYTES = 8 * 1024**2

log = logging.getLogger(__name__)


class Outgoing(NamedTuple):
    """A message to append: subject, payload and headers (with `Nats-Msg-Id` where it has an identity)."""

    subject: str
    data: bytes
    headers: dict[str, str]


class Appender:
    """Ordered, acknowledged appends to one stream; `async with` waits for the last acknowledgement.

    A `patient` appender never gives a message up: while the stream is away or full it tries on, and
    `append` waits, which holds back whoever reads the link.
    """

    def __init__(self, nc: Client, *, patient: bool = False) -> None:
        self._nc = nc
        self._patient = patient
        self._slots = asyncio.Semaphore(_BATCHES_UNDER_WAY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: StreamError | None = None
        self.appended = 0
        self.duplicates = 0
        self.last_offset = 0

    async def __aenter__(self) -> Appender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.drain()
        for task in self._tasks:
            task.cancel()

    async def append(self, messages: Sequence[Outgoing]) -> None:
        """Send messages of one stream; waits while too many are under way.

        Raises StreamError as soon as an earlier append turned out to be refused.
        """
        for chunk in _chunks(messages):
            await self._slots.acquire()
            if self._failure is not None:
                self._slots.release()
                raise self._failure
            answer = await self._send(chunk) if len(chunk) >= _WORTH_A_BATCH else None
            task = asyncio.create_task(self._settle(chunk, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until everything sent so far is acknowledged; raises StreamError if something was refused."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
        if self._failure is not None:
            raise self._failure

    async def _send(self, chunk: Sequence[Outgoing]) -> asyncio.Task[dict[str, Any]] | None:
        """Write a whole batch to the connection now, so that batches keep their order."""
        try:
            return await self._send_batch(chunk)
        except NatsError:  # disconnected with a full buffer: the messages go one by one, later
            return None

    async def _send_batch(self, chunk: Sequence[Outgoing]) -> asyncio.Task[dict[str, Any]]:
        batch_id = self._nc.new_inbox().rsplit(".", 1)[-1]
        last = len(chunk)
        for number, (subject, data, headers) in enumerate(chunk[:-1], 1):
            marks = {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(number)}
            await self._nc.publish(subject, data, headers=headers | marks)
        marks = {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(last), "Nats-Batch-Commit": "1"}
        subject, data, headers = chunk[-1]
        return asyncio.create_task(self._request(Outgoing(subject, data, headers | marks)))

    async def _settle(self, chunk: Sequence[Outgoing], answer: asyncio.Task[dict[str, Any]] | None) -> None:
        try:
            if answer is None or not await self._batch_stored(chunk, answer):
                await self._one_by_one(chunk)
        except StreamError as error:
            self._failure = self._failure or error
        finally:
            self._slots.release()

    async def _batch_stored(self, chunk: Sequence[Outgoing], sent: asyncio.Task[dict[str, Any]]) -> bool:
        try:
            answer = await sent
        except (NatsError, TimeoutError):
            return False
        if "error" in answer:
            return False
        self.appended += len(chunk)
        self.last_offset = max(self.last_offset, int(answer["seq"]))
        return True

    async def _one_by_one(self, chunk: Sequence[Outgoing]) -> None:
        for answer in await asyncio.gather(*(self._append_one(message) for message in chunk)):
            self.duplicates += bool(answer.get("duplicate"))
            self.appended += not answer.get("duplicate")
            self.last_offset = max(self.last_offset, int(answer["seq"]))

    async def _append_one(self, message: Outgoing) -> dict[str, Any]:
        tries, why = 0, "no acknowledgement"
        while self._patient or tries < _TRIES:
            tries += 1
            try:
                answer = await self._request(message)
                if "error" not in answer:
                    return answer
                why = str(answer["error"].get("description"))
                if not self._patient:
                    break
                log.warning("%s refuses an append, trying on: %s", message.subject, why)
                await asyncio.sleep(_PAUSE_S)
            except NoRespondersError:
                await asyncio.sleep(_PAUSE_S)  # the server is up but has not opened the stream yet
            except (NatsError, TimeoutError):
                await asyncio.sleep(_PAUSE_S / 10)
        raise StreamError(
            f"an append failed after {tries} tries: {why}",
            where=message.subject,
            fix="check that the server runs, has the stream and space; what was acknowledged is safe",
        )

    async def _request(self, message: Outgoing) -> dict[str, Any]:
        try:
            answer = await self._nc.request(
                message.subject, message.data, timeout=_ACK_TIMEOUT_S, headers=message.headers
            )
        except NatsTimeoutError as error:
            raise TimeoutError from error
        found: dict[str, Any] = orjson.loads(answer.data)
        return found


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
