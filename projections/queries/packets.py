"""Packets with all their parameters, raw and value, with their origin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from infra.errors import QueryError
from projections.clickhouse import ClickHouse, quoted
from projections.queries.answer import Answer, Row, json_values
from projections.queries.catalog import BINARY, ParameterColumns, read_catalog
from projections.queries.scope import Scope

ORIGIN = (
    "frame_offset",
    "packet_index",
    "link",
    "session",
    "time",
    "generated",
    "received",
    "recorded",
    "apid",
    "sequence_count",
)
_BATCH_VALUES = 200_000


def packets(
    clickhouse: ClickHouse, scope: Scope, *, packet: str | None = None, frame_offset: int | None = None
) -> Iterator[Answer]:
    """Yield one answer per packet type, each in the order of time; `frame_offset` asks for one frame's.

    Raises QueryError for an unknown packet type.
    """
    catalog = read_catalog(clickhouse, scope.generation, packet=packet)
    if packet is not None and not catalog:
        known = sorted({parameter.packet for parameter in read_catalog(clickhouse, scope.generation)})
        raise QueryError(
            f"there is no packet {packet!r}", fix=f"projected so far: {', '.join(known) or 'none'}"
        )
    left = scope.limit
    for name in dict.fromkeys(parameter.packet for parameter in catalog):
        mine = [parameter for parameter in catalog if parameter.packet == name]
        counted = _Counted(left)
        yield Answer(
            counted.count(_select(clickhouse, scope, mine, frame_offset, left)),
            lambda batch, mine=mine: _rows(batch, mine),  # type: ignore[misc]
        )
        left = counted.left
        if left == 0:
            return


class _Counted:
    """Counts rows against a limit that several answers share."""

    def __init__(self, left: int | None) -> None:
        self.left = left

    def count(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch
            if self.left is not None:
                self.left -= batch.num_rows


def _select(
    clickhouse: ClickHouse,
    scope: Scope,
    parameters: list[ParameterColumns],
    frame_offset: int | None,
    limit: int | None,
) -> Iterator[pa.RecordBatch]:
    columns = dict.fromkeys(name for one in parameters for name in (one.value, one.raw))
    fields = ", ".join(["generation", *ORIGIN, *map(quoted, columns)])
    condition = scope.where() + (
        " AND frame_offset = {frame_offset:UInt64}" if frame_offset is not None else ""
    )
    query = (
        f"SELECT '{{packet}}' AS packet, {fields} FROM {quoted(parameters[0].table)} WHERE {condition} "
        f"ORDER BY time, frame_offset, packet_index {f'LIMIT {limit}' if limit is not None else ''}"
    ).replace("'{packet}'", "{packet:String}")
    values = {**scope.parameters, "packet": parameters[0].packet}
    if frame_offset is not None:
        values["frame_offset"] = frame_offset
    rows = max(1, _BATCH_VALUES // max(1, len(columns)))
    return clickhouse.stream(query, values, {"max_block_size": rows})


def _rows(batch: pa.RecordBatch, parameters: list[ParameterColumns]) -> list[Row]:
    binary = {one.value for one in parameters if one.value_type == BINARY}
    binary |= {one.raw for one in parameters if one.raw_type == BINARY}
    columns = {
        name: json_values(column, text=name not in binary)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    heads = ["packet", "generation", *ORIGIN]
    labels = [(one.label, columns[one.raw], columns[one.value]) for one in parameters]
    found: list[Row] = []
    for row in range(batch.num_rows):
        head: dict[str, Any] = {name: columns[name][row] for name in heads}
        head["values"] = {
            label: {"raw": raw[row], "value": value[row]}
            for label, raw, value in labels
            if raw[row] is not None or value[row] is not None
        }
        found.append(head)
    return found
