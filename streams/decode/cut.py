"""Cutting single fields out of many packets at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.unsignedinteger[Any]]


class Packets(NamedTuple):
    """The packets of a batch: `data` uint8[n] holds them, `starts` and `lengths` int64[k] say where."""

    data: Bytes
    starts: Offsets
    lengths: Offsets

    def heads(self, rows: Offsets, size: int) -> Bytes:
        """The first `size` bytes of some of the packets, in ascending order; each must have so many."""
        starts = self.starts if len(rows) == len(self.starts) else self.starts[rows]
        return packet_rows(self.data, starts, size)

    def lengths_of(self, rows: Offsets) -> Offsets:
        """The lengths of some of the packets, in ascending order."""
        return self.lengths if len(rows) == len(self.lengths) else self.lengths[rows]


def packet_rows(data: Bytes, starts: Offsets, size: int) -> Bytes:
    """The first `size` bytes of each packet, uint8[k, size]: a view where packets lie at equal distances.

    Every packet must have so many bytes within `data`, which is contiguous.
    """
    if size == 0:
        return np.empty((len(starts), 0), np.uint8)
    if len(starts) == 1:
        return data[starts[0] : starts[0] + size].reshape(1, size)
    distance = int(starts[1] - starts[0])
    if distance > 0 and bool((np.diff(starts) == distance).all()):
        return np.ndarray((len(starts), size), np.uint8, data, int(starts[0]), (distance, 1))
    windows = np.ndarray((len(data) - size + 1, size), np.uint8, data, 0, (1, 1))
    return np.asarray(windows[starts])


def cut_bits(rows: Bytes, offset: int, bits: int) -> Unsigned:
    """A field of 1 to 64 bits at any bit of each row, right-aligned: k numbers of the width it needs."""
    first, last = offset >> 3, (offset + bits + 7) >> 3
    spare = 8 * last - offset - bits
    word = _words(rows, first, min(last, first + 8))
    if last - first <= 8:
        word >>= word.dtype.type(spare)
    else:  # nine bytes: the bits of the first that do not belong here fall out on the left
        word = word << np.uint64(8 - spare) | rows[:, last - 1] >> np.uint8(spare)
    return word & word.dtype.type(2**bits - 1)


def _words(rows: Bytes, first: int, last: int) -> Unsigned:
    """The bytes `first` to `last` (not included; 1 to 8) of each row as a big-endian number."""
    width = last - first
    if width in {1, 2, 4, 8}:
        return rows[:, first:last].view(f">u{width}")[:, 0].astype(f"u{width}")
    word: Unsigned = np.zeros(len(rows), "u4" if width < 4 else "u8")
    for column in range(first, last):
        word = word << word.dtype.type(8) | rows[:, column]
    return word


def cut_bytes(rows: Bytes, offset: int, bits: int) -> pa.Array:
    """A field of any size as bytes, filled up with zero bits on the right; an Arrow binary array of k."""
    size = (bits + 7) // 8
    first, shift = divmod(offset, 8)
    field = rows[:, first : first + size]
    if shift:
        wide = np.zeros((len(rows), size + 1), np.uint16)
        found = rows[:, first : first + size + 1]
        wide[:, : found.shape[1]] = found
        field = ((wide[:, :-1] << np.uint16(shift)) | (wide[:, 1:] >> np.uint16(8 - shift))).astype(np.uint8)
    field = np.ascontiguousarray(field)
    if bits % 8:
        if not field.flags.writeable or field.base is not None:
            field = field.copy()
        field[:, -1] &= np.uint8(0xFF << (-bits % 8) & 0xFF)
    return binary_array(field)


def binary_array(field: Bytes) -> pa.Array:
    """Rows of bytes as an Arrow binary array."""
    count, size = field.shape
    if count * size >= 2**31:
        return pa.array([row.tobytes() for row in field], pa.large_binary()).cast(pa.binary())
    ends = np.arange(0, count * size + 1, size, dtype=np.int32) if size else np.zeros(count + 1, np.int32)
    return pa.Array.from_buffers(
        pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(field))]
    )
