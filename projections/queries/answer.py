"""An answer: flat columns as Arrow batches, and the same rows as people and JSON read them.

In JSON times are ISO 8601 with nine decimals, bytes hexadecimal, and NaN, Infinity, -Infinity texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from streams.telemetry import float_name

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Rows of one question: batches of one schema, at least one, as ClickHouse gives them.

    ClickHouse has one type for text and bytes: columns named in `octets` are bytes, other binary ones text.
    `to_rows` turns a batch into JSON's rows, by default an object with its columns.
    """

    batches: Iterable[pa.RecordBatch]
    octets: frozenset[str] = frozenset()
    to_rows: Callable[[pa.RecordBatch], list[Row]] | None = None

    def rows(self) -> Iterator[Row]:
        """Yield the rows as dictionaries fit for JSON."""
        for batch in self.batches:
            yield from self.to_rows(batch) if self.to_rows else flat_rows(batch, self.octets)

    def typed(self) -> Iterator[pa.RecordBatch]:
        """Yield batches in which text has the type of text: what Arrow, Parquet and pandas users expect."""
        for batch in self.batches:
            columns = [
                column if name in self.octets else _as_text(column)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ]
            fields = [
                field.with_type(column.type) for field, column in zip(batch.schema, columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def flat_rows(batch: pa.RecordBatch, octets: frozenset[str] = frozenset()) -> list[Row]:
    """Return one object per row with its columns."""
    names = batch.schema.names
    columns = [
        json_values(column, octets=name in octets) for name, column in zip(names, batch.columns, strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def json_values(column: pa.Array, *, octets: bool = False) -> list[Any]:
    """Return a column's values as JSON has them; a binary column is text unless it holds `octets`."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return json_values(column.dictionary_decode(), octets=octets)
    if pa.types.is_timestamp(kind):
        return _iso_times(column, kind.unit)
    if pa.types.is_list(kind) and not column.null_count:
        return _lists(column)
    if pa.types.is_floating(kind):
        return _floats(column)
    values: list[Any] = column.to_pylist()
    if pa.types.is_binary(kind):
        return [None if value is None else value.hex() if octets else _text(value) for value in values]
    plain = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind)
    return values if plain else [_nested(value) for value in values]


def _floats(column: pa.Array) -> list[float | str | None]:
    values: list[Any] = column.to_pylist()
    if np.isfinite(column.drop_null().to_numpy(zero_copy_only=False)).all():
        return values
    return [None if value is None else float_name(value) for value in values]


def _lists(column: pa.ListArray) -> list[list[Any]]:
    items, ends = json_values(column.flatten()), np.cumsum(column.value_lengths())
    return [items[start:end] for start, end in pairwise([0, *ends.tolist()])]


def _as_text(column: pa.Array) -> pa.Array:
    if not pa.types.is_binary(column.type):
        return column
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        values = column.to_pylist()
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _nested(value: Any) -> Any:
    """Return what `query sql` may give as JSON has it: arrays, maps, tuples, decimals, dates."""
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    if isinstance(value, dict):
        return {str(_nested(key)): _nested(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, float):
        return float_name(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def plain(value: Any) -> Any:
    """Return a parameter's value as JSON has it; its bytes are bytes, never text."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return float_name(value) if isinstance(value, float) else value


def _iso_times(column: pa.Array, unit: Literal["s", "ms", "us", "ns"]) -> list[str | None]:
    """Return what `iso_time` does of each, all at once; a coarser unit has zeros behind its decimals."""
    digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    zeros = ("" if digits else ".") + "0" * (9 - digits) + "Z"
    times = column.cast(pa.timestamp(unit)).to_numpy(zero_copy_only=False)
    texts = np.datetime_as_string(times, unit=unit).tolist()
    return [None if text == "NaT" else text + zeros for text in texts]


def iso_time(ns: int) -> str:
    """Return ISO 8601, UTC, with nine decimals.

    >>> iso_time(1_000_000_005)
    '1970-01-01T00:00:01.000000005Z'
    """
    seconds, rest = divmod(ns, 10**9)
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
