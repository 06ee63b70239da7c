"""Messages of TELEMETRY: rows of one table as columnar JSON, exact in both directions.

`{"table": "NAV", "rows": 2, "columns": {"frame_offset": [7, 8], "link": "radio", "ALT": [1.5, "NaN"], …}}`

A column is a list with one value per row, or one bare value where all rows have the same. Live traffic has
one packet in a message, a replay thousands. Times are integers (ns UTC), bytes are Base64, and the floats
that JSON has no word for are the texts NaN, Infinity and -Infinity.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import StreamError

MAX_MESSAGE_BYTES = 4 * 1024**2
MAX_ROWS = 1_000_000
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def pack(table: str, rows: pa.RecordBatch) -> Iterator[bytes]:
    """Yield the rows as messages of at most about `MAX_MESSAGE_BYTES`; nothing for no rows."""
    return (data for _, data in pack_within(table, rows, MAX_MESSAGE_BYTES))


def pack_within(table: str, rows: pa.RecordBatch, limit: int) -> Iterator[tuple[pa.RecordBatch, bytes]]:
    """Yield messages of at most `limit` bytes, each with its rows; one that is larger has a single row."""
    if rows.num_rows == 0:
        return
    columns = {field.name: _to_json(column) for field, column in zip(rows.schema, rows.columns, strict=True)}
    data = orjson.dumps({"table": table, "rows": rows.num_rows, "columns": columns}, option=_OPTIONS)
    if len(data) <= limit or rows.num_rows == 1:
        yield rows, data
        return
    half = rows.num_rows // 2
    yield from pack_within(table, rows.slice(0, half), limit)
    yield from pack_within(table, rows.slice(half), limit)


def table_of(data: bytes) -> tuple[str, dict[str, Any], int]:
    """Return a message's table, its columns as JSON gives them, and the number of rows.

    Raises StreamError when the message is not one of TELEMETRY's.
    """
    try:
        message = orjson.loads(data)
        table, columns, rows = message["table"], message["columns"], message["rows"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError) as error:
        raise StreamError(f"not a telemetry message: {error!r}", where="TELEMETRY") from error
    if not (isinstance(table, str) and isinstance(columns, dict) and type(rows) is int):
        raise StreamError("not a telemetry message: not a table, columns and rows", where="TELEMETRY")
    if not 0 <= rows <= MAX_ROWS:
        raise StreamError(f"not a telemetry message: it says that it has {rows} rows", where="TELEMETRY")
    return table, columns, rows


def unpack(columns: dict[str, Any], rows: int, schema: pa.Schema) -> pa.RecordBatch:
    """The inverse of `pack` for one message: rows in `schema`. Raises StreamError where it does not fit."""
    try:
        arrays = [_from_json(columns[field.name], rows, field.type) for field in schema]
        if unfit := [f.name for f, a in zip(schema, arrays, strict=True) if a.null_count and not f.nullable]:
            raise ValueError(f"{', '.join(unfit)} has no value")
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    except (KeyError, pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise StreamError(
            f"a telemetry message does not fit its generation's columns: {error}",
            where="TELEMETRY",
            fix="restart the parser from the frame offset in the message",
        ) from error


def _to_json(column: pa.Array) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        codes = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False)
        if len(codes) and (codes == codes[0]).all():
            return column[0].as_py()
        return column.to_pylist()
    if pa.types.is_timestamp(kind):
        column = column.view(pa.int64())
    elif pa.types.is_binary(kind):
        return [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
    if column.null_count or pa.types.is_string(column.type):
        return _one_for_all(_named_floats(column.to_pylist()))
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return _named_floats(values.tolist())
    return np.ascontiguousarray(values)


def _one_for_all(values: list[Any]) -> Any:
    first = values[0]
    return first if not isinstance(first, list) and values.count(first) == len(values) else values


def _named_floats(values: list[Any]) -> list[Any]:
    return [float_name(value) if isinstance(value, float) else value for value in values]


def float_name(value: float) -> float | str:
    """Return the float itself, or its name where JSON has no number for it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _from_json(values: Any, rows: int, kind: pa.DataType) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    if pa.types.is_dictionary(kind):
        return _encoded_texts(values, rows)
    if not isinstance(values, list):
        values = [values] * rows
    if len(values) != rows:
        raise ValueError(f"{len(values)} values for {rows} rows")
    if pa.types.is_binary(kind):
        return pa.array([None if value is None else base64.b64decode(value) for value in values], type=kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values, type=pa.int64()).view(kind)
    if pa.types.is_floating(kind):
        return _floats(values, kind)
    return pa.array(values, type=kind)


def _encoded_texts(values: Any, rows: int) -> pa.Array:
    if isinstance(values, list):
        return pa.array(values, type=pa.string()).dictionary_encode()
    codes = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array([values], type=pa.string()))


def _floats(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=kind)
    except (pa.ArrowException, TypeError):
        exact = [float(value) if isinstance(value, str) else value for value in values]
        return pc.cast(pa.array(exact, type=pa.float64()), kind, safe=False)
