"""Packets with all their parameters, raw and value, with their origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import pyarrow as pa

from infra.errors import QueryError
from projections.clickhouse import ClickHouse, quoted
from projections.queries.answer import Answer, Row, json_values
from projections.queries.catalog import ParameterColumns, read_catalog
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
_HEADS = ("packet", "generation", *ORIGIN)
_BATCH_VALUES = 200_000


def packets(clickhouse: ClickHouse, scope: Scope, *, packet: str | None = None) -> Iterator[Answer]:
    """Yield one answer per packet type, each in the order of time, `limit` packets in all.

    Raises QueryError for an unknown packet type.
    """
    left = scope.limit
    for parameters in packet_types(clickhouse, scope.generation, packet):
        counted = _Counted(select_packets(clickhouse, replace(scope, limit=left), parameters))
        yield replace(counted.answer, batches=counted)
        if left is not None:
            left = max(0, left - counted.rows)
            if not left:
                return


def packet_types(
    clickhouse: ClickHouse, generation: str, packet: str | None = None
) -> list[list[ParameterColumns]]:
    """Return the parameters of each packet type, or of one. Raises QueryError when there is no such type."""
    catalog = read_catalog(clickhouse, generation, packet=packet)
    if packet is not None and not catalog:
        known = sorted({parameter.packet for parameter in read_catalog(clickhouse, generation)})
        raise QueryError(
            f"there is no packet {packet!r}", fix=f"projected so far: {', '.join(known) or 'none'}"
        )
    return [list(mine) for _, mine in groupby(catalog, key=lambda parameter: parameter.packet)]


def select_packets(
    clickhouse: ClickHouse, scope: Scope, parameters: Sequence[ParameterColumns], condition: str = "true"
) -> Answer:
    """Return packets of one type, whose parameters these are, in the order of time."""
    columns = dict.fromkeys(name for one in parameters for name in (one.value, one.raw))
    fields = ", ".join(f"t.{quoted(name)} AS {quoted(name)}" for name in ("generation", *ORIGIN, *columns))
    query = (
        f"SELECT {{packet:String}} AS packet, {fields} FROM {quoted(parameters[0].table)} AS t "
        f"WHERE {scope.where()} AND {condition} ORDER BY time, frame_offset, packet_index {scope.limited}"
    )
    rows = max(1, _BATCH_VALUES // max(1, len(columns)))
    values = {**scope.parameters, "packet": parameters[0].packet}
    return Answer(
        clickhouse.stream(query, values, {"max_block_size": rows}),
        frozenset[str]().union(*(one.octets for one in parameters)),
        partial(_rows, parameters=parameters),
    )


class _Counted:
    """The batches of an answer, and how many rows they had."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self.answer.batches:
            self.rows += batch.num_rows
            yield batch


def _rows(batch: pa.RecordBatch, parameters: Sequence[ParameterColumns]) -> list[Row]:
    octets = frozenset[str]().union(*(one.octets for one in parameters))
    columns = {
        name: json_values(column, octets=name in octets)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    labels = [(one.label, columns[one.raw], columns[one.value]) for one in parameters]
    found: list[Row] = []
    for row in range(batch.num_rows):
        head: dict[str, Any] = {name: columns[name][row] for name in _HEADS}
        head["values"] = {
            label: {"raw": raw[row], "value": value[row]}
            for label, raw, value in labels
            if raw[row] is not None or value[row] is not None
        }
        found.append(head)
    return found
