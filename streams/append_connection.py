"""One connection for appends, from its opening to its end.

A connection is never made again by itself: what it brings into the stream is always a beginning of what was
sent on it, in order. Who appends can therefore find out what is missing after a break, and send that again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, NoRespondersError
from nats.js.api import Header

from infra.connection import connect_once
from streams import names
from streams.read import last_offset, read_up_to

Answer = dict[str, Any]
"""The stream's acknowledgement, or what it has against the append under `error`."""

_CLOSE_TIMEOUT_S = 2.0


class Outgoing(NamedTuple):
    """A message to append: subject, payload and headers (with `Nats-Msg-Id` where it has an identity)."""

    subject: str
    data: bytes
    headers: dict[str, str]

    @property
    def identity(self) -> str:
        """Its `Nats-Msg-Id`, empty when it has none."""
        return self.headers.get(names.MESSAGE_ID, "")


class AppendConnection:
    """Use it with `async with`; `news` is called when an answer is there and when the connection ended."""

    def __init__(self, nc: Client, news: Callable[[], None]) -> None:
        self._like, self._news = nc, news
        self._inbox = nc.new_inbox()
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._sent = 0
        self.has_ended = False

    async def __aenter__(self) -> AppendConnection:
        self.nc = await connect_once(self._like, self._on_end)
        await self.nc.subscribe(
            f"{self._inbox}.*", cb=self._on_answer, pending_msgs_limit=0, pending_bytes_limit=0
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(TimeoutError):  # a server that does not read any more
            await asyncio.wait_for(self.nc.close(), _CLOSE_TIMEOUT_S)

    async def send_each(self, messages: Sequence[Outgoing]) -> list[asyncio.Future[Answer]]:
        """Send messages to be stored one by one; return an answer to come for each."""
        answers = []
        for subject, data, headers in messages:
            reply, answer = self._expect()
            answers.append(answer)
            await self.nc.publish(subject, data, reply, headers)
        return answers

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[asyncio.Future[Answer]]:
        """Send messages to be stored all or none (NATS ADR-50); return the one answer to come."""
        self._sent += 1
        batch, last = f"{self._inbox[-8:]}-{self._sent}", len(messages)
        for number, (subject, data, headers) in enumerate(messages[:-1], 1):
            marks = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            await self.nc.publish(subject, data, headers=headers | marks)
        marks = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(last), "Nats-Batch-Commit": "1"}
        subject, data, headers = messages[-1]
        return await self.send_each([Outgoing(subject, data, headers | marks)])

    async def find(self, stream: str, behind: int, messages: Sequence[Outgoing]) -> dict[str, int]:
        """Return the offsets of those messages that the stream has behind an offset, by their ids."""
        subjects = {message.identity: message.subject for message in messages if message.identity}
        found: dict[str, int] = {}
        if not subjects:
            return found
        end = await last_offset(self.nc, stream)
        wanted = sorted(set(subjects.values()))
        batches = read_up_to(self.nc, stream, end, start=behind + 1, subject=wanted, headers_only=True)
        async for batch in batches:
            for message in batch:
                identity = message.headers.get(names.MESSAGE_ID, "")
                if identity in subjects:
                    found[identity] = message.offset
        return found

    def _expect(self) -> tuple[str, asyncio.Future[Answer]]:
        self._sent += 1
        reply = f"{self._inbox}.{self._sent}"
        answer = self._answers[reply] = asyncio.get_running_loop().create_future()
        if self.has_ended:
            self._give_up()
        return reply, answer

    async def _on_answer(self, msg: Msg) -> None:
        gone, found = (msg.headers or {}).get(Header.STATUS.value) == "503", _acknowledgement(msg.data)
        if not (gone or found):
            return  # whoever listens to the subject can answer as well: the stream's answer is to come
        answer = self._answers.pop(msg.subject, None)
        if answer is None:
            return
        if gone:
            answer.set_exception(NoRespondersError())
        else:
            answer.set_result(found)
        self._news()

    def _on_end(self) -> None:
        self.has_ended = True
        self._give_up()
        self._news()

    def _give_up(self) -> None:
        for answer in self._answers.values():
            answer.set_exception(ConnectionClosedError())
            answer.exception()  # whoever waits for it may have given up: asyncio shall not complain
        self._answers.clear()


def _acknowledgement(data: bytes) -> Answer:
    """Return the stream's answer; an empty one for anything else."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and ("error" in found or type(found.get("seq")) is int) else {}
