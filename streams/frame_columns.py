"""Frames as a seal covers them, and as an archive keeps them: everything of a message, in columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.texts import Pieces


class FrameColumns(NamedTuple):
    """n frames: offsets and recorded times (ns UTC) int64[n]; subjects and header texts are UTF-8."""

    offsets: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    subjects: Pieces
    headers: Pieces
    payloads: Pieces

    def cut(self, first: int, last: int) -> FrameColumns:
        """Return the frames with offsets from `first` to `last`; offsets ascend."""
        start, end = np.searchsorted(self.offsets, [first, last + 1]).tolist()
        if (start, end) == (0, len(self.offsets)):
            return self
        pieces = (Pieces(one.data, one.starts[start:end], one.lengths[start:end]) for one in self[2:])
        return FrameColumns(self.offsets[start:end], self.recorded[start:end], *pieces)

    @property
    def size(self) -> int:
        """Bytes of all that has no fixed size."""
        return sum(int(pieces.lengths.sum()) for pieces in self[2:])
