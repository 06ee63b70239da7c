"""What differs between two generations, by packet and parameter; computed in the database.

Packets are the same packet when they begin in the same frame at the same place. Values are compared as
they are stored; not-a-number equals not-a-number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from projections.clickhouse import ClickHouse, quoted
from projections.queries.answer import Row, iso_time
from projections.queries.catalog import ParameterColumns, read_catalog
from projections.queries.scope import scope_of

_NUMBERS = ("int", "uint", "float", "double", "halffloat")
_IDENTITY = "frame_offset, packet_index"


@dataclass(frozen=True)
class _Pair:
    """A parameter in both generations."""

    a: ParameterColumns
    b: ParameterColumns


def diff_generations(clickhouse: ClickHouse, a: str, b: str) -> list[Row]:
    """Return what differs: a row for packets that only one has, and one for each parameter that differs.

    `kind` is "packets" (with `only_a`, `only_b`, offset and time of the first), "parameters" (one has a
    parameter that the other has not) or "values" (with `differ`, `of`, `largest` absolute difference,
    `first_offset`, `first_time` and both values there). Nothing for two
    generations of equal content. Raises QueryError for an unknown generation.
    """
    for name in (a, b):
        scope_of(clickhouse, {"generation": name})
    if a == b:
        return []
    catalogs = [_by_packet(read_catalog(clickhouse, name)) for name in (a, b)]
    rows: list[Row] = _missing_packets(clickhouse, a, b)
    for packet in sorted(set(catalogs[0]) | set(catalogs[1])):
        mine, theirs = catalogs[0].get(packet, {}), catalogs[1].get(packet, {})
        if mine and theirs:
            rows += [_lone(packet, label, "a") for label in mine if label not in theirs]
            rows += [_lone(packet, label, "b") for label in theirs if label not in mine]
            pairs = [_Pair(mine[label], theirs[label]) for label in mine if label in theirs]
            rows += _values(clickhouse, a, b, packet, pairs)
    return rows


def _by_packet(catalog: list[ParameterColumns]) -> dict[str, dict[str, ParameterColumns]]:
    found: dict[str, dict[str, ParameterColumns]] = {}
    for one in catalog:
        found.setdefault(one.packet, {})[one.label] = one
    return found


def _lone(packet: str, label: str, side: str) -> Row:
    return {"kind": "parameters", "packet": packet, "parameter": label, "only_in": side}


def _missing_packets(clickhouse: ClickHouse, a: str, b: str) -> list[Row]:
    found = clickhouse.rows(
        f"SELECT packet, countIf(sides = 1) AS only_a, countIf(sides = 2) AS only_b, "
        "min(frame_offset) AS first_offset, toUnixTimestamp64Nano(min(time)) AS first_time FROM ("
        f"SELECT packet, {_IDENTITY}, min(time) AS time, sum(if(generation = {{a:String}}, 1, 2)) AS sides "
        f"FROM packets WHERE generation IN ({{a:String}}, {{b:String}}) GROUP BY packet, {_IDENTITY}"
        ") WHERE sides != 3 GROUP BY packet ORDER BY packet",
        {"a": a, "b": b},
    )
    return [{"kind": "packets", **row, "first_time": iso_time(row["first_time"])} for row in found]


def _values(clickhouse: ClickHouse, a: str, b: str, packet: str, pairs: list[_Pair]) -> list[Row]:
    """Compare all parameters of one packet in one pass over both generations."""
    if not pairs:
        return []
    left = ", ".join(f"{quoted(pair.a.value)} AS a{number}" for number, pair in enumerate(pairs))
    right = ", ".join(f"{quoted(pair.b.value)} AS b{number}" for number, pair in enumerate(pairs))
    query = (
        f"SELECT count() AS of, {', '.join(_compared(number, pair) for number, pair in enumerate(pairs))} "
        f"FROM (SELECT {_IDENTITY}, time, {left} FROM {quoted(pairs[0].a.table)} "
        f"WHERE generation = {{a:String}}) AS l "
        f"INNER JOIN (SELECT {_IDENTITY}, {right} FROM {quoted(pairs[0].b.table)} "
        f"WHERE generation = {{b:String}}) AS r USING ({_IDENTITY})"
    )
    row = clickhouse.rows(query, {"a": a, "b": b})[0]
    return [
        _difference(packet, pair, row, number) for number, pair in enumerate(pairs) if row[f"differ{number}"]
    ]


def _compared(number: int, pair: _Pair) -> str:
    """The aggregates of one parameter; as text where the types differ, because 1 and "1" are not the same."""
    one, other = f"a{number}", f"b{number}"
    if pair.a.value_type != pair.b.value_type:
        one, other = f"toString({one})", f"toString({other})"
    unequal = f"NOT isNotDistinctFrom({one}, {other})"
    if pair.a.value_type in ("float", "double") and pair.a.value_type == pair.b.value_type:
        unequal = f"({unequal} AND NOT (isNaN(assumeNotNull({one})) AND isNaN(assumeNotNull({other}))))"
    largest = "NULL"
    if pair.a.value_type.startswith(_NUMBERS) and pair.b.value_type.startswith(_NUMBERS):
        largest = f"maxIf(abs(toFloat64(b{number}) - toFloat64(a{number})), {unequal})"
    first = (
        f"argMinIf(tuple(frame_offset, time, toString(a{number}), toString(b{number})), {_PLACE}, {unequal})"
    )
    return f"countIf({unequal}) AS differ{number}, {largest} AS largest{number}, {first} AS first{number}"


_PLACE = "(time, frame_offset, packet_index)"


def _difference(packet: str, pair: _Pair, row: dict[str, Any], number: int) -> Row:
    offset, time, value_a, value_b = row[f"first{number}"].values()
    return {
        "kind": "values",
        "packet": packet,
        "parameter": pair.a.label,
        "differ": row[f"differ{number}"],
        "of": row["of"],
        "largest": row[f"largest{number}"],
        "first_offset": offset,
        "first_time": str(time),
        "a": value_a,
        "b": value_b,
    }
