"""Read a stream from an offset, in batches, without a hole.

Pull requests by hand, two outstanding, answered to one plain subscription whose messages come straight off
the wire (`streams/wire.py`): ten times as fast as `fetch`. A consumer numbers what it delivers, so a message
that got lost with a connection is noticed; then, and when the consumer itself is gone with a server, a new
one is made behind the last offset seen. The caller gets every message exactly once and in order. Proven by
`tests/streams/test_read.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from infra.errors import StreamError
from streams.wire import RawHeaders, WireParser, parse_headers

BATCH = 5_000
MAX_BYTES = 8 * 1024**2
_ENVELOPE_BYTES = 8_192  # subject, reply subject and protocol around the largest message
_EXPIRES_S = 5.0
_SILENCE_S = 1.6 * _EXPIRES_S  # a consumer that lives says something at the latest when requests expire
_LOOK_S = 0.25
_REOPEN_PAUSE_S = 0.2
_INACTIVE_S = 120.0
_NO_HEADERS: Mapping[str, str] = {}
_EXPIRED = (b"404", b"408")
_FULL = (b"Batch Completed", b"Message Size Exceeds MaxBytes")

log = logging.getLogger(__name__)


class Message(NamedTuple):
    """One message of a stream: offset, recorded time (ns UTC), subject, headers and payload."""

    offset: int
    recorded: int
    subject: str
    headers: Mapping[str, str]
    data: bytes


class StreamReader:
    """An ordered reader of one stream, or some of its subjects, from the offset `start` on; `async with` it.

    With `subject`, only messages of that subject (or of those subjects, which must not overlap). Up to two
    requests of `batch` messages wait at the server.
    """

    def __init__(
        self,
        nc: Client,
        stream: str,
        *,
        start: int = 1,
        subject: str | Sequence[str] | None = None,
        headers_only: bool = False,
        batch: int = BATCH,
    ) -> None:
        self._nc, self._js, self._stream = nc, nc.jetstream(), stream
        self._subjects = [subject] if isinstance(subject, str) else list(subject or ())
        self._headers_only, self._batch = headers_only, batch
        self.next_offset = max(1, start)
        self._pending, self._raw_subject, self._decoded_subject = b"0", b"", ""
        self._consumer, self._consumer_token = "", b""
        self._delivered = 0  # number of the consumer's last message, which counts from 1 without a hole
        self._connection = 0  # how often the connection had been made again when the consumer was made
        self._is_broken = False  # the consumer is gone, or one of its messages was lost on the way
        self._inbox = nc.new_inbox()
        self._subscription: Subscription | None = None
        self._buffer: list[Message] = []
        self._wanted = 0  # messages asked for and not yet delivered
        self._max_bytes = max(MAX_BYTES, nc.max_payload) + _ENVELOPE_BYTES
        self._news = asyncio.Event()
        self._heard = 0.0

    async def __aenter__(self) -> StreamReader:
        wire = WireParser.of(self._nc)
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=_nothing)
        wire.take(self._subscription, self._on_message)
        try:
            await self._open()
        except BaseException:
            await self._subscription.unsubscribe()
            raise
        return self

    @property
    def pending(self) -> int:
        """The number of messages that the server still had behind the last one delivered."""
        return int(self._pending)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._subscription is not None:
            WireParser.of(self._nc).release(self._subscription)
        if self._nc.is_closed:
            return
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        await self._drop_consumer()

    async def read(self, wait: float = 1.0) -> list[Message]:
        """Return what has arrived, waiting up to `wait` seconds for a first message; maybe none.

        While the server is away there is none. Raises StreamError when the stream is gone, or the connection
        closed for good.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while not self._buffer and (left := deadline - loop.time()) > 0:
            self._news.clear()
            await self._keep_asking()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _LOOK_S)):  # wait_for of 3.11 may swallow a cancel
                    await self._news.wait()
        messages, self._buffer = self._buffer, []
        if messages:
            await self._keep_asking()
        return messages

    async def _keep_asking(self) -> None:
        """See that the server knows a consumer and has requests of ours, unless it is away."""
        if self._nc.is_closed:
            raise StreamError("the connection was closed while the stream was read", where=self._stream)
        if not self._nc.is_connected:
            return
        silence = time.monotonic() - self._heard
        is_lost = self._is_broken or self._connection != self._nc.stats["reconnects"]
        try:
            if (is_lost and silence > _REOPEN_PAUSE_S) or silence > _SILENCE_S:
                await self._reopen()
            elif not is_lost:
                await self._ask()
        except (NatsError, TimeoutError) as error:
            log.warning("%s can not be read at the moment: %s", self._stream, error or repr(error))

    async def _open(self) -> None:
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.next_offset,
            ack_policy=AckPolicy.NONE,
            filter_subjects=self._subjects or None,
            inactive_threshold=_INACTIVE_S,
            headers_only=self._headers_only,
            mem_storage=True,
        )
        self._connection = self._nc.stats["reconnects"]
        try:
            info = await self._js.add_consumer(self._stream, config)
        except NotFoundError as error:
            raise StreamError(
                "the stream does not exist", where=self._stream, fix="start the program once"
            ) from error
        self._consumer, self._delivered, self._is_broken = info.name, 0, False
        self._consumer_token = info.name.encode()
        self._pending = str(info.num_pending or 0).encode()
        self._wanted = 0
        self._heard = time.monotonic()
        await self._ask()

    async def _reopen(self) -> None:
        """Go on with a new consumer behind the last offset seen."""
        old, self._consumer, self._is_broken = self._consumer, "", True
        self._heard = time.monotonic()
        with contextlib.suppress(NatsError, TimeoutError):
            await self._js.delete_consumer(self._stream, old)
        await self._open()

    async def _drop_consumer(self) -> None:
        try:
            if self._consumer and self._nc.is_connected:
                await self._js.delete_consumer(self._stream, self._consumer)
        except (NatsError, TimeoutError):
            pass  # the server forgets it by itself when nobody asks it any more

    async def _ask(self) -> None:
        while self._wanted <= self._batch and len(self._buffer) < 4 * BATCH:
            request = {"batch": self._batch, "max_bytes": self._max_bytes, "expires": int(_EXPIRES_S * 1e9)}
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
            self._wanted += self._batch
            await self._nc.publish(subject, orjson.dumps(request), reply=f"{self._inbox}.{self._consumer}")

    def _on_message(self, subject: bytes, reply: bytes, block: bytes, data: bytes) -> None:
        self._news.set()
        self._heard = time.monotonic()
        if not reply:
            self._on_status(subject, block)
            return
        # "$JS.ACK.<stream>.<consumer>.<tries>.<offset>.<number>.<recorded>.<pending>"
        _, consumer, _, offset, number, recorded, self._pending = reply.rsplit(b".", 6)
        if consumer != self._consumer_token or self._is_broken:
            return  # a late answer of a consumer that was given up
        if int(number) != self._delivered + 1:
            self._is_broken = True  # what came before this message was lost with a connection
            return
        self._delivered += 1
        self.next_offset = int(offset) + 1
        self._wanted -= 1
        if subject != self._raw_subject:  # mostly it is that of the message before
            self._raw_subject, self._decoded_subject = subject, subject.decode(errors="backslashreplace")
        headers = RawHeaders(block) if block else _NO_HEADERS
        self._buffer.append(Message(int(offset), int(recorded), self._decoded_subject, headers, data))

    def _on_status(self, subject: bytes, block: bytes) -> None:
        """A request ended unfilled; what it still wanted is asked anew, of a new consumer if need be."""
        if not subject.endswith(self._consumer_token):
            return
        left = parse_headers(block).get("Nats-Pending-Messages", "")
        self._wanted = max(0, self._wanted - int(left)) if left.isdigit() else 0
        status, _, description = block.partition(b"\r\n")[0].removeprefix(b"NATS/1.0").strip().partition(b" ")
        self._is_broken = self._is_broken or not (status in _EXPIRED or description in _FULL)


