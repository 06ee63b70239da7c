"""A run of frames as the parser takes them: columns, not objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.frame_columns import FrameColumns
from streams.header_columns import Told, told_by, told_by_texts
from streams.read import Message
from streams.texts import Pieces, Texts


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """n frames in ascending offsets; frame i is `data[starts[i] : starts[i] + lengths[i]]`.

    `data` is uint8, `received` and `recorded` are int64[n] ns UTC; `torn` says why, empty for a whole frame.
    """

    offsets: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    links: Texts
    sessions: Texts
    torn: Texts
    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets)

    def frame(self, row: int) -> bytes:
        """Return the bytes of one frame."""
        start = int(self.starts[row])
        return self.data[start : start + int(self.lengths[row])].tobytes()

    def of(self, rows: npt.NDArray[np.int64]) -> FrameBatch:
        """Return the frames with the given row numbers."""
        return FrameBatch(
            self.offsets[rows],
            self.recorded[rows],
            self.received[rows],
            self.links.rows(rows),
            self.sessions.rows(rows),
            self.torn.rows(rows),
            self.data,
            self.starts[rows],
            self.lengths[rows],
        )

    def without_bytes(self, row: int) -> FrameBatch:
        """Return what is known of one frame, without its bytes."""
        chosen, nothing = np.array([row], np.int64), np.zeros(1, np.int64)
        rest = self.links.rows(chosen), self.sessions.rows(chosen), self.torn.rows(chosen)
        times = self.recorded[chosen], self.received[chosen]
        return FrameBatch(self.offsets[chosen], *times, *rest, np.zeros(0, np.uint8), nothing, nothing)

    @classmethod
    def of_columns(
        cls,
        offsets: npt.NDArray[np.int64],
        recorded: npt.NDArray[np.int64],
        links: Texts,
        told: Told,
        frames: Pieces,
    ) -> FrameBatch:
        """Return frames with what their headers tell."""
        return cls(offsets, recorded, told.received, links, told.sessions, told.torn, *frames)

    @classmethod
    def from_columns(cls, frames: FrameColumns) -> FrameBatch:
        """Turn frames in columns into what the parser takes of them; their bytes stay where they are."""
        links = _links(Texts.of_pieces(frames.subjects))
        told = told_by_texts(frames.headers)
        return cls.of_columns(frames.offsets, frames.recorded, links, told, frames.payloads)

    @classmethod
    def from_messages(cls, messages: Sequence[Message]) -> FrameBatch:
        """Turn messages of FRAMES into columns; a missing or malformed header becomes an empty value."""
        offsets, recorded, subjects, headers, frames = zip(*messages, strict=True)
        return cls.of_columns(
            np.array(offsets, dtype=np.int64),
            np.array(recorded, dtype=np.int64),
            _links(Texts.of(subjects)),
            told_by(headers),
            Pieces.of(frames),
        )


def _links(subjects: Texts) -> Texts:
    """Return the links of subjects of FRAMES, `frame.<link>`."""
    return Texts([subject[6:] for subject in subjects.known], subjects.codes)
