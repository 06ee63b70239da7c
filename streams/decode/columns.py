"""Packet types and their columns: names, roles and Arrow types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

from streams.decode.contexts import CONTEXT_NUMBER
from streams.decode.samples import Conversion
from streams.decode.slots import Slot
from streams.xtce import Parameter

RESERVED = frozenset({
    "packet", "generation", "frame_offset", "packet_index", "link", "session", "time",
    "generated", "received", "recorded", "apid", "sequence_count",
})  # fmt: skip
"""Names that no column has: those of the tables' own columns, and of the packet type beside them."""


@dataclass(frozen=True)
class Column:
    """One column of a packet type's table.

    `name` is unique in the packet type and not reserved. `parameter` is the qualified name. `label` is what
    people see: the local name, or with enough of its path to be unique in the packet; of several places of
    a parameter in one packet the last has the plain label, those before it `label__1`, `label__2`, …
    `role`: "both" where the raw value and the value are the same thing and stored once; "context" for the
    number of the alarm context that holds in the packet. `nullable`: may be absent or without a value.
    """

    name: str
    parameter: str
    label: str
    role: Literal["both", "raw", "value", "context"]
    arrow_type: pa.DataType
    nullable: bool

    @property
    def is_value(self) -> bool:
        """Whether it holds the value of its parameter."""
        return self.role in {"both", "value"}


Part = Literal["raw", "value", "context"]
"""What of a slot a column holds."""


@dataclass(frozen=True)
class Source:
    """Where a column comes from: the slots of its parameter, and counting from 0 which present one.

    The last column of a parameter, `last`, has the last slot that is present.
    """

    slots: tuple[Slot, ...]
    ordinal: int
    last: bool
    part: Part


@dataclass(frozen=True)
class PacketType:
    """One kind of packet: a container that is not abstract; `size_bits` is None when it is not fixed."""

    name: str
    qualified_name: str
    columns: tuple[Column, ...]
    fixed: bool
    size_bits: int | None
    parameters: tuple[Parameter, ...]
    description: str
    file: str
    line: int
    remarks: tuple[str, ...] = ()
    """What of the mission database does not work in these packets, with its place; the rest does."""

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the type's tables."""
        return pa.schema(
            [pa.field(column.name, column.arrow_type, column.nullable) for column in self.columns]
        )


def make_columns(
    slots: Sequence[Slot], conversions: Sequence[Conversion], with_contexts: Set[int] = frozenset()
) -> tuple[list[Column], list[Source]]:
    """The columns of a packet type in the order of its slots, each value before its raw value.

    Slots whose index is in `with_contexts` have a column for the alarm context behind them.
    """
    places: dict[str, list[Slot]] = {}
    for slot in slots:
        places.setdefault(slot.parameter.qualified_name, []).append(slot)
    labels = unique_labels(places)
    names = _Names(labels)
    columns: list[Column] = []
    sources: list[Source] = []
    seen: dict[str, int] = {}
    for slot in slots:
        parameter = slot.parameter.qualified_name
        ordinal = seen[parameter] = seen.get(parameter, -1) + 1
        for column, source in _of_slot(
            tuple(places[parameter]),
            ordinal,
            conversions[slot.index],
            labels[parameter],
            names,
            contexts=slot.index in with_contexts,
        ):
            columns.append(column)
            sources.append(source)
    return columns, sources


def _of_slot(
    slots: tuple[Slot, ...],
    ordinal: int,
    conversion: Conversion,
    label: str,
    names: _Names,
    *,
    contexts: bool,
) -> list[tuple[Column, Source]]:
    """The column of raw and value in one, or the two of them; and that of the alarm context."""
    parameter = slots[0].parameter.qualified_name
    last = ordinal == len(slots) - 1
    always = sum(not slot.guarded for slot in slots)
    absent = always == 0 if last else always <= ordinal + 1
    tail = "" if last else f"__{ordinal + 1}"
    name = names.plain[parameter] if last else names.free(names.plain[parameter] + tail)
    raw_type = slots[ordinal].form.arrow
    both = conversion.plain and conversion.arrow == raw_type
    value = Column(
        name,
        parameter,
        label + tail,
        "both" if both else "value",
        conversion.arrow,
        absent or conversion.nullable,
    )
    found = [(value, Source(slots, ordinal, last, "raw" if both else "value"))]
    if not both:
        raw = Column(names.free(f"{name}__raw"), parameter, label + tail, "raw", raw_type, absent)
        found.append((raw, Source(slots, ordinal, last, "raw")))
    if contexts:
        number = Column(
            names.free(f"{name}__context"), parameter, label + tail, "context", CONTEXT_NUMBER, absent
        )
        found.append((number, Source(slots, ordinal, last, "context")))
    return found


def unique_labels(qualified: Iterable[str]) -> dict[str, str]:
    """For each qualified name the shortest end of its path that no other has."""
    parts = {name: name.strip("/").split("/") for name in qualified}
    labels: dict[str, str] = {}
    depth = 0
    while len(labels) < len(parts):
        depth += 1
        ends: dict[str, list[str]] = {}
        for name, path in parts.items():
            ends.setdefault("/".join(path[-depth:]), []).append(name)
        for end, names in ends.items():
            if len(names) == 1:
                labels.setdefault(names[0], end)
    return labels


class _Names:
    """Gives out column names: first every parameter its plain name, then all others what is still free."""

    def __init__(self, labels: dict[str, str]) -> None:
        self._taken = set(RESERVED)
        self.plain: dict[str, str] = {}
        for parameter, label in labels.items():
            self.plain[parameter] = self._first_free(label.replace("/", "_"), parameter)

    def free(self, wanted: str) -> str:
        """The wanted name, or with the first numeric suffix that makes it unique."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def _first_free(self, wanted: str, qualified: str) -> str:
        return self.free(qualified.strip("/").replace("/", "_") if wanted in self._taken else wanted)
