"""Framing by count: frames of fixed length back to back."""

from __future__ import annotations

from streams.framing.frame import ENDED_INSIDE, Frame
from streams.framing.pending import Pending


class FixedFramer:
    """Cuts every `length` bytes."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._pending = Pending()

    def feed(self, chunk: bytes, received: int) -> list[Frame]:
        """Take the next bytes; return the frames that they complete."""
        pending, length = self._pending, self._length
        pending.add(chunk, received)
        if len(pending) < length:
            return []
        data = pending.join()
        end = len(data) - len(data) % length
        frames = [Frame(data[at : at + length], received, "") for at in range(0, end, length)]
        return pending.release(frames, end)

    def flush(self, received: int) -> list[Frame]:
        """End the connection: a begun frame comes out torn."""
        rest, pending = self._pending.join(), self._pending
        frames = [Frame(rest, pending.newest, ENDED_INSIDE)] if rest else []
        return pending.release(frames, len(rest))
