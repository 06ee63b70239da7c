"""The bytes of a connection that no frame has taken yet, with the times at which they arrived."""

from __future__ import annotations

from collections import deque

from streams.framing.frame import Frame


class Pending:
    """A byte buffer that appends and drops from the front without copying what stays."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._start = 0  # position in the connection of the first pending byte
        self._arrivals: deque[tuple[int, int]] = deque()  # (position after the chunk, received)

    def __len__(self) -> int:
        return len(self._bytes)

    def add(self, chunk: bytes, received: int) -> None:
        """Append a chunk that arrived at `received` (ns)."""
        if chunk:
            self._bytes += chunk
            self._arrivals.append((self._start + len(self._bytes), received))

    def join(self) -> bytes:
        """Return all pending bytes (a copy)."""
        return bytes(self._bytes)

    @property
    def newest(self) -> int:
        """The time (ns) at which the last pending byte arrived; 0 when nothing is pending."""
        return self._arrivals[-1][1] if self._arrivals else 0

    def release(self, frames: list[Frame], size: int) -> list[Frame]:
        """Drop the first `size` bytes, which are those of `frames`; return the frames with their times.

        The frames must come with `newest` as their time: only those that were complete before the newest
        chunk (a search held them back) get another one.
        """
        if frames and self._is_older(len(frames[0].data)):
            frames = self._with_times(frames)
        del self._bytes[:size]
        self._start += size
        while self._arrivals and self._arrivals[0][0] <= self._start:
            self._arrivals.popleft()
        return frames

    def _is_older(self, size: int) -> bool:
        return len(self._arrivals) > 1 and self._start + size <= self._arrivals[-2][0]

    def _with_times(self, frames: list[Frame]) -> list[Frame]:
        arrivals = iter(self._arrivals)
        end, received = next(arrivals)
        position, timed = self._start, []
        for frame in frames:
            position += len(frame.data)
            while position > end:
                end, received = next(arrivals)
            timed.append(frame._replace(received=received))
        return timed
