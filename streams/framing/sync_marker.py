"""Framing of TM transfer frames by their attached sync marker, CCSDS 131.0-B section 9.

A frame is the marker and `length` bytes, untouched: still randomised if the device randomises. Where the
next marker is not in its place, it is searched for; bytes between come out as torn frames of at most MAX_TORN
bytes. Bytes that got lost on the way are noticed too: when a marker stands inside a frame and none where the
frame should end, the frame is torn at the inner one and the frame that starts there is whole.
"""

from __future__ import annotations

from streams.framing.frame import ENDED_INSIDE, MAX_TORN, Frame, torn_pieces
from streams.framing.pending import Pending

ASM = bytes.fromhex("1ACFFC1D")
"""The attached sync marker (131.0-B section 9.3, for frames that are not turbo- or LDPC-coded)."""

NO_MARKER = "no sync marker found"


class SyncMarkerFramer:
    """Cuts transfer frames of `length` bytes (without their marker)."""

    def __init__(self, length: int) -> None:
        self._size = len(ASM) + length
        self._pending = Pending()
        self._wanted = len(ASM)  # pending bytes that are needed to go on
        self._searching = False
        self._searched = 0  # pending bytes in which no marker starts

    def feed(self, chunk: bytes, received: int) -> list[Frame]:
        """Take the next bytes; return the frames that they complete."""
        self._pending.add(chunk, received)
        if len(self._pending) < self._wanted:
            return []
        return self._cut(received, ended=False)

    def flush(self, received: int) -> list[Frame]:
        """End the connection: whole frames that were held back come out, the rest is torn."""
        newest = self._pending.newest
        frames = self._cut(newest, ended=True)
        rest = self._pending.join()
        why = NO_MARKER if self._searching else ENDED_INSIDE
        largest = MAX_TORN if self._searching else self._size
        frames += self._pending.release(torn_pieces(rest, newest, why, largest), len(rest))
        self._wanted, self._searching, self._searched = len(ASM), False, 0
        return frames

    def _cut(self, received: int, ended: bool) -> list[Frame]:
        data, at = self._pending.join(), 0
        frames: list[Frame] = []
        while True:
            step = (self._search if self._searching else self._next)(data, at, ended)
            if step is None:
                break
            end, why = step
            frames.append(Frame(data[at:end], received, why))
            at = end
        self._searched = max(0, self._searched - at)
        return self._pending.release(frames, at)

    def _next(self, data: bytes, at: int, ended: bool) -> tuple[int, str] | None:
        """Where the frame that starts at `at` ends, and why it is torn; None when bytes are missing."""
        end = at + self._size
        if at + len(ASM) > len(data):
            self._wanted = len(ASM)
            return None
        if not data.startswith(ASM, at):
            self._searching, self._searched = True, at + 1
            return self._search(data, at, ended)
        if end > len(data):
            self._wanted = self._size
            return None
        if not _may_hold_marker(data, at + 1, end):
            return end, ""
        return self._next_doubtful(data, at, end, ended)

    def _next_doubtful(self, data: bytes, at: int, end: int, ended: bool) -> tuple[int, str] | None:
        """Decide by the bytes after the frame whether a marker in it is data or the next frame's."""
        if end + len(ASM) > len(data):
            self._wanted = self._size + len(ASM)
            return (end, "") if ended else None
        inner = data.find(ASM, at + 1, end + len(ASM) - 1)
        if inner < 0 or data.startswith(ASM, end):
            return end, ""
        return inner, f"frame cut short: the next sync marker came after {inner - at} of {self._size} bytes"

    def _search(self, data: bytes, at: int, ended: bool) -> tuple[int, str] | None:
        """Where the torn piece that starts at `at` ends; None when bytes are missing."""
        found = data.find(ASM, self._searched)
        if found == at:
            self._searching = False
            return self._next(data, at, ended)
        self._searched = found if found >= 0 else max(self._searched, len(data) - len(ASM) + 1)
        if self._searched - at >= MAX_TORN:
            return at + MAX_TORN, NO_MARKER
        if found < 0:
            self._wanted = 0
            return None
        self._searching = False
        return found, NO_MARKER


def _may_hold_marker(data: bytes, start: int, end: int) -> bool:
    """True when a marker starts in data[start:end], even if only its beginning is inside."""
    if data.find(ASM, start, end) >= 0:
        return True
    return any(data.endswith(ASM[:count], start, end) for count in range(1, len(ASM)))
