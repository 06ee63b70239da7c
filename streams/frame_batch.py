"""A run of frames as the parser takes them: columns, not objects."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams import names
from streams.read import Message
from streams.wire import RawHeaders

NO_RECEIVED = -1
"""Received time of a frame whose header does not tell it."""


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """n frames in ascending offsets; `received` and `recorded` are int64[n] ns UTC."""

    offsets: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    links: list[str]
    sessions: list[str]
    torn: list[str]
    data: list[bytes]

    def __len__(self) -> int:
        return len(self.data)

    def of(self, rows: Sequence[int]) -> FrameBatch:
        """Return the frames with the given row numbers."""
        chosen = np.asarray(rows, dtype=np.int64)
        return FrameBatch(
            self.offsets[chosen],
            self.recorded[chosen],
            self.received[chosen],
            [self.links[row] for row in rows],
            [self.sessions[row] for row in rows],
            [self.torn[row] for row in rows],
            [self.data[row] for row in rows],
        )

    @classmethod
    def from_messages(cls, messages: Sequence[Message]) -> FrameBatch:
        """Turn messages of FRAMES into columns; a missing or malformed header becomes an empty value."""
        headers = [message.headers for message in messages]
        subjects = [message.subject for message in messages]
        links = {subject: subject[6:] for subject in subjects}  # "frame.<link>"
        return cls(
            np.array([message.offset for message in messages], dtype=np.int64),
            np.array([message.recorded for message in messages], dtype=np.int64),
            _received(RawHeaders.column(headers, names.RECEIVED)),
            [links[subject] for subject in subjects],
            _shared(RawHeaders.column(headers, names.SESSION)),
            RawHeaders.column(headers, names.TORN),
            [message.data for message in messages],
        )


def _shared(texts: list[str]) -> list[str]:
    """The same texts, each kept once: they are then compared by identity."""
    known: dict[str, str] = {}
    return [known.setdefault(text, text) for text in texts]


def _received(texts: list[str]) -> npt.NDArray[np.int64]:
    digits, sizes = "".join(texts), set(map(len, texts))
    if digits.isascii() and digits.isdigit() and 0 not in sizes and max(sizes) < 20:
        with contextlib.suppress(OverflowError):
            times = np.array(list(map(int, texts)), dtype=np.int64)
            return np.where(times > 0, times, NO_RECEIVED)
    times = np.array([_time_or_none(text) for text in texts], dtype=np.int64)
    return np.where(times > 0, times, NO_RECEIVED)


def _time_or_none(text: str) -> int:
    """Return what the text says on its own, whatever the others of its run say."""
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) < 2**63 else NO_RECEIVED
