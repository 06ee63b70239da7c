"""The raw values of k packets of one type, slot by slot, and the values made of them.

Both decoders end here: the batch decoder with arrays cut from the buffer, the packet-by-packet decoder with
arrays of what it read. All that comes after, calibration, labels, times, is one code for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from streams.decode.raw import Array, Mask


class Values(NamedTuple):
    """Values of one slot: `data` of k values, which of them are missing, and what was wrong where."""

    data: Array
    missing: Mask | None = None
    problems: tuple[tuple[str, Mask], ...] = ()


class Conversion(Protocol):
    """Makes values of raw values."""

    @property
    def arrow(self) -> pa.DataType:
        """The type of the column."""

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing."""

    @property
    def plain(self) -> bool:
        """Whether a value is the same number as its raw value."""

    def values(self, samples: Samples, index: int) -> Values:
        """The values of one slot."""

    def column(self, samples: Samples, index: int) -> tuple[pa.Array, tuple[tuple[str, Mask], ...]]:
        """The values of one slot as an Arrow array, and what was wrong where."""


class Samples:
    """Raw values by slot index: numbers as numpy arrays, strings and binaries as Arrow binary arrays."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._values: dict[int, Values] = {}

    def raw(self, index: int) -> Array:
        """The raw numbers of a slot, native byte order; 0 where absent."""
        raise NotImplementedError

    def raw_bytes(self, index: int) -> pa.Array:
        """The raw bytes of a string or binary slot; null where absent."""
        raise NotImplementedError

    def present(self, index: int) -> Mask | None:
        """Which packets have the slot; None: all."""
        raise NotImplementedError

    def wrong(self, index: int) -> Mask | None:
        """Which raw values have an impossible digit (BCD); None: none."""
        raise NotImplementedError

    def values(self, index: int, conversion: Conversion) -> Values:
        """The values of a slot, worked out once."""
        if index not in self._values:
            self._values[index] = conversion.values(self, index)
        return self._values[index]


class HeldSamples(Samples):
    """Samples that are held as arrays."""

    def __init__(
        self,
        count: int,
        raws: Mapping[int, Array],
        texts: Mapping[int, pa.Array],
        present: Mapping[int, Mask],
        wrong: Mapping[int, Mask],
    ) -> None:
        super().__init__(count)
        self._raws, self._texts, self._present, self._wrong = raws, texts, present, wrong

    def raw(self, index: int) -> Array:
        """The raw numbers of a slot."""
        return self._raws[index]

    def raw_bytes(self, index: int) -> pa.Array:
        """The raw bytes of a string or binary slot."""
        return self._texts[index]

    def present(self, index: int) -> Mask | None:
        """Which packets have the slot; None: all."""
        return self._present.get(index)

    def wrong(self, index: int) -> Mask | None:
        """Which raw values have an impossible digit; None: none."""
        return self._wrong.get(index)


def merge(first: Mask | None, second: Mask | None) -> Mask | None:
    """Where one or the other holds; None stands for nowhere."""
    if first is None or second is None:
        return second if first is None else first
    return np.logical_or(first, second)
