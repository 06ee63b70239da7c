"""A typed table per packet type: a column per parameter, raw and value, following the mission database.

A parameter that is new adds a column. A parameter whose type changed can not share the old table: that
generation's packets of this type go to a new table (`packet_NAV_2`). The table `columns` tells which
generation has which parameter where, so nothing is dropped and nothing mixed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
import pyarrow as pa

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse, quoted
from streams.decode import PacketType
from streams.names import token
from streams.parsed_rows import ORIGIN_SCHEMA
from streams.xtce import Database

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


def clickhouse_type(kind: pa.DataType, nullable: bool) -> str:
    """Return the column type that keeps an Arrow type's values exactly."""
    if kind not in _SIMPLE:
        raise ProjectionError(f"no column type for {kind}", fix="report this mission database")
    name = _SIMPLE[kind]
    return f"Nullable({name})" if nullable else name


def ensure_table(clickhouse: ClickHouse, packet_type: PacketType) -> str:
    """Return the table that fits the packet type, made or widened where needed."""
    wanted = {
        column.name: clickhouse_type(column.arrow_type, column.nullable) for column in packet_type.columns
    }
    for number in range(1, 1_000):
        name = f"packet_{token(packet_type.name)}" + (f"_{number}" if number > 1 else "")
        present = _present(clickhouse, name)
        if not present:
            _create(clickhouse, name, wanted)
            return name
        if all(present.get(column, kind) == kind for column, kind in wanted.items()):
            new = [column for column in wanted if column not in present]
            for start in range(0, len(new), 200):
                added = ", ".join(
                    f"ADD COLUMN IF NOT EXISTS {quoted(column)} {wanted[column]}"
                    for column in new[start : start + 200]
                )
                clickhouse.command(f"ALTER TABLE {quoted(name)} {added}")
            return name
    raise ProjectionError("a thousand incompatible versions of one packet", where=packet_type.name)


def _present(clickhouse: ClickHouse, table: str) -> dict[str, str]:
    query = (
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
    )
    return {row["name"]: row["type"] for row in clickhouse.rows(query, {"table": table})}


def _create(clickhouse: ClickHouse, table: str, columns: dict[str, str]) -> None:
    origin = {field.name: clickhouse_type(field.type, field.nullable) for field in ORIGIN_SCHEMA}
    fields = ", ".join(
        f"{quoted(name)} {kind}"
        for name, kind in {"generation": "LowCardinality(String)", **origin, **columns}.items()
    )
    settings = "SETTINGS min_bytes_for_wide_part = 268435456" if len(columns) > _WIDE else ""
    clickhouse.command(
        f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({fields}) ENGINE = ReplacingMergeTree "
        f"PARTITION BY generation ORDER BY (generation, time, frame_offset, packet_index) {settings}"
    )


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
                "file": parameter.file,
                "line": parameter.line,
                "alarms": orjson.dumps([asdict(alarm) for alarm in parameter.alarms]).decode(),
            }
        )
    return pa.Table.from_pylist(rows)
