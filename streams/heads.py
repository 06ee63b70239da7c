"""Heads of the chains: the last hash of each, short enough to be written down outside of the system.

The head of FRAMES is its last seal: the offset of the last sealed frame and the seal's digest.
"""

from __future__ import annotations

from typing import NamedTuple

from nats.aio.client import Client

from streams import names
from streams.chain import event_hash, last_event
from streams.sealer import last_seal

CHAINS = (names.OPERATIONS, names.COMMANDS)
STREAMS = (*CHAINS, names.FRAMES)


class Head(NamedTuple):
    """The hash that a stream has at an offset; offset 0 for a hash of which only itself is known."""

    stream: str
    offset: int
    hash: str
    noted: str = ""
    """Where the head was written down, for the words of a finding."""

    def __str__(self) -> str:
        return f"{self.stream}:{self.offset}:{self.hash}"


async def read_heads(nc: Client) -> list[Head]:
    """Return the heads of OPERATIONS, COMMANDS and FRAMES as they are now; those of empty streams not."""
    lasts = [(stream, await last_event(nc, stream)) for stream in CHAINS]
    found = [Head(stream, last.offset, event_hash(last)) for stream, last in lasts if last is not None]
    if (sealed := await last_seal(nc)).frame:
        found.append(Head(names.FRAMES, sealed.frame, sealed.digest))
    return found
