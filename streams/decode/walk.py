"""A walk through one packet: the current bit, what was read so far, and that as samples of one packet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from streams.decode.faults import CannotDecodeError
from streams.decode.raw import Array, Mask, interpret
from streams.decode.samples import Samples
from streams.decode.slots import Slot
from streams.xtce.encodings import FloatEncoding, IntegerEncoding

_YES = np.ones(1, np.bool_)
_NO = np.zeros(1, np.bool_)


class Walk(Samples):
    """One packet under way.

    `patterns` holds by slot index the bit pattern of a number, the bytes of a string or binary, or None where
    absent. `numbers` holds which numbers were read together, and from which bit on.
    """

    def __init__(self, packet: bytes, container: str) -> None:
        super().__init__(1)
        self.packet = packet
        self.container = container
        self.available = 8 * len(packet)
        self.position = 0
        self.end = 0
        self.frames: dict[int, int] = {0: 0}
        self.slots: tuple[Slot, ...] = ()
        self.patterns: list[int | bytes | None] = []
        self.numbers: list[tuple[list[tuple[int, int, str]], int]] = []
        self._places: dict[int, tuple[int, int]] = {}

    def enter(self, container: str, slots: tuple[Slot, ...]) -> None:
        """Go on with the slots of a container that extends the one before."""
        self.container = container
        more = len(slots) - len(self.slots)
        self.slots = slots
        self.patterns += [None] * more

    def take(self, index: int, bits: int, name: str) -> int:
        """The next bits as an unsigned number; they now belong to a slot."""
        number = self.peek(bits, name)
        self._keep(index, bits)
        return number

    def take_bytes(self, index: int, bits: int, name: str) -> bytes:
        """The next bits as bytes, filled up with zero bits on the right; they now belong to a slot."""
        self._check(bits, name)
        first, last = self.position, self.position + bits
        if first % 8 == 0 and bits % 8 == 0:
            found = self.packet[first >> 3 : last >> 3]
        else:
            found = (self.cut(bits) << (-bits % 8)).to_bytes((bits + 7) // 8, "big")
        self._keep(index, bits)
        return found

    def peek(self, bits: int, name: str) -> int:
        """The next bits as an unsigned number, without moving."""
        self._check(bits, name)
        return self.cut(bits)

    def left(self) -> int:
        """How many bits the packet still has."""
        return max(self.available - max(self.position, 0), 0)

    def rest(self, limit: int) -> bytes:
        """The whole bytes of what is left, at most so many bits."""
        bits = min(self.left(), limit) // 8 * 8
        if self.position < 0 or not bits:
            return b""
        return self.cut(bits).to_bytes(bits // 8, "big")

    def cut(self, bits: int) -> int:
        """The next bits, which must be there, as an unsigned number."""
        first, last = self.position, self.position + bits
        word = int.from_bytes(self.packet[first >> 3 : (last + 7) >> 3], "big")
        return (word >> (-last & 7)) & ((1 << bits) - 1)

    def _check(self, bits: int, name: str) -> None:
        if self.position < 0:
            raise CannotDecodeError(
                f"{name} of {self.container} would start {-self.position} bits before the packet"
            )
        if self.position + bits > self.available:
            raise CannotDecodeError(
                f"{self.container} needs {self.position + bits} bits up to {name}, "
                f"the packet has {self.available}"
            )

    def _keep(self, index: int, bits: int) -> None:
        self._places[index] = (self.position, bits)
        self.advance(bits)

    def advance(self, bits: int) -> None:
        """Move behind what was read."""
        self.position += bits
        self.end = max(self.end, self.position)

    def places(self) -> dict[int, tuple[int, int]]:
        """(bit offset, bit size) by slot index of everything that was read."""
        found = dict(self._places)
        for fields, position in self.numbers:
            start = position
            for index, bits, _ in fields:
                found[index] = (start, bits)
                start += bits
        return found

    def raw(self, index: int) -> Array:
        """The raw number of a slot, as an array of one; 0 where absent."""
        encoding = self.slots[index].encoding
        assert isinstance(encoding, IntegerEncoding | FloatEncoding)
        return interpret(np.array([self.patterns[index] or 0], np.uint64), encoding)[0]

    def raw_bytes(self, index: int) -> pa.Array:
        """The raw bytes of a slot, as an array of one."""
        return pa.array([self.patterns[index]], pa.binary())

    def present(self, index: int) -> Mask | None:
        """Whether the slot is there."""
        return _NO if self.patterns[index] is None else _YES