async def read_up_to(
    nc: Client,
    stream: str,
    end: int,
    *,
    start: int = 1,
    subject: str | Sequence[str] | None = None,
    headers_only: bool = False,
) -> AsyncIterator[list[Message]]:
    """Yield the messages from offset `start` to `end` in batches.

    Ends also where the server has nothing more to give: the last messages may be of other subjects, or
    damaged on its disk, which it passes over in silence (and still counts as pending).
    """
    if start > end:
        return
    at = start  # not reader.next_offset, which counts what waits in its buffer too
    async with StreamReader(nc, stream, start=start, subject=subject, headers_only=headers_only) as reader:
        while at <= end:
            messages = await reader.read(_EXPIRES_S if reader.pending else 0)
            if messages:
                at = messages[-1].offset + 1
                yield [message for message in messages if message.offset <= end]
            elif not await _has_more(nc, stream, at, end, subject):
                return


async def _has_more(
    nc: Client, stream: str, start: int, end: int, subject: str | Sequence[str] | None
) -> bool:
    """Ask the server for a readable message between two offsets; without an answer there may be one."""
    for one in [subject] if isinstance(subject, str) else subject or [">"]:
        question = orjson.dumps({"seq": start, "next_by_subj": one})
        try:
            answer = await nc.request(f"$JS.API.DIRECT.GET.{stream}", question, timeout=2 * _EXPIRES_S)
        except (NatsError, TimeoutError):
            return True
        if int((answer.headers or {}).get("Nats-Sequence", end + 1)) <= end:
            return True
    return False


async def _nothing(msg: Msg) -> None:
    """The messages of a reader do not come this way."""


async def last_offset(nc: Client, stream: str) -> int:
    """Return the offset of the newest message of a stream; 0 when it is empty."""
    info = await nc.jetstream().stream_info(stream)
    return int(info.state.last_seq)


async def first_offset(nc: Client, stream: str) -> int:
    """Return the offset of the oldest message that a stream still has, or of its first one to come."""
    state = (await nc.jetstream().stream_info(stream)).state
    return int(state.first_seq) if state.messages else int(state.last_seq) + 1


async def offset_at_time(nc: Client, stream: str, recorded: int) -> int:
    """Return the offset of the first message recorded at or after `recorded` (ns UTC); one past the end
    when there is none."""
    js, recorded = nc.jetstream(), min(max(recorded, 0), 2**63 - 1)
    moment = datetime.fromtimestamp(recorded // 10**9, tz=UTC)
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=f"{moment:%Y-%m-%dT%H:%M:%S}.{recorded % 10**9:09d}Z",  # type: ignore[arg-type]
        ack_policy=AckPolicy.NONE,
        inactive_threshold=_INACTIVE_S,
        mem_storage=True,
    )
    info = await js.add_consumer(stream, config)
    await js.delete_consumer(stream, info.name)
    return int(info.delivered.stream_seq) + 1 if info.delivered else 1
