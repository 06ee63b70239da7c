"""The history of parameters: all samples, or about as many points as a plot has, chosen in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.errors import QueryError
from projections.clickhouse import ClickHouse, quoted
from projections.queries.answer import Answer
from projections.queries.buckets import Samples, buckets
from projections.queries.catalog import ParameterColumns, find_parameter
from projections.queries.scope import Scope

METHODS = ("buckets", "lttb")
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool")
_FLOATS = ("float", "double", "halffloat")


def history(
    clickhouse: ClickHouse,
    scope: Scope,
    names: Sequence[str],
    *,
    points: int | None = None,
    method: str = "buckets",
) -> Iterator[Answer]:
    """Yield one answer per parameter and packet, in the order of time.

    Without `points`: samples, at most `limit` of each. With: `points` buckets of equal time with count, min,
    max, mean and last value of the sessions that it names; or, with the method `lttb`, those samples that
    keep the shape of the curve. Parameters that are not numbers have samples in any case. Raises QueryError
    for an unknown parameter.
    """
    catalog = [one for name in names for one in find_parameter(clickhouse, scope.generation, name)]
    for one in dict.fromkeys((one.packet, one.label) for one in catalog):
        found = next(each for each in catalog if (each.packet, each.label) == one)
        yield _history(clickhouse, scope, found, points, method)


def _history(
    clickhouse: ClickHouse, scope: Scope, one: ParameterColumns, points: int | None, method: str
) -> Answer:
    if not points or not one.value_type.startswith(_NUMBERS):
        return _samples(clickhouse, scope, one)
    if method == "buckets":
        return _buckets(clickhouse, scope, one, points)
    if method == "lttb":
        return _lttb(clickhouse, scope, one, points)
    raise QueryError(f"there is no method {method!r}", where="method", fix=f"known are: {', '.join(METHODS)}")


def _source(scope: Scope, one: ParameterColumns, present: str) -> tuple[str, dict[str, object]]:
    """Return FROM and WHERE, and their parameters; the table is `t`, so that no alias hides a parameter."""
    values = {**scope.parameters, "label": one.label, "packet": one.packet}
    return f"FROM {quoted(one.table)} AS t WHERE {scope.where()} AND {present}", values


def _samples(clickhouse: ClickHouse, scope: Scope, one: ParameterColumns) -> Answer:
    raw, value = f"t.{quoted(one.raw)}", f"t.{quoted(one.value)}"
    source, values = _source(scope, one, f"({raw} IS NOT NULL OR {value} IS NOT NULL)")
    query = (
        "SELECT {label:String} AS parameter, {packet:String} AS packet, generation, time, generated, "
        f"received, recorded, {raw} AS raw, {value} AS value, frame_offset, packet_index, link, session "
        f"{source} ORDER BY time, frame_offset, packet_index {scope.limited}"
    )
    octets = {"raw"} if one.raw in one.octets else set()
    octets |= {"value"} if one.value in one.octets else set()
    return Answer(clickhouse.stream(query, values), frozenset(octets))


def _buckets(clickhouse: ClickHouse, scope: Scope, one: ParameterColumns, points: int) -> Answer:
    value, _ = _finite(one)
    source, bound = _source(scope, one, f"{value} IS NOT NULL")
    is_float = one.value_type.startswith(_FLOATS)
    return buckets(clickhouse, scope, Samples(one.label, one.packet, value, is_float, source, bound), points)


def _lttb(clickhouse: ClickHouse, scope: Scope, one: ParameterColumns, points: int) -> Answer:
    """Largest triangle three buckets (Steinarsson 2013); values that are not finite have no triangle.

    The function computes in Float64: times go in as nanoseconds since the first one, exact for 104 days.
    """
    value, finite = _finite(one)
    source, values = _source(scope, one, f"{value} IS NOT NULL AND {finite}")
    since = "toUnixTimestamp64Nano(time) - first_ns"
    query = (
        f"WITH (SELECT toUnixTimestamp64Nano(min(time)) {source}) AS first_ns "
        "SELECT {label:String} AS parameter, {packet:String} AS packet, "
        "fromUnixTimestamp64Nano(first_ns + toInt64(point.1), 'UTC') AS time, point.2 AS value FROM "
        f"(SELECT arrayJoin(largestTriangleThreeBuckets({points})({since}, {value})) AS point {source}) "
        f"ORDER BY time {scope.limited}"
    )
    return Answer(clickhouse.stream(query, values))


def _finite(one: ParameterColumns) -> tuple[str, str]:
    """Return the value's column and the condition that it is a finite number."""
    value = f"t.{quoted(one.value)}"
    if one.value_type == "bool":
        return f"toUInt8({value})", "true"
    return value, f"isFinite({value})" if one.value_type.startswith(_FLOATS) else "true"
