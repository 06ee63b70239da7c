"""Telecommands and their events in ClickHouse; rows are identified by the event's offset in COMMANDS (law 4).

`telecommands` has a row for each event: the whole state behind it. The row with the newest offset is the
state now, the newest one recorded by T the state as of T.
"""

from __future__ import annotations

import pyarrow as pa

_TIME = "DateTime64(9, 'UTC')"
_MAYBE = f"Nullable({_TIME})"
_TEXT = "LowCardinality(String)"

TABLES: dict[str, tuple[dict[str, str], str]] = {
    "telecommand_events": (
        {
            "event_offset": "UInt64",
            "recorded": _TIME,
            "telecommand": "String",
            "event": _TEXT,
            "misfit": "String",
            "at": _MAYBE,
            "who": _TEXT,
            "authenticated": "Bool",
            "origin": _TEXT,
            "client": _TEXT,
            "why": "String",
            "frame_offset": "Nullable(UInt64)",
            "packet_index": "Nullable(UInt32)",
            "packet": _TEXT,
            "fields": "String",
        },
        "event_offset",
    ),
    "telecommands": (
        {
            "telecommand": "String",
            "event_offset": "UInt64",
            "recorded": _TIME,
            "name": _TEXT,
            "request": _TEXT,
            "state": _TEXT,
            "settled": "Bool",
            "issuer": _TEXT,
            "link": _TEXT,
            "significance": _TEXT,
            "arguments": "String",
            "approvals_needed": "UInt8",
            "approvers": "Array(String)",
            "release_at": _MAYBE,
            "expires": _MAYBE,
            "submitted": _MAYBE,
            "approved": _MAYBE,
            "released": _MAYBE,
            "claimed": _MAYBE,
            "sent": _MAYBE,
            "accepted": _MAYBE,
            "started": _MAYBE,
            "completed": _MAYBE,
            "ended": _MAYBE,
            "missing": "Array(String)",
            "failed_at": _TEXT,
            "reason": "String",
            "apid": "Nullable(UInt16)",
            "sequence_count": "Nullable(UInt16)",
            "packet": "String",
        },
        "telecommand, event_offset",
    ),
}
"""Columns and sorting key of each table; times of steps are those at which the log recorded them.

`arguments` and `fields` are JSON, `packet` is hex.
"""

_ARROW: dict[str, pa.DataType] = {
    _TIME: pa.timestamp("ns", tz="UTC"),
    _MAYBE: pa.timestamp("ns", tz="UTC"),
    _TEXT: pa.string(),
    "String": pa.string(),
    "Bool": pa.bool_(),
    "UInt8": pa.uint8(),
    "UInt64": pa.uint64(),
    "Nullable(UInt64)": pa.uint64(),
    "Nullable(UInt32)": pa.uint32(),
    "Nullable(UInt16)": pa.uint16(),
    "Array(String)": pa.list_(pa.string()),
}


def arrow_schema(table: str) -> pa.Schema:
    """Return the schema in which rows of a table are inserted; times are ns UTC."""
    columns, _ = TABLES[table]
    return pa.schema([pa.field(name, _ARROW[kind]) for name, kind in columns.items()])
