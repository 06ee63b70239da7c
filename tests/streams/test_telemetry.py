import base64
import contextlib
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import StreamError
from streams.parsed_rows import FRAME_SCHEMA, ORIGIN_SCHEMA, QUARANTINE_SCHEMA
from streams.telemetry import MAX_MESSAGE_BYTES, pack, pack_within, table_of, unpack

ANY_TEXT = st.text(max_size=20) | st.sampled_from(["NaN", "Infinity", "", "null", "größe", "\0", "a" * 300])


def integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high) | st.sampled_from([low, high, 0])


TYPES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): integers(8, True),
    pa.int16(): integers(16, True),
    pa.int32(): integers(32, True),
    pa.int64(): integers(64, True),
    pa.uint8(): integers(8, False),
    pa.uint16(): integers(16, False),
    pa.uint32(): integers(32, False),
    pa.uint64(): integers(64, False),
    pa.float32(): st.floats(width=32) | st.just(-0.0),
    pa.float64(): st.floats() | st.just(-0.0),
    pa.bool_(): st.booleans(),
    pa.string(): ANY_TEXT,
    pa.binary(): st.binary(max_size=20),
    pa.timestamp("ns", tz="UTC"): integers(64, True),
    pa.dictionary(pa.int32(), pa.string()): ANY_TEXT,
}


@st.composite
def batches(draw: st.DrawFn) -> pa.RecordBatch:
    kinds = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=6))
    rows = draw(st.integers(1, 6))
    fields, arrays = [], []
    for number, kind in enumerate(kinds):
        nullable, constant = draw(st.booleans()), draw(st.booleans())
        value = st.none() | TYPES[kind] if nullable else TYPES[kind]
        values = [draw(value)] * rows if constant else draw(st.lists(value, min_size=rows, max_size=rows))
        fields.append(pa.field(f"c{number}", kind, nullable))
        arrays.append(array(values, kind))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(pa.timestamp("ns")).cast(kind)
    return pa.array(values, kind)


def exact(rows: pa.RecordBatch) -> list[str]:
    """Every value as text that tells NaN, -0.0 and each bit of a float apart."""
    columns = [c.cast(pa.int64()) if pa.types.is_timestamp(c.type) else c for c in rows.columns]
    return [repr(column.to_pylist()) for column in columns]


def there_and_back(rows: pa.RecordBatch, limit: int = MAX_MESSAGE_BYTES) -> list[pa.RecordBatch]:
    found = []
    for _, data in pack_within("T", rows, limit):
        table, columns, count = table_of(data)
        assert table == "T"
        found.append(unpack(columns, count, rows.schema))
    return found


@given(batches())
def test_unpacking_gives_what_was_packed_for_every_type(rows: pa.RecordBatch) -> None:
    (found,) = there_and_back(rows)
    assert found.schema == rows.schema
    assert exact(found) == exact(rows)


@given(batches(), st.integers(1, 400))
def test_cut_to_a_size_the_messages_hold_the_same_rows_in_order(rows: pa.RecordBatch, limit: int) -> None:
    messages = list(pack_within("T", rows, limit))
    assert all(len(data) <= limit or part.num_rows == 1 for part, data in messages)
    together = pa.Table.from_batches(there_and_back(rows, limit)).combine_chunks()
    assert exact(together.to_batches()[0]) == exact(rows)  # type: ignore[arg-type]
    assert sum(part.num_rows for part, _ in messages) == rows.num_rows


@pytest.mark.parametrize("schema", [ORIGIN_SCHEMA, FRAME_SCHEMA, QUARANTINE_SCHEMA])
def test_no_rows_are_no_message(schema: pa.Schema) -> None:
    assert list(pack("T", pa.RecordBatch.from_pylist([], schema=schema))) == []


def test_a_message_is_plain_json_that_any_client_reads() -> None:
    label = array(["x", "x"], pa.dictionary(pa.int32(), pa.string()))
    values, raw = pa.array([1.5, float("nan")]), pa.array([b"\xff", b""])
    rows = pa.RecordBatch.from_pydict({"a": values, "b": raw, "c": label})
    (data,) = pack("NAV", rows)
    assert orjson.loads(data) == {
        "table": "NAV",
        "rows": 2,
        "columns": {"a": [1.5, "NaN"], "b": [base64.b64encode(b"\xff").decode(), ""], "c": "x"},
    }


SCHEMA = pa.schema([pa.field("a", pa.int32(), False), pa.field("b", pa.binary(), True)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"null",
        b'{"table": "T"}',
        b'{"table": 7, "rows": 1, "columns": {}}',
        b'{"table": "T", "rows": "many", "columns": {}}',
        b'{"table": "T", "rows": -1, "columns": {"a": 1, "b": null}}',
        b'{"table": "T", "rows": 99999999999999, "columns": {"a": 1, "b": null}}',
        b'{"table": "T", "rows": 1, "columns": []}',
        b'{"table": "T", "rows": 1, "columns": {"a": 1}}',
        b'{"table": "T", "rows": 1, "columns": {"a": [1, 2], "b": ["", ""]}}',
        b'{"table": "T", "rows": 1, "columns": {"a": 99999999999, "b": ""}}',
        b'{"table": "T", "rows": 1, "columns": {"a": "x", "b": ""}}',
        b'{"table": "T", "rows": 1, "columns": {"a": 1, "b": "not Base64!"}}',
        b'{"table": "T", "rows": 1, "columns": {"a": 1, "b": 7}}',
        b'{"table": "T", "rows": 1, "columns": {"a": null, "b": ""}}',
        b'{"table": "T", "rows": 1, "columns": {"a": {}, "b": ""}}',
    ],
)
def test_what_anybody_else_publishes_is_an_error_that_says_so_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(StreamError, match="TELEMETRY"):
        _, columns, rows = table_of(data)
        unpack(columns, rows, SCHEMA)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 2**63) | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    )
)
def test_no_column_of_any_shape_is_worse_than_an_error(value: Any) -> None:
    for kind in TYPES:
        with contextlib.suppress(StreamError):
            unpack({"a": value}, 1, pa.schema([pa.field("a", kind, True)]))
