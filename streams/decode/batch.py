"""The batch decoder: all packets of one type of fixed layout, as one Arrow table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from streams.decode.blocks import Block, make_blocks
from streams.decode.cut import Bytes, cut_bits, cut_bytes
from streams.decode.raw import Array, Mask, interpret
from streams.decode.samples import Samples
from streams.decode.slots import Slot
from streams.xtce.encodings import FloatEncoding, IntegerEncoding


class FixedSamples(Samples):
    """Samples cut from rows uint8[k, size] field by field, when they are asked for."""

    def __init__(self, rows: Bytes, slots: Sequence[Slot]) -> None:
        super().__init__(len(rows))
        self.rows, self.slots = rows, slots
        self._raw: dict[int, Array] = {}
        self._wrong: dict[int, Mask | None] = {}

    def raw(self, index: int) -> Array:
        """The raw numbers of a slot."""
        if index not in self._raw:
            slot = self.slots[index]
            assert isinstance(slot.encoding, IntegerEncoding | FloatEncoding)
            bits = cut_bits(self.rows, slot.offset or 0, slot.encoding.bits)
            self._raw[index], self._wrong[index] = interpret(bits, slot.encoding)
        return self._raw[index]

    def raw_bytes(self, index: int) -> pa.Array:
        """The raw bytes of a string or binary slot."""
        slot = self.slots[index]
        return cut_bytes(self.rows, slot.offset or 0, slot.bits or 0)

    def present(self, index: int) -> Mask | None:
        """All packets have every slot."""
        return None

    def wrong(self, index: int) -> Mask | None:
        """Which raw values have an impossible digit."""
        self.raw(index)
        return self._wrong.get(index)


class BlockSamples(FixedSamples):
    """Samples whose usual fields were decoded block by block."""

    def __init__(self, rows: Bytes, plan: BlockPlan) -> None:
        super().__init__(rows, plan.slots)
        self.arrays = [block.read(rows) for block in plan.blocks]
        self._plan = plan

    def raw(self, index: int) -> Array:
        """The raw numbers of a slot."""
        place = self._plan.places.get(index)
        if place is None:
            return super().raw(index)
        block, row = place
        return np.asarray(self.arrays[block][row].view(self.slots[index].form.dtype))

    def wrong(self, index: int) -> Mask | None:
        """Which raw values have an impossible digit."""
        return None if index in self._plan.places else super().wrong(index)


class BlockPlan:
    """How a packet type of fixed layout is cut into blocks."""

    def __init__(self, slots: Sequence[Slot], size_bits: int) -> None:
        self.slots = slots
        numbers = [slot for slot in slots if slot.form.dtype is not None]
        self.blocks: list[Block]
        self.blocks, _ = make_blocks(numbers, size_bits)
        self.places = {
            slot.index: (number, row)
            for number, block in enumerate(self.blocks)
            for row, slot in enumerate(block.slots)
        }
        self.floats = [_float_rows(block) for block in self.blocks]

    def not_finite(self, samples: BlockSamples) -> list[tuple[Slot, Mask]]:
        """Float slots of the blocks with infinities or NaN, and where."""
        found = []
        for block, array, floats in zip(self.blocks, samples.arrays, self.floats, strict=True):
            if floats is None or bool(np.isfinite(array.view(f"f{array.itemsize}")[floats]).all()):
                continue
            for row, slot in enumerate(block.slots):
                if isinstance(slot.encoding, FloatEncoding):
                    bad = ~np.isfinite(array[row].view(f"f{array.itemsize}"))
                    if bad.any():
                        found.append((slot, bad))
        return found


def _float_rows(block: Block) -> slice | Array | None:
    """Which fields of a block are floats: None when none is."""
    rows = [row for row, slot in enumerate(block.slots) if isinstance(slot.encoding, FloatEncoding)]
    if not rows:
        return None
    return slice(None) if len(rows) == len(block.slots) else np.array(rows, np.intp)
