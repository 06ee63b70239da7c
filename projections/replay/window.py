"""Windows of a replay: the packets of a stretch in the order of their time, ready to be sent.

A message is the one that the parser sends live: the packet's columns as JSON (see `streams/telemetry.py`).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from projections.clickhouse import ClickHouse, quoted
from projections.queries.catalog import read_catalog
from projections.queries.scope import Scope
from streams.mission import Mission
from streams.parsed_rows import ORIGIN_SCHEMA
from streams.telemetry import pack

ROWS = 2_000
"""About how many packets a window has."""


class Due(NamedTuple):
    """One packet: its time (ns UTC), place in the streams, type, and row of its type's batch."""

    time: int
    frame_offset: int
    packet_index: int
    packet: str
    batch: pa.RecordBatch
    row: int

    def message(self) -> bytes:
        """The packet as a message of TELEMETRY."""
        (data,) = pack(self.packet, self.batch.slice(self.row, 1))
        return data


def joint_messages(dues: Sequence[Due]) -> Iterator[tuple[str, bytes]]:
    """Yield packets that follow each other in a window as few messages: (type, message), one a type."""
    firsts: dict[str, Due] = {}
    counts: Counter[str] = Counter(due.packet for due in dues)
    for due in dues:
        firsts.setdefault(due.packet, due)
    for packet, first in firsts.items():
        for data in pack(packet, first.batch.slice(first.row, counts[packet])):
            yield packet, data


class Stretch:
    """The packets of one generation from `scope.start` to `scope.end`, read window by window."""

    def __init__(self, clickhouse: ClickHouse, mission: Mission, scope: Scope) -> None:
        self._clickhouse, self._scope = clickhouse, scope
        self._schemas = {
            kind.name: pa.schema([*ORIGIN_SCHEMA, *kind.schema]) for kind in mission.decoder().packet_types
        }
        catalog = read_catalog(clickhouse, scope.generation)
        self._tables = {one.packet: one.table for one in catalog}

    @property
    def packets(self) -> list[str]:
        """The packet types that the generation has rows of."""
        return list(self._tables)

    def ends(self) -> tuple[int, int] | None:
        """Times of the first and the last packet (ns UTC), None when there is none."""
        row = self._clickhouse.rows(
            "SELECT count() AS n, toUnixTimestamp64Nano(min(time)) AS first, "
            f"toUnixTimestamp64Nano(max(time)) AS last FROM packets WHERE {self._scope.where()}",
            self._scope.parameters,
        )[0]
        return (row["first"], row["last"]) if row["n"] else None

    def window(self, after: int, rows: int = ROWS) -> list[Due]:
        """Return the packets behind the time `after`, about `rows` of them, in order; [] at the end.

        All packets of one time are in one window.
        """
        until = self._until(after, rows)
        if until is None:
            return []
        parts = [self._read(packet, after, until) for packet in self._tables]
        return list(heapq.merge(*parts, key=lambda due: due[:3]))

    def next_of(self, packet: str, after: int) -> int | None:
        """Return the time of the next packet of a type behind `after`."""
        row = self._clickhouse.rows(
            "SELECT count() AS n, toUnixTimestamp64Nano(min(time)) AS next FROM packets "
            f"WHERE {self._scope.where()} AND packet = {{packet:String}} AND {_BEHIND}",
            {**self._scope.parameters, "packet": packet, "after": after},
        )[0]
        return int(row["next"]) if row["n"] else None

    def _until(self, after: int, rows: int) -> int | None:
        row = self._clickhouse.rows(
            "SELECT count() AS n, toUnixTimestamp64Nano(max(time)) AS until FROM (SELECT time FROM packets "
            f"WHERE {self._scope.where()} AND {_BEHIND} ORDER BY time LIMIT {int(rows)})",
            {**self._scope.parameters, "after": after},
        )[0]
        return int(row["until"]) if row["n"] else None

    def _read(self, packet: str, after: int, until: int) -> Iterator[Due]:
        schema = self._schemas[packet]
        found = self._clickhouse.select(
            f"SELECT {', '.join(map(quoted, schema.names))} FROM {quoted(self._tables[packet])} "
            f"WHERE {self._scope.where()} AND {_BEHIND} "
            "AND time <= fromUnixTimestamp64Nano({until:Int64}, 'UTC') "
            "ORDER BY time, frame_offset, packet_index",
            {**self._scope.parameters, "after": after, "until": until},
        )
        batch = _conformed(found, schema)
        keys = (batch.column(name).cast(pa.int64()).to_pylist() for name in _ORDER)
        for row, (time, offset, index) in enumerate(zip(*keys, strict=True)):
            yield Due(time, offset, index, packet, batch, row)


_BEHIND = "time > fromUnixTimestamp64Nano({after:Int64}, 'UTC')"
_ORDER = ("time", "frame_offset", "packet_index")


def _conformed(table: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    """Return the database's answer in the types that the parser gave it."""
    columns = []
    for field in schema:
        column = table.column(field.name).combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_dictionary(field.type):
            columns.append(column.cast(pa.string()).dictionary_encode())
        else:
            columns.append(column.cast(field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
