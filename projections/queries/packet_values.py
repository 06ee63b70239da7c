"""All values of single packets, of many types in few queries.

A query over forty tables with two thousand columns costs ClickHouse far more for its columns than for its
rows: it resolves, plans and opens each of them, about 0.2 ms of CPU time. So each packet comes as one column,
the JSON array of its values, and Python gives the values the types that they have in the tables.

Known limit: the price of a column stays (docs/benchmarks.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from projections.clickhouse import LONG_QUERY, ClickHouse, quoted
from projections.queries.catalog import ParameterColumns
from projections.queries.newest import Place
from streams.telemetry import float_name

_AT_ONCE = 2
"""Queries that run side by side: most of their time is the database's analysis, on one core each."""

_EXACT = {
    **LONG_QUERY,
    "final": 0,
    "output_format_json_quote_denormals": 1,
    "output_format_json_quote_64bit_integers": 0,
    "date_time_output_format": "simple",
}
_BINARY, _TIME = str(pa.binary()), str(pa.timestamp("ns", tz="UTC"))


class Wanted(NamedTuple):
    """One packet's place, and those of its parameters that are wanted."""

    place: Place
    parameters: Sequence[ParameterColumns]


Values = Mapping[str, Any]
"""A packet's values, as JSON has them, by column."""


def read_packets(clickhouse: ClickHouse, generation: str, wanted: Sequence[Wanted]) -> Iterator[Values]:
    """Yield the packets' values in the order of `wanted`, each of which is of one packet type.

    A packet whose generation is being dropped has none.
    """
    size = -(-len(wanted) // _AT_ONCE) or 1
    groups = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    if not groups:
        return
    with ThreadPoolExecutor(len(groups)) as pool:
        for found in pool.map(lambda group: _read(clickhouse, generation, group), groups):
            yield from found


def _read(clickhouse: ClickHouse, generation: str, wanted: Sequence[Wanted]) -> list[Values]:
    columns = [_columns_of(one.parameters) for one in wanted]
    query = " UNION ALL ".join(
        _select(number, one, kinds) for number, (one, kinds) in enumerate(zip(wanted, columns, strict=True))
    )
    rows = clickhouse.rows(query, {"generation": generation}, _EXACT)
    packed = {row["number"]: json.loads(row["packed"], parse_int=_integer) for row in rows}
    return [
        {
            name: typed(kind, value)
            for (name, kind), value in zip(
                kinds.items(), packed.get(number, [None] * len(kinds)), strict=True
            )
        }
        for number, kinds in enumerate(columns)
    ]


def _columns_of(parameters: Iterable[ParameterColumns]) -> dict[str, str]:
    """Return the columns and their types."""
    return {name: kind for one in parameters for name, kind in one.columns.items()}


def _select(number: int, wanted: Wanted, columns: Mapping[str, str]) -> str:
    """A row that is there twice is taken once."""
    origin, at = wanted.place
    packed = ", ".join(_packed(name, kind) for name, kind in columns.items())
    return (
        f"(SELECT {number} AS number, toJSONString(tuple({packed})) AS packed "
        f"FROM {quoted(wanted.parameters[0].table)} AS t WHERE t.generation = {{generation:String}} "
        f"AND t.time = fromUnixTimestamp64Nano({at}, 'UTC') AND t.frame_offset = {origin['frame_offset']} "
        f"AND t.packet_index = {origin['packet_index']} LIMIT 1)"
    )


def _packed(name: str, kind: str) -> str:
    column = f"t.{quoted(name)}"
    return f"lower(hex({column}))" if kind == _BINARY else column


def _integer(text: str) -> int | float:
    """The database writes a float without decimals as an integer, and minus zero is one of them."""
    return -0.0 if text == "-0" else int(text)


def typed(kind: str, value: Any) -> Any:
    """Return a value of the database's JSON, or its text, as answers have it; `kind` is its Arrow type.

    >>> typed("double", "-inf"), typed("double", 3), typed("float", 0.1), typed("uint64", "5")
    ('-Infinity', 3.0, 0.10000000149011612, 5)
    """
    return None if value is None else _TYPED.get(kind, _as_it_is)(value)


def _as_it_is(value: Any) -> Any:
    return value


def _single(value: Any) -> float | str:
    return float_name(float(np.float32(value)))


def _double(value: Any) -> float | str:
    return float_name(float(value))


def _bool(value: Any) -> bool:
    return value is True or value == "true"


def _time(value: Any) -> str:
    return str(value).replace(" ", "T").removesuffix("Z") + "Z"


_TYPED: dict[str, Callable[[Any], Any]] = {
    "float": _single,
    "double": _double,
    "bool": _bool,
    _TIME: _time,
    **dict.fromkeys((f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), int),
}
