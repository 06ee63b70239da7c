"""Columns of texts and bytes: few different texts by their codes, any bytes by their places in one buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.decode.cut import packet_rows


class Texts(NamedTuple):
    """n texts of which few are different: text i is `known[codes[i]]`; codes are int32[n]."""

    known: list[str]
    codes: npt.NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Return texts with each different one kept once, in the order in which they first come."""
        if not texts or texts.count(texts[0]) == len(texts):
            return cls(list(texts[:1]), np.zeros(len(texts), np.int32))
        number = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return cls(list(number), np.fromiter(map(number.__getitem__, texts), np.int32, len(texts)))

    @classmethod
    def of_pieces(cls, pieces: Pieces) -> Texts:
        """Return UTF-8 texts that lie in a buffer."""
        size = int(pieces.lengths[0]) if len(pieces.lengths) else 0
        if size and bool((pieces.lengths == size).all()):
            rows = packet_rows(pieces.data, pieces.starts, size)
            if bool((rows == rows[0]).all()):
                return cls([pieces.at(0).decode("utf-8", "replace")], np.zeros(len(rows), np.int32))
        return cls.of([pieces.at(row).decode("utf-8", "replace") for row in range(len(pieces.starts))])

    def at(self, row: int) -> str:
        """Return one of the n texts."""
        return self.known[int(self.codes[row])]

    def rows(self, rows: npt.NDArray[np.int64]) -> Texts:
        """Return the texts of some rows."""
        return Texts(self.known, self.codes[rows])

    def groups(self) -> Iterator[tuple[str, npt.NDArray[np.int64] | None]]:
        """Yield each text with its rows, the first row's first; None for rows where all have one text."""
        codes, firsts = np.unique(self.codes, return_index=True)
        for code in codes[np.argsort(firsts)].tolist():
            yield self.known[code], None if len(codes) == 1 else np.flatnonzero(self.codes == code)


class Pieces(NamedTuple):
    """n pieces of bytes: piece i is `data[starts[i] : starts[i] + lengths[i]]`; uint8 and int64[n]."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, pieces: Sequence[bytes]) -> Pieces:
        """Return objects as one column."""
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        return cls(np.frombuffer(b"".join(pieces), np.uint8), np.cumsum(lengths) - lengths, lengths)

    def at(self, row: int) -> bytes:
        """Return one of the n pieces."""
        start = int(self.starts[row])
        return self.data[start : start + int(self.lengths[row])].tobytes()

    def rows(self, rows: npt.NDArray[np.int64]) -> Pieces:
        """Return some of the pieces, in the same buffer."""
        return Pieces(self.data, self.starts[rows], self.lengths[rows])

    def joined(self) -> npt.NDArray[np.uint8]:
        """Return the pieces one behind the other: without a copy where they lie so already."""
        ends = self.starts + self.lengths
        if not len(ends):
            return self.data[:0]
        if bool((ends[:-1] == self.starts[1:]).all()):
            return self.data[int(self.starts[0]) : int(ends[-1])]
        return np.concatenate(
            [self.data[a:b] for a, b in zip(self.starts.tolist(), ends.tolist(), strict=True)]
        )
