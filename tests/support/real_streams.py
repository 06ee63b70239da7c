"""The real streams on a test's server, made for one test and gone after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from nats.aio.client import Client

from streams import names
from streams.append import Appender, Outgoing
from streams.chain import GENESIS
from streams.event_log import ensure_streams, stream_configs
from streams.framing import Frame
from streams.operations import Operation, operation_of
from streams.read import Message, last_offset, read_up_to
from streams.recorder import frame_messages
from streams.seal import Sealing, seal_of
from streams.sealer import last_seal

Connect = Callable[..., AbstractAsyncContextManager[Client]]


@asynccontextmanager
async def all_streams(connect: Connect, **options: Any) -> AsyncIterator[Client]:
    """Connect and make FRAMES, COMMANDS, OPERATIONS and TELEMETRY; they are deleted at the end."""
    async with connect(**options) as nc:
        await ensure_streams(nc.jetstream())
        try:
            yield nc
        finally:
            for config in stream_configs():
                await nc.jetstream().delete_stream(str(config.name))


def frames_to_append(count: int, first: int = 0, *, session: str = "s1", size: int = 40) -> list[Outgoing]:
    """Frames of one session, each with a payload of its own."""
    made = [
        Frame(number.to_bytes(8, "big") + bytes(size - 8), 10**18 + number, "")
        for number in range(first, first + count)
    ]
    return frame_messages("radio", session, made, first, limit=1024**2)


async def append_frames(nc: Client, count: int, first: int = 0, **more: Any) -> None:
    """Append frames to FRAMES."""
    async with Appender(nc) as appender:
        await appender.append(frames_to_append(count, first, **more))


async def messages_of(nc: Client, stream: str) -> list[Message]:
    """Everything that a stream has now."""
    end = await last_offset(nc, stream)
    return [message async for batch in read_up_to(nc, stream, end) for message in batch]


async def events_of(nc: Client, kind: str) -> list[Operation]:
    """The events of one kind in OPERATIONS."""
    subject = names.operation_subject(kind)
    return [operation_of(one) for one in await messages_of(nc, names.OPERATIONS) if one.subject == subject]


async def check_seals(nc: Client, end: int) -> list[int]:
    """The seals follow each other from offset 1 to `end`, and each has the digest of its frames."""
    frames = {frame.offset: frame for frame in await messages_of(nc, names.FRAMES)}
    seals = [seal_of(event) for event in await events_of(nc, "sealed")]
    previous, next_offset = GENESIS, 1
    for seal in seals:
        assert (seal.first, seal.previous) == (next_offset, previous)
        run = Sealing(seal.first, seal.previous)
        run.add([frames[offset] for offset in range(seal.first, seal.last + 1)])
        assert run.seal().digest == seal.digest
        previous, next_offset = seal.digest, seal.last + 1
    assert next_offset == end + 1
    return [seal.frames for seal in seals]


async def is_sealed(nc: Client, offset: int) -> bool:
    return (await last_seal(nc)).frame >= offset
