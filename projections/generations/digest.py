"""The content of a generation as one digest: the same rows, the same digest, in whatever order they came.

Computed in the database: the number of rows and the sums of two hashes of all rows, table by table, without
the name of the generation. Two derivations with equal content have equal digests. The hashes are two quick
ones of 64 bits, of unrelated making: they tell derivations apart, and are no proof against a forger (the
proofs are in the streams).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from projections.archive import table as archive
from projections.clickhouse import ClickHouse, quoted
from projections.queries.scope import LATEST
from projections.telecommands.tables import TABLES as TELECOMMAND_TABLES

_HASHES = ("cityHash64", "xxHash64")

_FIXED = ("frames", "packets", "quarantine")


@dataclass(frozen=True)
class Content:
    """What a generation holds: rows by table, and the digest over all of them (hex SHA-256)."""

    rows: dict[str, int]
    digest: str


def content_of(
    clickhouse: ClickHouse, generation: str, first: int = 1, last: int = 2**63, as_of: int = LATEST
) -> Content:
    """Return the content of a generation, of the frames `first` to `last`; one without rows has a digest.

    With `as_of` (ns UTC) of rows that were recorded by then.
    """
    tables = dict.fromkeys(_FIXED, "") | _packet_tables(clickhouse, generation)
    rows, parts = {}, []
    for table, packet in sorted(tables.items()):
        columns = _columns(clickhouse, table, generation)
        values = {"generation": generation, "first": first, "last": last, "as_of": as_of}
        count, total = _table_digest(clickhouse, table, columns, values)
        if count:
            rows[packet or table] = count
            parts.append([packet or table, count, total])
    return Content(rows, hashlib.sha256(orjson.dumps(parts)).hexdigest())


def telecommand_content(clickhouse: ClickHouse) -> Content:
    """Return the content of the tables about telecommands, which are of no generation."""
    return _content_of_all(
        clickhouse, {name: list(columns) for name, (columns, _) in TELECOMMAND_TABLES.items()}
    )


def archive_content(clickhouse: ClickHouse) -> Content:
    """Return the content of the frame archive, which is of no generation."""
    return _content_of_all(clickhouse, {archive.TABLE: list(archive.COLUMNS)}, archive.SCHEMA.names)


def _content_of_all(
    clickhouse: ClickHouse, tables: dict[str, list[str]], hashed: list[str] | None = None
) -> Content:
    """Return the content of whole tables, given their columns, of all columns or those to be `hashed`.

    Tables that are not there, or are of another version of the program, count as empty.
    """
    there = clickhouse.rows(
        "SELECT table, groupArray(name) AS columns FROM (SELECT table, name FROM system.columns "
        "WHERE database = currentDatabase() ORDER BY table, position) GROUP BY table"
    )
    present = {row["table"]: row["columns"] for row in there}
    rows, parts = {}, []
    for table, columns in tables.items():
        if present.get(table) == columns:
            count, total = _count_and_sum(clickhouse, table, hashed or columns, "true", {})
            if count:
                rows[table] = count
                parts.append([table, count, total])
    return Content(rows, hashlib.sha256(orjson.dumps(parts)).hexdigest())


def _packet_tables(clickhouse: ClickHouse, generation: str) -> dict[str, str]:
    rows = clickhouse.rows(
        "SELECT DISTINCT table, packet FROM columns WHERE generation = {generation:String}",
        {"generation": generation},
    )
    return {row["table"]: row["packet"] for row in rows}


def _columns(clickhouse: ClickHouse, table: str, generation: str) -> list[str]:
    """Return the columns that the generation has: a shared table may have more, of other generations."""
    rows = clickhouse.rows(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
        "AND (table IN {fixed:Array(String)} OR name IN {origin:Array(String)} OR name IN "
        "(SELECT column FROM columns WHERE generation = {generation:String} AND table = {table:String}))",
        {"table": table, "fixed": list(_FIXED), "origin": _origin(clickhouse), "generation": generation},
    )
    return sorted(row["name"] for row in rows if row["name"] != "generation")


def _origin(clickhouse: ClickHouse) -> list[str]:
    rows = clickhouse.rows(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'packets'"
    )
    return [row["name"] for row in rows]


def _table_digest(
    clickhouse: ClickHouse, table: str, columns: list[str], values: dict[str, Any]
) -> tuple[int, str]:
    condition = (
        "generation = {generation:String} AND frame_offset BETWEEN {first:UInt64} AND {last:UInt64} "
        "AND recorded <= fromUnixTimestamp64Nano({as_of:Int64}, 'UTC')"
    )
    return _count_and_sum(clickhouse, table, columns, condition, values)


def _count_and_sum(
    clickhouse: ClickHouse, table: str, columns: list[str], condition: str, values: dict[str, Any]
) -> tuple[int, str]:
    # As one tuple: hashed as arguments, a null would make the whole hash null.
    row = f"tuple({', '.join(map(quoted, columns))})"
    sums = ", ".join(f"toString(sum({hash_}({row}))) AS {hash_}" for hash_ in _HASHES)
    query = f"SELECT count() AS count, {sums} FROM {quoted(table)} WHERE {condition}"
    (found,) = clickhouse.rows(query, values)
    return int(found["count"]), " ".join(found[hash_] for hash_ in _HASHES)
