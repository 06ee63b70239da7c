"""How answers are shown: JSON for programs, tables for people, files for analysts."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from rich import box
from rich.console import Console
from rich.table import Table

from infra.errors import ConfigError

Row = dict[str, Any]
FORMATS = ("table", "json", "csv", "parquet", "arrow")
FILES = ("csv", "parquet", "arrow")

_IN_MEMORY = 32 * 1024**2


def print_json(value: Any) -> None:
    """Print one JSON document on one line."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def print_table(rows: Iterable[Row], columns: Sequence[str] = (), *, title: str = "") -> None:
    """Print rows as a table; without `columns`, all those of the first row."""
    table = None
    names: Sequence[str] = columns
    for row in rows:
        if table is None:
            names = columns or list(row)
            table = Table(*names, box=box.SIMPLE, title=title or None, title_justify="left")
        table.add_row(*(shown(row.get(name)) for name in names))
    console().print(table if table is not None else "nothing found")


def console() -> Console:
    """Return the console; in a pipe as wide as the content needs."""
    found = Console(highlight=False, markup=False)
    return found if found.is_terminal else Console(highlight=False, markup=False, width=240)


def shown(value: Any) -> str:
    """Return a value as text for people: numbers short, long bytes cut."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9g}"
    text = ", ".join(map(str, value)) or "-" if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


async def write_file(chunks: AsyncIterator[bytes], form: str) -> None:
    """Write an Arrow IPC stream, as it arrives, to standard output as csv, parquet or arrow.

    Raises ConfigError for a binary form on a terminal.
    """
    if form != "csv" and sys.stdout.isatty():
        raise ConfigError(f"{form} is binary", fix=f"send it to a file: … --format {form} > file.{form}")
    if form == "arrow":
        async for chunk in chunks:
            sys.stdout.buffer.write(chunk)
    else:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
            async for chunk in chunks:
                held.write(chunk)
            held.seek(0)
            _convert(held, form)
    sys.stdout.flush()


def _convert(stream: IO[bytes], form: str) -> None:
    """Convert batch by batch, so that memory does not grow with the answer."""
    with pa.ipc.open_stream(stream) as reader:
        if form == "parquet":
            with pa.parquet.ParquetWriter(sys.stdout.buffer, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
            return
        empty = _printable(pa.RecordBatch.from_pylist([], schema=reader.schema))
        with pa.csv.CSVWriter(sys.stdout.buffer, empty.schema) as writer:
            for batch in reader:
                writer.write_batch(_printable(batch))


def _printable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """CSV has no bytes, lists or maps: bytes become hexadecimal, what is nested its JSON text."""
    columns = [_printable_column(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _printable_column(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _printable_column(column.dictionary_decode())
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if pa.types.is_nested(kind):
        texts = [
            None if value is None else orjson.dumps(value, default=str).decode()
            for value in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    return column
