"""An answer: flat columns as Arrow batches, and the same rows as people and JSON read them.

In JSON times are ISO 8601 with nine decimals, bytes hexadecimal, and NaN, Infinity, -Infinity texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from streams.telemetry import float_name

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Rows of one question: Arrow batches of one schema; `to_rows` turns a batch into JSON's rows."""

    batches: Iterable[pa.RecordBatch]
    to_rows: Callable[[pa.RecordBatch], list[Row]]

    def rows(self) -> Iterator[Row]:
        """Yield the rows as dictionaries fit for JSON."""
        for batch in self.batches:
            yield from self.to_rows(batch)


def flat_rows(texts: frozenset[str]) -> Callable[[pa.RecordBatch], list[Row]]:
    """Return a `to_rows` that keeps columns as they are; binary columns in `texts` are UTF-8 text."""

    def to_rows(batch: pa.RecordBatch) -> list[Row]:
        columns = [
            json_values(column, text=name in texts)
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        names = batch.schema.names
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    return to_rows


def json_values(column: pa.Array, *, text: bool = True) -> list[Any]:
    """Return a column's values as JSON has them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind):
        unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[kind.unit]
        counts = column.cast(pa.timestamp(kind.unit)).cast(pa.int64()).to_pylist()
        return [None if count is None else iso_time(count * unit) for count in counts]
    values = column.to_pylist()
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return [None if value is None else _octets(value, text) for value in values]
    if pa.types.is_floating(kind):
        numbers = column.to_numpy(zero_copy_only=False)
        if not np.isfinite(numbers.astype(np.float64)).all():
            return [None if value is None else float_name(value) for value in values]
        if kind == pa.float32():  # the shortest decimal of the 32-bit number, not of its 64-bit image
            return [None if value is None else float(value) for value in values]
    return [_nested(value) for value in values] if pa.types.is_nested(kind) else values


def _octets(value: bytes, text: bool) -> str:
    return value.decode("utf-8", "backslashreplace") if text else value.hex()


def _nested(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    if isinstance(value, dict):
        return {key: _nested(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        return float_name(value)
    return str(value) if isinstance(value, datetime) else value


def iso_time(ns: int) -> str:
    """Return ISO 8601, UTC, with nine decimals.

    >>> iso_time(1_000_000_005)
    '1970-01-01T00:00:01.000000005Z'
    """
    seconds, rest = divmod(ns, 10**9)
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
