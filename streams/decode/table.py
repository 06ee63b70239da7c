"""Tables: the samples of one packet type as an Arrow record batch, and faults for wrong values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streams.decode.batch import BlockPlan, BlockSamples
from streams.decode.columns import Column, PacketType, Part, Source
from streams.decode.contexts import AlarmContexts
from streams.decode.faults import BAD_DIGIT, NOT_FINITE, Fault, ValueFaults
from streams.decode.locate import FieldPlace
from streams.decode.raw import Mask
from streams.decode.samples import Conversion, Samples
from streams.decode.slots import Slot
from streams.xtce.encodings import FloatEncoding, IntegerEncoding


@dataclass(frozen=True)
class PacketTable:
    """Decoded packets of one type: `rows` are their places within the batch (int64[k], ascending)."""

    packet_type: PacketType
    rows: npt.NDArray[np.int64]
    batch: pa.RecordBatch


class TableMaker:
    """Makes the tables of one packet type."""

    def __init__(
        self,
        packet_type: PacketType,
        slots: Sequence[Slot],
        sources: Sequence[Source],
        conversions: Sequence[Conversion],
        contexts: Mapping[int, AlarmContexts],
    ) -> None:
        self.packet_type = packet_type
        self.slots = slots
        self._conversions, self._contexts = conversions, contexts
        self._sources = list(zip(packet_type.columns, sources, strict=True))
        self.plan = BlockPlan(slots, packet_type.size_bits or 0) if packet_type.fixed else None
        self._direct, self._rest = self._split()

    def _split(self) -> tuple[list[list[tuple[int, int, pa.DataType]]], list[tuple[int, Column, Source]]]:
        """Columns that are a field of a block as it is, (column, row, type) by block; and all others."""
        direct: list[list[tuple[int, int, pa.DataType]]] = [
            [] for _ in (self.plan.blocks if self.plan else ())
        ]
        rest: list[tuple[int, Column, Source]] = []
        for number, (column, source) in enumerate(self._sources):
            place = (
                self.plan.places.get(source.slots[source.ordinal].index)
                if self.plan and source.part == "raw"
                else None
            )
            if place is None:
                rest.append((number, column, source))
            else:
                direct[place[0]].append((number, place[1], column.arrow_type))
        return direct, rest

    def make_blocks(
        self, samples: BlockSamples, rows: npt.NDArray[np.int64]
    ) -> tuple[PacketTable, list[Fault]]:
        """The table of packets of a fixed layout."""
        assert self.plan is not None
        arrays: list[pa.Array] = [None] * len(self._sources)
        count = samples.count
        from_buffers = pa.Array.from_buffers
        for block, columns in zip(samples.arrays, self._direct, strict=True):
            buffers = [None, pa.py_buffer(block)]
            for number, row, arrow_type in columns:
                arrays[number] = from_buffers(arrow_type, count, buffers, 0, row * count)
        faults = ValueFaults()
        for slot, bad in self.plan.not_finite(samples):
            faults.add(NOT_FINITE, slot, bad)
        for number, _, source in self._rest:
            arrays[number] = self._of_slot(samples, source.slots[source.ordinal], source.part, faults)
        return self._table(arrays, rows, faults)

    def make(self, samples: Samples, rows: npt.NDArray[np.int64]) -> tuple[PacketTable, list[Fault]]:
        """The table of packets of any layout."""
        faults = ValueFaults()
        arrays = [self._column(samples, source, faults) for _, source in self._sources]
        return self._table(arrays, rows, faults)

    def places(self, samples: Samples, places: Mapping[int, tuple[int, int]]) -> list[FieldPlace]:
        """The fields of one packet that are present, with their places (bit offset, bit size)."""
        found = []
        faults = ValueFaults()
        shown = {
            (source.slots[source.ordinal].index): (column.label, column.name)
            for column, source in self._sources
            if column.is_value
        }
        for slot in self.slots:
            place = places.get(slot.index)
            if place is None:
                continue
            label, column = shown[slot.index]
            raw = self._of_slot(samples, slot, "raw", faults)[0].as_py()
            value = _python(self._of_slot(samples, slot, "value", faults))
            found.append(FieldPlace(slot.parameter.qualified_name, label, column, *place, raw, value))
        return found

    def _table(
        self, arrays: list[pa.Array], rows: npt.NDArray[np.int64], faults: ValueFaults
    ) -> tuple[PacketTable, list[Fault]]:
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.packet_type.schema)
        return PacketTable(self.packet_type, rows, batch), faults.faults(rows)

    def _column(self, samples: Samples, source: Source, faults: ValueFaults) -> pa.Array:
        """One column; of several places of a parameter, in each packet the one that the column is for."""
        if len(source.slots) == 1 or self.packet_type.fixed:
            return self._of_slot(samples, source.slots[source.ordinal], source.part, faults)
        arrays = [self._of_slot(samples, slot, source.part, faults) for slot in source.slots]
        return _chosen(samples, arrays, source)

    def _of_slot(self, samples: Samples, slot: Slot, part: Part, faults: ValueFaults) -> pa.Array:
        """The raw values, the values or the alarm contexts of one slot."""
        if part == "context":
            return self._contexts[slot.index].column(samples, slot.index)
        if part == "value":
            conversion = self._conversions[slot.index]
            array, problems = conversion.column(samples, slot.index)
            for what, bad in problems:
                faults.add(what, slot, _where_present(samples, slot, bad))
            if not (conversion.plain and isinstance(slot.encoding, IntegerEncoding)):  # an integer is finite
                self._check_finite(array, slot, faults)
            return array
        if slot.form.dtype is None:
            return samples.raw_bytes(slot.index)
        numbers, present, wrong = (
            samples.raw(slot.index),
            samples.present(slot.index),
            samples.wrong(slot.index),
        )
        if isinstance(slot.encoding, FloatEncoding):
            bad = ~np.isfinite(numbers)
            if bad.any():
                faults.add(NOT_FINITE, slot, _where_present(samples, slot, bad))
        if wrong is not None and wrong.any():
            faults.add(BAD_DIGIT, slot, _where_present(samples, slot, wrong))
        return pa.array(numbers, slot.form.arrow, mask=None if present is None else ~present)

    @staticmethod
    def _check_finite(array: pa.Array, slot: Slot, faults: ValueFaults) -> None:
        if pa.types.is_floating(array.type):
            if not array.null_count and np.isfinite(array.to_numpy()).all():
                return  # as nearly always, and quicker to find out than below
            bad = pc.invert(pc.is_finite(array)).fill_null(False)
            if pc.any(bad).as_py():
                faults.add(NOT_FINITE, slot, bad.to_numpy(zero_copy_only=False))


def _where_present(samples: Samples, slot: Slot, bad: Mask) -> Mask:
    present = samples.present(slot.index)
    return bad if present is None else bad & present


def _chosen(samples: Samples, arrays: list[pa.Array], source: Source) -> pa.Array:
    """Of each packet's present places the one with the column's ordinal, or the last; else null."""
    everywhere = np.ones(samples.count, np.bool_)
    present = np.array(
        [everywhere if (mask := samples.present(slot.index)) is None else mask for slot in source.slots]
    )
    order = np.cumsum(present, axis=0)
    wanted = order[-1] if source.last else np.where(order[-1] > source.ordinal + 1, source.ordinal + 1, 0)
    chosen = present & (order == wanted) & (wanted > 0)
    place = np.argmax(chosen, axis=0) * samples.count + np.arange(samples.count)
    return pa.concat_arrays(arrays).take(pa.array(place, pa.int64(), mask=~chosen.any(axis=0)))


def _python(array: pa.Array) -> Any:
    """The one value of an array as a Python object; an instant as int nanoseconds."""
    return (array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array)[0].as_py()
