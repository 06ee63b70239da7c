"""Answers of any size over NATS: chunks with a window, so that a slow reader is never flooded.

The answer to a request is one or more messages. The last one has the header `Fl-End` with the number of
chunks; every one has `Fl-Chunk` (from 1) and, while more may follow, a reply subject: an empty message to
it says "taken". The sender is at most `WINDOW` chunks ahead. A small answer is one message, which any NATS
client can read with a plain request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import Header

from infra.errors import NoServiceError, QueryError, ServerError

CHUNK, END = "Fl-Chunk", "Fl-End"
CHUNK_BYTES = 512 * 1024
WINDOW = 8
_TAKEN_TIMEOUT_S = 30.0
_ASK_AGAIN_S = 0.2
_ERROR = "Nats-Service-Error"

log = logging.getLogger(__name__)


async def send_answer(nc: Client, reply: str, pieces: AsyncIterable[bytes]) -> None:
    """Send pieces of at most `CHUNK_BYTES` to `reply`; stops when the reader is gone or idle for 30 s."""
    taken, gone = asyncio.Semaphore(WINDOW), False
    inbox = nc.new_inbox()

    async def on_taken(msg: Msg) -> None:
        nonlocal gone
        gone = gone or (msg.headers or {}).get(Header.STATUS.value) == "503"  # nobody hears the chunks
        taken.release()

    subscription: Subscription | None = None
    try:
        number, held = 0, b""
        async for piece in pieces:
            if number:
                subscription = subscription or await nc.subscribe(inbox, cb=on_taken)
                async with asyncio.timeout(_TAKEN_TIMEOUT_S):
                    await taken.acquire()
                if gone:
                    return
                await nc.publish(reply, held, reply=inbox, headers={CHUNK: str(number)})
            number, held = number + 1, piece
        number = max(number, 1)
        await nc.publish(reply, held, headers={CHUNK: str(number), END: str(number)})
    except TimeoutError:
        log.warning("the reader of an answer took no more after %d chunks; the rest is not sent", number)
    finally:
        if subscription is not None:
            await subscription.unsubscribe()


async def ask(
    nc: Client, subject: str, request: Mapping[str, object], timeout: float = 60.0
) -> AsyncGenerator[bytes, None]:
    """Send a JSON request and yield the chunks of its answer in order.

    Raises QueryError with the service's words, NoServiceError when nobody answers, ServerError when no answer
    comes in time.
    """
    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox)
    try:
        await nc.publish(subject, orjson.dumps(dict(request)), reply=inbox)
        expected = 1
        while True:
            msg = await _next(subscription, subject, timeout)
            headers = msg.headers or {}
            if headers.get(Header.STATUS.value) == "503":
                raise NoServiceError(
                    "no service answers", where=subject, fix="start it: `flightledger up`, or the one service"
                )
            if _ERROR in headers:
                raise QueryError(headers[_ERROR])
            if headers.get(CHUNK, "1") != str(expected):
                raise ServerError(
                    f"chunk {expected} of the answer is missing", where=subject, fix="ask again"
                )
            yield msg.data
            if END in headers or CHUNK not in headers:
                return
            if msg.reply:
                await nc.publish(msg.reply, b"")
            expected += 1
    finally:
        await subscription.unsubscribe()


async def ask_once(
    nc: Client,
    subject: str,
    request: Mapping[str, object],
    timeout: float = 60.0,
    *,
    up_within_s: float = 0.0,
) -> bytes:
    """Send a JSON request and return the whole answer.

    While no service answers, which may be starting again, it is asked again for `up_within_s` seconds; raises
    NoServiceError then.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + up_within_s
    while True:
        try:
            return b"".join([chunk async for chunk in ask(nc, subject, request, timeout)])
        except NoServiceError:
            if loop.time() >= deadline:
                raise
        await asyncio.sleep(_ASK_AGAIN_S)


async def ask_rows(
    nc: Client,
    subject: str,
    request: Mapping[str, object],
    timeout: float = 60.0,
    *,
    up_within_s: float = 0.0,
) -> list[dict[str, Any]]:
    """Ask like `ask_once` for an answer that is JSON lines, and return one row for each."""
    answer = await ask_once(nc, subject, request, timeout, up_within_s=up_within_s)
    return [orjson.loads(line) for line in answer.splitlines()]


async def _next(subscription: Subscription, subject: str, timeout: float) -> Msg:
    try:
        return await subscription.next_msg(timeout)
    except (NatsTimeoutError, TimeoutError) as error:
        raise ServerError(
            f"no answer within {timeout:.0f} s",
            where=subject,
            fix="is the service running and not overloaded?",
        ) from error
