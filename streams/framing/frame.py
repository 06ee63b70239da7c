"""What a framer makes out of a link's bytes: frames, whole or torn, every byte kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol

MAX_FRAME = 7 * 1024 * 1024
"""Bytes of the largest frame: NATS is configured for payloads of 8 MiB, headers need some of it."""

MAX_TORN = 64 * 1024
"""Bytes of the largest torn frame that a search for the next frame puts out."""

ENDED_INSIDE = "connection ended inside a frame"
"""Why the last bytes of a connection are torn."""


class Frame(NamedTuple):
    """The bytes of one unit as received from a link, untouched.

    `received` is the time (ns UTC since 1970) of the chunk in which the last byte arrived. `torn` is empty
    for a whole frame; otherwise it says why these bytes are not one.
    """

    data: bytes
    received: int
    torn: str


class Framer(Protocol):
    """Cuts the bytes of one connection into frames.

    The data of all frames, one after the other, are the bytes that were fed: nothing is lost, nothing comes
    twice. How the bytes were chunked makes no difference except for `received` (and, of course, for
    datagrams). Each connection needs a framer of its own.
    """

    def feed(self, chunk: bytes, received: int) -> list[Frame]:
        """Take the next bytes, which arrived at `received` (ns); return the frames that they complete."""
        ...

    def flush(self, received: int) -> list[Frame]:
        """End the connection at `received` (ns): what is left over comes out, the unfinished rest as torn.

        The frames keep the times at which their last bytes arrived.
        """
        ...


def torn_pieces(data: bytes, received: int, why: str, largest: int = MAX_TORN) -> list[Frame]:
    """Cut bytes that are no frame into torn frames of at most `largest` bytes."""
    return [Frame(data[at : at + largest], received, why) for at in range(0, len(data), largest)]
