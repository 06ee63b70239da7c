"""Framing of space packets back to back, CCSDS 133.0-B-2 section 4.1: each packet is a frame.

A packet is taken by its length field as soon as its last byte is there. Where a header cannot be one (its
version is not 0, or it claims more than the largest frame), synchronisation is lost: `HeaderSearch` looks for
the next packets, and the bytes before them come out as torn frames of at most MAX_TORN bytes. While it looks,
bytes are held back, at most two of the largest frames and MAX_TORN.

Known limits: a wrong length field within the range takes the packets after it into its frame, as nothing in
the standard's header can tell; `length` in the framing table narrows the range. A connection that starts
inside a packet is taken for one that starts with a packet, unless the first bytes cannot be a header.
"""

from __future__ import annotations

from itertools import repeat

import numpy as np

from streams.framing.frame import ENDED_INSIDE, MAX_TORN, Frame, torn_pieces
from streams.framing.header_search import HeaderSearch
from streams.framing.pending import Pending
from streams.framing.space_packet import MAX_PACKET, MIN_PACKET, PRIMARY_HEADER

_STREAK = 64  # equal lengths in a row before many are checked at once
_RUN = 4096  # packets that are checked at once


class PacketFramer:
    """Cuts space packets, each with `header` bytes before it that stay part of the frame.

    `largest` is the size of the largest frame (header and packet), by default what the standard allows.
    """

    def __init__(self, header: int = 0, largest: int | None = None) -> None:
        self._header = header
        self._largest = min(largest or MAX_PACKET + header, MAX_PACKET + header)
        self._pending = Pending()
        self._start = 0  # position in the connection of the first pending byte
        self._wanted = header + PRIMARY_HEADER  # pending bytes that are needed to go on
        self._search: HeaderSearch | None = None
        self._lost = ""  # why synchronisation was lost

    def feed(self, chunk: bytes, received: int) -> list[Frame]:
        """Take the next bytes; return the frames that they complete."""
        self._pending.add(chunk, received)
        if len(self._pending) < self._wanted:
            return []
        frames, size = self._cut(self._pending.join(), received)
        self._start += size
        return self._pending.release(frames, size)

    def flush(self, received: int) -> list[Frame]:
        """End the connection: packets that end exactly with it are whole, everything else is torn."""
        rest, newest = self._pending.join(), self._pending.newest
        frames: list[Frame] = []
        if self._search is None:
            frames += torn_pieces(rest, newest, ENDED_INSIDE, self._largest)
        else:
            start = self._search.ending_at(self._start + len(rest))
            lost = len(rest) if start is None else start - self._start
            frames += torn_pieces(rest[:lost], newest, self._lost)
            self._cut_packets(rest, lost, newest, frames)
        self._start += len(rest)
        self._search, self._lost, self._wanted = None, "", self._header + PRIMARY_HEADER
        return self._pending.release(frames, len(rest))

    def _cut(self, data: bytes, received: int) -> tuple[list[Frame], int]:
        """Cut `data`, all that is pending; return the frames and how many bytes they are."""
        frames: list[Frame] = []
        at = 0
        while True:
            if self._search is None:
                at = self._cut_packets(data, at, received, frames)
                if not self._lost:
                    return frames, at
                self._search = HeaderSearch(self._start + at, self._header, self._largest)
            found = self._search.scan(data, self._start)
            if found is None:
                sure = max(0, self._search.refuted - self._start - at)
                end = at + sure // MAX_TORN * MAX_TORN
            else:
                end = found - self._start
            frames += torn_pieces(data[at:end], received, self._lost)
            at = end
            if found is None:
                self._wanted = 0
                return frames, at
            self._search, self._lost = None, ""

    def _cut_packets(self, data: bytes, at: int, received: int, frames: list[Frame]) -> int:
        """Cut packets from `at` on, until one is incomplete (sets `wanted`) or impossible (sets `lost`)."""
        header, largest, end = self._header, self._largest, len(data)
        version, high, low = header, header + 4, header + 5
        least, overhead = header + PRIMARY_HEADER, header + MIN_PACKET
        last_size, streak, size = 0, 0, least
        while at + least <= end:
            size = overhead + (data[at + high] << 8 | data[at + low])
            if data[at + version] > 0x1F or size > largest:
                self._lost = self._why_lost(data[at + version] >> 5, size)
                return at
            if at + size > end:
                break
            streak = streak + 1 if size == last_size else 0
            last_size = size
            if streak < _STREAK:
                frames.append(Frame(data[at : at + size], received, ""))
                at += size
            else:
                stop = at + size * _equal_run(data, at, size, header)
                pieces = [data[i : i + size] for i in range(at, stop, size)]
                frames.extend(map(Frame, pieces, repeat(received), repeat("")))
                at = stop
            size = least
        self._wanted = size
        return at

    def _why_lost(self, version: int, size: int) -> str:
        if version:
            return f"no packet header found: packet version is {version}, must be 0"
        return f"length field out of range: it says {size} bytes, the largest frame is {self._largest}"


def _equal_run(data: bytes, at: int, size: int, header: int) -> int:
    """Count the whole packets from `at` on (at least 1, at most _RUN) that have the first one's length."""
    count = min((len(data) - at) // size, _RUN)
    table = np.frombuffer(data, np.uint8, count * size, at).reshape(count, size)
    fields = table[:, header : header + PRIMARY_HEADER]
    same = (fields[:, 0] < 0x20) & (fields[:, 4] == fields[0, 4]) & (fields[:, 5] == fields[0, 5])
    return count if same.all() else int(same.argmin())
