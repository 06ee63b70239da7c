"""The fixed tables and views; packet types have tables of their own (`projections/packet_tables.py`).

Every table is a ReplacingMergeTree whose sorting key is the identity of its rows (law 4): the same row
written twice is one row, in every query (`final = 1`). Every derived row names its frame and generation.
"""

from __future__ import annotations

from projections.clickhouse import ClickHouse, quoted

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
            "file": "String",
            "line": "UInt32",
            "alarms": "String",
        },
        "generation, packet, position",
    ),
}
_VERSION = {"offsets": "at"}
_PARTITION = dict.fromkeys(("frames", "packets", "quarantine", "columns"), "generation")
CLOCK_TOLERANCE_S = 1

_GAPS = """
CREATE VIEW IF NOT EXISTS gaps AS
SELECT generation, link, session, assumeNotNull(apid) AS apid,
       previous_count, toUInt16(count) AS sequence_count, toUInt16(missing) AS missing,
       previous_offset, frame_offset, previous_time, time, received, recorded
FROM (
    SELECT *, assumeNotNull(sequence_count) AS count,
           lagInFrame(toNullable(sequence_count)) OVER apid_order AS previous_count,
           lagInFrame(toNullable(frame_offset)) OVER apid_order AS previous_offset,
           lagInFrame(toNullable(time)) OVER apid_order AS previous_time,
           positiveModulo(toInt32(count) - previous_count - 1, 16384) AS missing
    FROM packets WHERE apid IS NOT NULL
    WINDOW apid_order AS (PARTITION BY generation, link, session, apid ORDER BY frame_offset, packet_index
                          ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
) WHERE missing BETWEEN 1 AND 8191
"""
"""Missing sequence counts (133.0-B-2, 4.1.3.4.3: modulo 16384). Half the range or more is a step back."""

_CLOCK_STEPS = f"""
CREATE VIEW IF NOT EXISTS clock_steps AS
SELECT generation, frame_offset, toInt32(packet_index) AS packet_index, 'time' AS stage,
       concat('the device clock jumped back by ',
              toString(dateDiff('millisecond', generated, previous) / 1000), ' s') AS reason,
       true AS decoded, link, session, received, recorded, toUInt32(0) AS size, '' AS bytes
FROM (
    SELECT *, lagInFrame(generated) OVER apid_order AS previous
    FROM packets WHERE generated IS NOT NULL
    WINDOW apid_order AS (PARTITION BY generation, link, session, apid ORDER BY frame_offset, packet_index
                          ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
) WHERE previous IS NOT NULL AND generated < previous - INTERVAL {CLOCK_TOLERANCE_S} SECOND
"""
"""A clock that jumps back, seen between neighbours of one APID: a query over rows needs no parser state."""


def create_fixed_tables(clickhouse: ClickHouse) -> None:
    """Create what is missing. Raises ProjectionError."""
    for name, (columns, order) in TABLES.items():
        fields = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
        partition = f"PARTITION BY {_PARTITION[name]}" if name in _PARTITION else ""
        clickhouse.command(
            f"CREATE TABLE IF NOT EXISTS {name} ({fields}) "
            f"ENGINE = ReplacingMergeTree({_VERSION.get(name, '')}) {partition} ORDER BY ({order})"
        )
    clickhouse.command(_GAPS)
    clickhouse.command(_CLOCK_STEPS)


def drop_all_tables(clickhouse: ClickHouse) -> None:
    """Drop every table and view: all of them are derived and can be built again from the streams."""
    found = clickhouse.rows(
        "SELECT name, engine LIKE '%View' AS view FROM system.tables WHERE database = currentDatabase()"
    )
    for row in sorted(found, key=lambda row: not row["view"]):
        clickhouse.command(f"DROP {'VIEW' if row['view'] else 'TABLE'} IF EXISTS {quoted(row['name'])} SYNC")
