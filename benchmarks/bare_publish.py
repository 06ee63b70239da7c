"""Bare publishing with nats-py: the baselines of the import.

Messages are ready made, headers and all; nothing is cut, counted or looked up. Every message is acknowledged
before the clock stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from benchmarks.figures import expect
from streams.append import Outgoing

BATCH = 1_000
BATCHES_UNDER_WAY = 4
WINDOW = 4_000


async def publish_singly(nc: Client, messages: Sequence[Outgoing]) -> None:
    """Publish with a reply subject each, at most `WINDOW` acknowledgements outstanding."""
    inbox, acknowledged = nc.new_inbox(), 0
    room, done = asyncio.Semaphore(WINDOW), asyncio.Event()

    async def on_ack(msg: Msg) -> None:
        nonlocal acknowledged
        _stored(msg.data)
        room.release()
        acknowledged += 1
        if acknowledged == len(messages):
            done.set()

    subscription = await nc.subscribe(f"{inbox}.*", cb=on_ack, pending_msgs_limit=0, pending_bytes_limit=0)
    for subject, data, headers in messages:
        await room.acquire()
        await nc.publish(subject, data, reply=f"{inbox}.a", headers=headers)
    await done.wait()
    await subscription.unsubscribe()


def with_batch_marks(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Return the messages as atomic batches (ADR-50) of `BATCH`, marked as such in their headers."""
    batches = []
    for start in range(0, len(messages), BATCH):
        batch = list(messages[start : start + BATCH])
        for number, (subject, data, headers) in enumerate(batch):
            marks = {"Nats-Batch-Id": f"bare{id(messages)}-{start}", "Nats-Batch-Sequence": str(number + 1)}
            batch[number] = Outgoing(subject, data, headers | marks)
        batch[-1].headers["Nats-Batch-Commit"] = "1"
        batches.append(batch)
    return batches


async def publish_batches(nc: Client, batches: Sequence[Sequence[Outgoing]]) -> None:
    """Publish atomic batches, at most `BATCHES_UNDER_WAY` of them not acknowledged."""
    room = asyncio.Semaphore(BATCHES_UNDER_WAY)

    async def commit(last: Outgoing) -> None:
        answer = await nc.request(last.subject, last.data, timeout=60, headers=last.headers)
        _stored(answer.data)
        room.release()

    commits = []
    for batch in batches:
        await room.acquire()
        for subject, data, headers in batch[:-1]:
            await nc.publish(subject, data, headers=headers)
        commits.append(asyncio.ensure_future(commit(batch[-1])))
    await asyncio.gather(*commits)


def _stored(answer: bytes) -> None:
    found: dict[str, Any] = orjson.loads(answer)
    expect("seq" in found, f"a bare append was refused: {found}")
