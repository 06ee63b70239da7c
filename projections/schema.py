"""The fixed tables and views; packet types have tables of their own (`projections/packet_tables.py`).

Every table is a ReplacingMergeTree whose sorting key is the identity of its rows (law 4): the same row
written twice is one row, in every query (`final = 1`). Every derived row names its frame and generation.
"""

from __future__ import annotations

from infra.errors import ProjectionError
from projections.archive import table as archive
from projections.clickhouse import ClickHouse, quoted
from projections.derived_rows import clock_steps_query, gaps_query
from projections.gap_filling import filled_gaps_query
from projections.parameter_views import make_parameter_views
from projections.telecommands.tables import TABLES as TELECOMMAND_TABLES
from projections.views import ensure_view

_TIME = "DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))"
_TEXT = "LowCardinality(String)"

TABLES: dict[str, tuple[dict[str, str], str]] = {
    "frames": (
        {
            "generation": _TEXT,
            "frame_offset": "UInt64 CODEC(Delta, ZSTD(1))",
            "link": _TEXT,
            "session": _TEXT,
            "received": _TIME,
            "recorded": _TIME,
            "size": "UInt32",
            "packets": "UInt32",
            "result": _TEXT,
        },
        "generation, frame_offset",
    ),
    "packets": (
        {
            "generation": _TEXT,
            "packet": _TEXT,
            "frame_offset": "UInt64 CODEC(Delta, ZSTD(1))",
            "packet_index": "UInt32",
            "link": _TEXT,
            "session": _TEXT,
            "time": _TIME,
            "generated": "Nullable(DateTime64(9, 'UTC'))",
            "received": _TIME,
            "recorded": _TIME,
            "apid": "Nullable(UInt16)",
            "sequence_count": "Nullable(UInt16)",
        },
        "generation, frame_offset, packet_index",
    ),
    "quarantine": (
        {
            "generation": _TEXT,
            "frame_offset": "UInt64",
            "packet_index": "Int32",
            "stage": _TEXT,
            "reason": "String",
            "decoded": "Bool",
            "link": _TEXT,
            "session": _TEXT,
            "received": _TIME,
            "recorded": _TIME,
            "size": "UInt32",
            "bytes": "String",
        },
        "generation, frame_offset, packet_index, stage, reason",
    ),
    "generations": (
        {
            "generation": "String",
            "mission": "String",
            "parser_version": "String",
            "started": "DateTime64(9, 'UTC')",
            "promoted": "Array(DateTime64(9, 'UTC'))",
            "live": "Bool",
            "state": "String",
            "digest": "String",
        },
        "generation",
    ),
    "event_log": ({"begun": "DateTime64(9, 'UTC')"}, "begun"),
    "offsets": (
        {
            "consumer": "String",
            "stream": "String",
            "generation": "String",
            "offset": "UInt64",
            "at": "DateTime64(9, 'UTC')",
        },
        "consumer, stream, generation",
    ),
    "columns": (
        {
            "generation": _TEXT,
            "packet": _TEXT,
            "position": "UInt32",
            "table": _TEXT,
            "column": "String",
            "label": "String",
            "parameter": "String",
            "role": _TEXT,
            "type": _TEXT,
            "unit": "String",
            "description": "String",
            "definition_file": "String",
            "definition_line": "UInt32",
            "alarms": "String",
        },
        "generation, packet, position",
    ),
    archive.TABLE: (archive.COLUMNS, archive.ORDER),
    **TELECOMMAND_TABLES,
}
_VERSION = {"offsets": "at"}
_PARTITION = {
    **dict.fromkeys(("frames", "packets", "quarantine", "columns"), "generation"),
    archive.TABLE: archive.PARTITION,
}
_INDEXES = {
    "packets": (
        "INDEX packet_types packet TYPE set(64) GRANULARITY 4",
        "INDEX recorded_range recorded TYPE minmax GRANULARITY 1",
        "INDEX time_range time TYPE minmax GRANULARITY 1",
        "INDEX sessions session TYPE set(16) GRANULARITY 4",
    )
}
"""What finds the newest packet of each type, also as of a time, without reading the table."""

_VIEWS = {"gaps": filled_gaps_query(gaps_query()), "clock_steps": clock_steps_query()}
"""As known now; the query service asks the same queries as of a time."""


def create_fixed_tables(clickhouse: ClickHouse) -> None:
    """Create what is missing. Raises ProjectionError where another version's tables are."""
    for name, (columns, order) in TABLES.items():
        fields = ", ".join(
            [*(f"`{column}` {kind}" for column, kind in columns.items()), *_INDEXES.get(name, ())]
        )
        partition = f"PARTITION BY {_PARTITION[name]}" if name in _PARTITION else ""
        clickhouse.command(
            f"CREATE TABLE IF NOT EXISTS {name} ({fields}) "
            f"ENGINE = ReplacingMergeTree({_VERSION.get(name, '')}) {partition} ORDER BY ({order})"
        )
    _check_columns(clickhouse)
    for name, query in _VIEWS.items():
        ensure_view(clickhouse, name, query)
    make_parameter_views(clickhouse)


def _check_columns(clickhouse: ClickHouse) -> None:
    rows = clickhouse.rows(
        "SELECT table, groupArray(name) AS names FROM (SELECT table, name FROM system.columns "
        "WHERE database = currentDatabase() ORDER BY table, position) GROUP BY table"
    )
    present = {row["table"]: row["names"] for row in rows}
    for name, (columns, _) in TABLES.items():
        if present[name] != list(columns):
            raise ProjectionError(
                "the table was made by another version of this program",
                where=f"table {name}",
                fix="run `flightledger rebuild`: the streams have everything",
            )


def drop_all_tables(clickhouse: ClickHouse) -> None:
    """Drop every table and view: all of them are derived and can be built again from the streams."""
    found = clickhouse.rows(
        "SELECT name, engine LIKE '%View' AS view FROM system.tables WHERE database = currentDatabase()"
    )
    for row in sorted(found, key=lambda row: not row["view"]):
        clickhouse.command(f"DROP {'VIEW' if row['view'] else 'TABLE'} IF EXISTS {quoted(row['name'])} SYNC")
