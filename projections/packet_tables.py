"""A typed table per packet type: a column per parameter, raw and value, following the mission database.

A parameter that is new adds a column; a value that a generation does not have is NULL in its rows, never 0.
A parameter whose type changed can not share the old table: that generation's packets of this type go to a
new table (`packet_NAV_2`). A table belongs to one packet type, which its comment names. The table `columns`
tells which generation has which parameter where, so nothing is dropped and nothing mixed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson
import pyarrow as pa

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse, literal, quoted
from streams.decode import RESERVED, PacketType
from streams.names import token
from streams.parsed_rows import ORIGIN_SCHEMA
from streams.xtce import Database, Parameter
from streams.xtce.conditions import in_words

_SIMPLE = {
    pa.int8(): "Int8",
    pa.int16(): "Int16",
    pa.int32(): "Int32",
    pa.int64(): "Int64",
    pa.uint8(): "UInt8",
    pa.uint16(): "UInt16",
    pa.uint32(): "UInt32",
    pa.uint64(): "UInt64",
    pa.float32(): "Float32",
    pa.float64(): "Float64",
    pa.bool_(): "Bool",
    pa.string(): "String",
    pa.binary(): "String",
    pa.timestamp("ns", tz="UTC"): "DateTime64(9, 'UTC')",
    pa.dictionary(pa.int32(), pa.string()): "LowCardinality(String)",
}
_WIDE = 200
"""From this many columns on a table keeps small parts in one file each, or inserts open thousands."""

_RISING = {"frame_offset", "packet_index", "time", "generated", "received", "recorded", "sequence_count"}
"""Columns of which differences compress well, and which queries about many samples have to read."""

_MOST_VERSIONS = 1_000
_CHANGES_AT_ONCE = 200
_NULLABLE = re.compile(r"^(?:Nullable\((.*)\)|LowCardinality\(Nullable\((.*)\)\))$")


def clickhouse_type(kind: pa.DataType, nullable: bool) -> str:
    """Return the column type that keeps an Arrow type's values exactly."""
    if kind not in _SIMPLE:
        raise ProjectionError(f"no column type for {kind}", fix="report this mission database")
    return _with_nulls(_SIMPLE[kind]) if nullable else _SIMPLE[kind]


def ensure_table(clickhouse: ClickHouse, packet_type: PacketType) -> str:
    """Return the table that fits the packet type, made or widened where needed."""
    wanted = {
        column.name: clickhouse_type(column.arrow_type, column.nullable) for column in packet_type.columns
    }
    for number in range(1, _MOST_VERSIONS):
        name = f"packet_{token(packet_type.name)}" + (f"_{number}" if number > 1 else "")
        _create(clickhouse, name, packet_type.name, wanted)
        present = _present(clickhouse, name)
        if _owner(clickhouse, name) == packet_type.name and _fits(present, wanted):
            _widen(clickhouse, name, present, wanted)
            return name
    raise ProjectionError("a thousand incompatible versions of one packet", where=packet_type.name)


def _fits(present: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(
        _without_nulls(present.get(column, kind)) == _without_nulls(kind) for column, kind in wanted.items()
    )


def _widen(clickhouse: ClickHouse, table: str, present: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Add what is new, and let be NULL what some generation does not have."""
    changes = [
        f"ADD COLUMN IF NOT EXISTS {_field(column, _with_nulls(kind))}"
        for column, kind in wanted.items()
        if column not in present
    ]
    changes += [
        f"MODIFY COLUMN {quoted(column)} {_with_nulls(kind)}"
        for column, kind in present.items()
        if not _NULLABLE.match(kind) and _NULLABLE.match(wanted.get(column, _with_nulls(kind)))
    ]
    for start in range(0, len(changes), _CHANGES_AT_ONCE):
        clickhouse.command(
            f"ALTER TABLE {quoted(table)} {', '.join(changes[start : start + _CHANGES_AT_ONCE])}"
        )


def _with_nulls(kind: str) -> str:
    if _NULLABLE.match(kind):
        return kind
    if kind.startswith("LowCardinality("):
        return kind.replace("LowCardinality(", "LowCardinality(Nullable(") + ")"
    return f"Nullable({kind})"


def _without_nulls(kind: str) -> str:
    found = _NULLABLE.match(kind)
    if found is None:
        return kind
    return found[1] or f"LowCardinality({found[2]})"


def _present(clickhouse: ClickHouse, table: str) -> dict[str, str]:
    """Return the table's own parameter columns and their types."""
    query = (
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
        "ORDER BY position"
    )
    rows = clickhouse.rows(query, {"table": table})
    return {row["name"]: row["type"] for row in rows if row["name"] not in RESERVED}


def _owner(clickhouse: ClickHouse, table: str) -> str:
    query = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
    return "".join(row["comment"] for row in clickhouse.rows(query, {"table": table}))


def _create(clickhouse: ClickHouse, table: str, packet: str, columns: dict[str, str]) -> None:
    origin = {field.name: clickhouse_type(field.type, field.nullable) for field in ORIGIN_SCHEMA}
    fields = ", ".join(
        _field(name, kind)
        for name, kind in {"generation": "LowCardinality(String)", **origin, **columns}.items()
    )
    settings = "SETTINGS min_bytes_for_wide_part = 268435456" if len(columns) > _WIDE else ""
    clickhouse.command(
        f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({fields}) ENGINE = ReplacingMergeTree "
        f"PARTITION BY generation ORDER BY (generation, time, frame_offset, packet_index) {settings} "
        f"COMMENT {literal(packet)}"
    )


def _field(name: str, kind: str) -> str:
    """Return a column's definition; LZ4, for by itself ClickHouse packs large parts for size, not speed."""
    return f"{quoted(name)} {kind} CODEC({'Delta, ' if name in _RISING else ''}LZ4)"


def column_rows(generation: str, packet_type: PacketType, table: str, database: Database) -> pa.Table:
    """Return the rows of `columns` for one packet type of one generation."""
    rows: list[dict[str, Any]] = []
    for position, column in enumerate(packet_type.columns):
        parameter = database.parameters[column.parameter]
        rows.append(
            {
                "generation": generation,
                "packet": packet_type.name,
                "position": position,
                "table": table,
                "column": column.name,
                "label": column.label,
                "parameter": column.parameter,
                "role": column.role,
                "type": str(column.arrow_type),
                "unit": parameter.unit,
                "description": parameter.description,
                "definition_file": parameter.file,
                "definition_line": parameter.line,
                "alarms": orjson.dumps(_alarms(column.role, parameter)).decode(),
            }
        )
    return pa.Table.from_pylist(rows)


def _alarms(role: str, parameter: Parameter) -> list[dict[str, Any]]:
    """Return the default alarms of a parameter, or for the column of its context those of each context."""
    if role != "context":
        return [asdict(alarm) for alarm in parameter.alarms]
    return [
        {"when": in_words(one.condition), "alarms": [asdict(alarm) for alarm in one.alarms]}
        for one in parameter.context_alarms
    ]
