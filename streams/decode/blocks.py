"""Blocks: neighbouring fields of the same width, decoded for a whole batch by one numpy operation.

A packet type of fixed layout is cut into blocks once. Whole big-endian or little-endian words that follow
each other are swapped and transposed together; bit fields are shifted and masked together out of the
smallest words that hold them; what fits in neither (other encodings, fields over nine bytes) is cut out one
by one. Each block gives an array [fields, k], so that every field is contiguous and becomes an Arrow column
without a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from streams.decode.cut import Bytes
from streams.decode.raw import Array
from streams.decode.slots import Slot
from streams.xtce.encodings import FloatEncoding, IntegerEncoding

_CHUNK = 256  # rows transposed at a time, so that they stay in the cache
_FEW = 8  # fields up to which the whole batch at once is faster (measured: 3 times for one field)


class Block(Protocol):
    """Fields that are decoded together."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The fields, in the order of the array."""

    def read(self, rows: Bytes) -> Array:
        """The fields of packets uint8[k, size], as an array [fields, k] of one unsigned width."""


@dataclass(frozen=True)
class WordBlock:
    """Whole words of one width that follow each other without a gap."""

    slots: tuple[Slot, ...]
    offset: int
    width: int
    little: bool

    def read(self, rows: Bytes) -> Array:
        """The words in native order."""
        code = f"{'<' if self.little else '>'}u{self.width}"
        words = rows[:, self.offset : self.offset + self.width * len(self.slots)].view(code)
        result = np.empty((len(self.slots), len(rows)), f"u{self.width}")
        step = len(rows) if len(self.slots) <= _FEW else _CHUNK
        for first in range(0, len(rows), step or 1):
            result[:, first : first + step] = words[first : first + step].T
        return result


@dataclass(frozen=True)
class BitBlock:
    """Bit fields out of words of one width, results of one width, all signed or all not."""

    slots: tuple[Slot, ...]
    width: int
    starts: tuple[int, ...]
    words: npt.NDArray[np.intp]
    shifts: Array
    masks: Array
    signs: Array | None
    result: str

    def read(self, rows: Bytes) -> Array:
        """The fields, right-aligned, two's complement extended to the result's width."""
        words = np.empty((len(self.starts), len(rows)), f"u{self.width}")
        for position, start in enumerate(self.starts):
            words[position] = rows[:, start : start + self.width].view(f">u{self.width}")[:, 0]
        fields = words[self.words] >> self.shifts
        fields &= self.masks
        if self.signs is not None:
            fields ^= self.signs
            fields -= self.signs
        return np.asarray(fields.astype(self.result, copy=False))


def make_blocks(slots: Sequence[Slot], size_bits: int) -> tuple[list[Block], list[Slot]]:
    """The blocks for slots of fixed places, and the slots that are cut out one by one."""
    runs: list[list[Slot]] = []
    bit_fields: dict[tuple[int, str, bool], list[tuple[Slot, int]]] = {}
    single: list[Slot] = []
    for slot in slots:
        word = _word(slot, size_bits)
        if _is_whole(slot):
            if runs and _follows(runs[-1][-1], slot):
                runs[-1].append(slot)
            else:
                runs.append([slot])
        elif word is None:
            single.append(slot)
        else:
            bit_fields.setdefault((word[0], _result(slot), _is_signed(slot)), []).append((slot, word[1]))
    blocks: list[Block] = [_word_block(run) for run in runs]
    blocks += [
        _bit_block(width, result, signed, fields) for (width, result, signed), fields in bit_fields.items()
    ]
    return blocks, single


def _is_whole(slot: Slot) -> bool:
    """Whether a slot is a whole word whose bits mean natively what they mean in the packet."""
    encoding = slot.encoding
    if slot.offset is None or slot.offset % 8 or slot.bits not in {8, 16, 32, 64}:
        return False
    if isinstance(encoding, FloatEncoding):
        return encoding.scheme == "IEEE754" and encoding.bits >= 32
    return isinstance(encoding, IntegerEncoding) and encoding.scheme in {"unsigned", "twosComplement"}


def _follows(before: Slot, slot: Slot) -> bool:
    assert before.offset is not None and before.bits is not None
    touches = before.offset + before.bits == slot.offset and before.bits == slot.bits
    return touches and _is_little(before) == _is_little(slot)


def _is_little(slot: Slot) -> bool:
    return isinstance(slot.encoding, IntegerEncoding | FloatEncoding) and slot.encoding.little


def _is_signed(slot: Slot) -> bool:
    return isinstance(slot.encoding, IntegerEncoding) and slot.encoding.scheme == "twosComplement"


def _result(slot: Slot) -> str:
    assert slot.form.dtype is not None
    return f"u{slot.form.dtype.itemsize}"


def _word(slot: Slot, size_bits: int) -> tuple[int, int] | None:
    """(width, first byte) of the smallest word that holds a bit field; None when it must be cut out."""
    encoding = slot.encoding
    usual = isinstance(encoding, IntegerEncoding) and encoding.scheme in {"unsigned", "twosComplement"}
    if not usual or _is_little(slot) or slot.offset is None or slot.bits is None:
        return None
    size, first, end = (size_bits + 7) // 8, slot.offset // 8, slot.offset + slot.bits
    for width in (1, 2, 4, 8):
        for start in (
            first // width * width,
            first,
            size - width,
        ):  # words at even places are shared most often
            if 0 <= start <= first and start + width <= size and 8 * (start + width) >= end:
                return width, start
    return None


def _word_block(run: list[Slot]) -> WordBlock:
    first = run[0]
    assert first.offset is not None and first.bits is not None
    return WordBlock(tuple(run), first.offset // 8, first.bits // 8, _is_little(first))


def _bit_block(width: int, result: str, signed: bool, fields: list[tuple[Slot, int]]) -> BitBlock:
    starts = tuple(dict.fromkeys(start for _, start in fields))
    code = np.dtype(f"u{width}")

    def column(numbers: list[int]) -> Array:
        return np.array(numbers, code).reshape(-1, 1)

    sizes = [(slot.offset or 0, slot.bits or 0, start) for slot, start in fields]
    return BitBlock(
        slots=tuple(slot for slot, _ in fields),
        width=width,
        starts=starts,
        words=np.array([starts.index(start) for _, start in fields], np.intp),
        shifts=column([8 * (start + width) - offset - bits for offset, bits, start in sizes]),
        masks=column([2**bits - 1 for _, bits, _ in sizes]),
        signs=column([2 ** (bits - 1) for _, bits, _ in sizes]) if signed else None,
        result=result,
    )
