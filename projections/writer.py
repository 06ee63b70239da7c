"""Write parsed rows to ClickHouse so that every row counts once, however often it is written.

Order of a flush: packets, quarantine and frames first, then the position in `offsets`. A crash in between
repeats the rows, and rows with the same identity are one row (law 4). Two writers at once do the same.
Proven by `tests/faults/test_writer_kill.py` and `tests/projections/test_writer.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse, quoted
from projections.event_log import claim_tables
from projections.packet_tables import column_rows, ensure_table
from projections.parameter_views import make_parameter_views
from streams.decode import PacketType
from streams.generations import Generation, Generations
from streams.mission import Mission
from streams.parsed_rows import FRAME_SCHEMA, ORIGIN_SCHEMA, QUARANTINE_SCHEMA

_FIXED = {"frames": FRAME_SCHEMA, "quarantine": QUARANTINE_SCHEMA}
_INDEX_FIELDS = list(ORIGIN_SCHEMA.names)


@dataclass
class _Generation:
    """What the writer knows of one generation: packet types with their schemas, tables made so far."""

    mission: Mission
    types: dict[str, PacketType]
    schemas: dict[str, pa.Schema]
    tables: dict[str, str] = field(default_factory=dict)


class Writer:
    """Collects rows and writes them in large inserts; `mission_of` gives a generation's mission."""

    def __init__(self, clickhouse: ClickHouse, mission_of: Callable[[str], Mission]) -> None:
        self._clickhouse, self._mission_of = clickhouse, mission_of
        self._generations: dict[str, _Generation] = {}
        self._rows: dict[tuple[str, str, bool], list[pa.RecordBatch]] = {}
        self._new_columns = False
        self.waiting = self.waiting_bytes = 0

    def schema(self, generation: str, table: str, *, fixed: bool) -> pa.Schema:
        """Return the schema of a table's rows. Raises ProjectionError for a packet it does not have."""
        if fixed:
            return _FIXED[table]
        schemas = self._known(generation).schemas
        if table not in schemas:
            raise ProjectionError(f"the mission database has no packet {table!r}", where=generation)
        return schemas[table]

    def add(self, generation: str, table: str, rows: pa.RecordBatch, *, fixed: bool) -> None:
        """Keep rows for the next flush; `fixed` tells `frames` and `quarantine` from a packet's name."""
        self._rows.setdefault((generation, table, fixed), []).append(rows)
        self.waiting += rows.num_rows
        self.waiting_bytes += rows.nbytes

    def flush(self) -> None:
        """Insert everything kept. Raises ProjectionError; what was kept stays kept then.

        An insert costs ClickHouse as much as thousands of rows: each table gets one, `packets` too.
        """
        index: list[pa.Table] = []
        for (generation, table, fixed), batches in self._rows.items():
            rows = _joined([pa.Table.from_batches(batches)])
            named = _with_texts(rows, generation=generation)
            self._clickhouse.insert(table if fixed else quoted(self._table(generation, table)), named)
            if not fixed:
                fields = rows.select(_INDEX_FIELDS)
                index.append(_with_texts(fields, generation=generation, packet=table))
        if index:
            self._clickhouse.insert("packets", _joined(index))
        if self._new_columns:
            make_parameter_views(self._clickhouse)
            self._new_columns = False
        self._rows.clear()
        self.waiting = self.waiting_bytes = 0

    def _known(self, generation: str) -> _Generation:
        if generation not in self._generations:
            mission = self._mission_of(generation)
            types = {kind.name: kind for kind in mission.decoder().packet_types}
            schemas = {
                name: pa.schema(
                    [*ORIGIN_SCHEMA, *(pa.field(c.name, c.arrow_type, c.nullable) for c in kind.columns)]
                )
                for name, kind in types.items()
            }
            self._generations[generation] = _Generation(mission, types, schemas)
        return self._generations[generation]

    def _table(self, generation: str, packet: str) -> str:
        known = self._known(generation)
        if packet not in known.tables:
            packet_type = known.types[packet]
            table = ensure_table(self._clickhouse, packet_type)
            rows = column_rows(generation, packet_type, table, known.mission.database)
            self._clickhouse.insert("columns", rows)
            self._new_columns = True
            known.tables[packet] = table
        return known.tables[packet]


def _joined(tables: list[pa.Table]) -> pa.Table:
    """One table; runs may name links and sessions by different dictionaries, which one insert can not."""
    return pa.concat_tables(tables).unify_dictionaries()


def _with_texts(rows: pa.Table, **texts: str) -> pa.Table:
    """Put constant text columns before the others."""
    for name, text in reversed(texts.items()):
        codes = pa.array(np.zeros(rows.num_rows, dtype=np.int32))
        rows = rows.add_column(0, name, pa.DictionaryArray.from_arrays(codes, pa.array([text])))
    return rows


class Position(NamedTuple):
    """Everything of `stream` up to and including `offset` is in the tables (of one generation, or at all)."""

    stream: str
    offset: int
    generation: str = ""


def store_position(
    clickhouse: ClickHouse, consumer: str, stream: str, offset: int, generation: str = ""
) -> None:
    """Store that everything of `stream` up to and including `offset` is in the tables."""
    store_positions(clickhouse, consumer, [Position(stream, offset, generation)])


def store_positions(clickhouse: ClickHouse, consumer: str, positions: Sequence[Position]) -> None:
    """Store several positions of a consumer, in one insert."""
    rows = pa.Table.from_pylist([{"consumer": consumer, **position._asdict()} for position in positions])
    now = pa.array([time.time_ns()] * len(positions), type=pa.timestamp("ns", tz="UTC"))
    clickhouse.insert("offsets", rows.append_column("at", now))


def position(clickhouse: ClickHouse, consumer: str, stream: str, generation: str = "") -> int:
    """Return the stored offset, 0 when there is none."""
    query = (
        "SELECT offset FROM offsets WHERE consumer = {consumer:String} AND stream = {stream:String} "
        "AND generation = {generation:String}"
    )
    rows = clickhouse.rows(query, {"consumer": consumer, "stream": stream, "generation": generation})
    return int(rows[0]["offset"]) if rows else 0


def write_generations(clickhouse: ClickHouse, state: Generations) -> None:
    """Project the generations; a projection like the others, rewritten whole whenever one changes.

    Raises ProjectionError when the tables are of another event log.
    """
    if not state.known:
        return
    claim_tables(clickhouse, state)
    time_type = pa.timestamp("ns", tz="UTC")
    names = list(state.known)
    promoted = [[at for at, name in state.promotions if name == known] for known in names]
    table = pa.table(
        {
            "generation": pa.array(names),
            "mission": pa.array([state.known[name].mission_digest for name in names]),
            "parser_version": pa.array([state.known[name].parser_version for name in names]),
            "started": pa.array([state.known[name].started for name in names], type=time_type),
            "promoted": pa.array(promoted, type=pa.list_(time_type)),
            "live": pa.array([name == state.live for name in names]),
            "state": pa.array([_state(state.known[name]) for name in names]),
            "digest": pa.array([state.known[name].digest for name in names]),
        }
    )
    clickhouse.insert("generations", table)


def _state(generation: Generation) -> str:
    """`following` goes on with the frames; a reprocess is `unfinished` until it is `finished`."""
    if generation.dropped:
        return "dropped"
    if not generation.segments:
        return "following"
    return "finished" if generation.finished else "unfinished"
