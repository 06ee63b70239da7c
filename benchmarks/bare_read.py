"""Bare lossless reading with nats-py: the baseline of everything that reads FRAMES.

The fastest way that loses nothing and is made of nats-py's own calls (docs/benchmarks.md has others): pull
requests by hand, two outstanding, answered to one plain subscription. Offsets are checked, payloads counted,
and nothing else is done with a message.
"""

from __future__ import annotations

import asyncio

import nats
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from benchmarks.figures import expect

BATCH = 5_000
_REQUEST = orjson.dumps({"batch": BATCH, "max_bytes": 8 * 1024**2, "expires": 5_000_000_000})


async def read_bare(url: str, stream: str, last: int) -> int:
    """Read a stream from offset 1 to `last` on a connection of its own; return the payload bytes."""
    async with await nats.connect(url) as nc:
        return await _read(nc, stream, last)


async def _read(nc: Client, stream: str, last: int) -> int:
    js, inbox, done = nc.jetstream(), nc.new_inbox(), asyncio.Event()
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=60
    )
    consumer = (await js.add_consumer(stream, config)).name
    request = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
    offset, size, wanted = 0, 0, 0

    async def on_message(msg: Msg) -> None:
        nonlocal offset, size, wanted
        if not msg.reply:  # a request ended; if it was not filled, it says how much is missing
            wanted -= int((msg.headers or {}).get("Nats-Pending-Messages", 0))
        else:
            found = int(msg.reply.split(".")[5])
            expect(found == offset + 1, f"{stream} has a hole behind {offset}")
            offset, size, wanted = found, size + len(msg.data), wanted - 1
        if offset == last:
            done.set()
        while wanted <= BATCH and offset < last:
            wanted += BATCH
            await nc.publish(request, _REQUEST, reply=f"{inbox}.m")

    subscription = await nc.subscribe(
        f"{inbox}.*", cb=on_message, pending_msgs_limit=0, pending_bytes_limit=0
    )
    for _ in range(2):
        wanted += BATCH
        await nc.publish(request, _REQUEST, reply=f"{inbox}.m")
    await asyncio.wait_for(done.wait(), 600)
    await subscription.unsubscribe()
    await js.delete_consumer(stream, consumer)
    return size
