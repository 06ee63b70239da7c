"""Samples of parameters: the latest of each, and the history of some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from projections.clickhouse import ClickHouse, quoted
from projections.queries.alarms import alarm_level
from projections.queries.answer import Answer, Row, flat_rows, json_values
from projections.queries.catalog import BINARY, ParameterColumns, find_parameter, read_catalog
from projections.queries.packets import ORIGIN
from projections.queries.scope import Scope

_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool")


def latest(
    clickhouse: ClickHouse, scope: Scope, *, packet: str | None = None, parameters: Sequence[str] = ()
) -> list[Row]:
    """Return each parameter's newest sample: that of the packet recorded last (the highest offset)."""
    catalog = (
        [found for name in parameters for found in find_parameter(clickhouse, scope.generation, name)]
        if parameters
        else read_catalog(clickhouse, scope.generation, packet=packet)
    )
    newest = _newest_packets(clickhouse, scope)
    rows: list[Row] = []
    for name in dict.fromkeys(one.packet for one in catalog):
        if name in newest:
            mine = [one for one in catalog if one.packet == name]
            rows.extend(_samples_of(clickhouse, scope, mine, newest[name]))
    return rows


def _newest_packets(clickhouse: ClickHouse, scope: Scope) -> dict[str, dict[str, Any]]:
    query = (
        "SELECT packet, max((frame_offset, packet_index, toUnixTimestamp64Nano(time))) AS newest "
        f"FROM packets WHERE {scope.where()} GROUP BY packet"
    )
    found = {}
    for row in clickhouse.rows(query, scope.parameters):
        offset, index, time = row["newest"].values()
        found[row["packet"]] = {"offset": offset, "index": index, "at": time}
    return found


def _samples_of(
    clickhouse: ClickHouse, scope: Scope, parameters: list[ParameterColumns], newest: Mapping[str, Any]
) -> list[Row]:
    columns = dict.fromkeys(name for one in parameters for name in (one.value, one.raw))
    fields = ", ".join(["generation", *ORIGIN, *map(quoted, columns)])
    table = clickhouse.select(
        f"SELECT {fields} FROM {quoted(parameters[0].table)} WHERE generation = {{generation:String}} "
        "AND time = fromUnixTimestamp64Nano({at:Int64}, 'UTC') AND frame_offset = {offset:UInt64} "
        "AND packet_index = {index:UInt32} LIMIT 1",
        {"generation": scope.generation, **newest},
    )
    if not table.num_rows:
        return []
    values = {
        name: json_values(table.column(name).combine_chunks(), text=not _is_binary(name, parameters))[0]
        for name in table.schema.names
    }
    return [
        {
            "parameter": one.label,
            "packet": one.packet,
            "value": values[one.value],
            "raw": values[one.raw],
            "unit": one.unit,
            "alarm": alarm_level(one.alarms, values[one.value]),
            **{name: values[name] for name in ("generation", *ORIGIN)},
        }
        for one in parameters
    ]


def _is_binary(column: str, parameters: Sequence[ParameterColumns]) -> bool:
    return any(
        (one.value == column and one.value_type == BINARY) or (one.raw == column and one.raw_type == BINARY)
        for one in parameters
    )


def history(
    clickhouse: ClickHouse, scope: Scope, names: Sequence[str], *, points: int | None = None
) -> Iterator[Answer]:
    """Yield one answer per parameter and packet: samples in the order of time, or `points` buckets.

    A bucket has count, min, max, mean and last, made in the database. Parameters that are not numbers
    keep their samples as they are. Raises QueryError for an unknown parameter.
    """
    for name in names:
        for one in find_parameter(clickhouse, scope.generation, name):
            if points and one.value_type.startswith(_NUMBERS):
                yield _buckets(clickhouse, scope, one, points)
            else:
                yield _samples(clickhouse, scope, one)


def _samples(clickhouse: ClickHouse, scope: Scope, one: ParameterColumns) -> Answer:
    limit = f"LIMIT {scope.limit}" if scope.limit is not None else ""
    query = (
        "SELECT {label:String} AS parameter, {packet:String} AS packet, generation, time, generated, "
        f"received, recorded, {quoted(one.raw)} AS raw, {quoted(one.value)} AS value, "
        f"frame_offset, packet_index, link, session FROM {quoted(one.table)} "
        f"WHERE {scope.where()} ORDER BY time, frame_offset, packet_index {limit}"
    )
    values = {**scope.parameters, "label": one.label, "packet": one.packet}
    texts = {"parameter", "packet", "generation", "link", "session"}
    if one.value_type != BINARY:
        texts.add("value")
    if one.raw_type != BINARY:
        texts.add("raw")
    return Answer(clickhouse.stream(query, values), flat_rows(frozenset(texts)))


def _buckets(clickhouse: ClickHouse, scope: Scope, one: ParameterColumns, points: int) -> Answer:
    table, value = quoted(one.table), quoted(one.value)
    condition = f"{scope.where()} AND {value} IS NOT NULL"
    query = (
        f"WITH (SELECT (toUnixTimestamp64Nano(min(time)), toUnixTimestamp64Nano(max(time))) FROM {table} "
        f"WHERE {condition}) AS ends, greatest(1, intDiv(ends.2 - ends.1, {{points:Int64}}) + 1) AS width "
        "SELECT {label:String} AS parameter, {packet:String} AS packet, "
        "fromUnixTimestamp64Nano(ends.1 + intDiv(toUnixTimestamp64Nano(time) - ends.1, width) * width, "
        f"'UTC') AS bucket, count() AS count, min({value}) AS min, max({value}) AS max, "
        f"avg({value}) AS mean, argMax({value}, (time, frame_offset)) AS last, max(time) AS last_time, "
        "argMax(frame_offset, (time, frame_offset)) AS last_frame_offset "
        f"FROM {table} WHERE {condition} GROUP BY bucket ORDER BY bucket"
    )
    values = {**scope.parameters, "label": one.label, "packet": one.packet, "points": points}
    return Answer(clickhouse.stream(query, values), flat_rows(frozenset({"parameter", "packet"})))
