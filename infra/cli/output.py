"""How answers are shown: JSON for programs, tables for people, files for analysts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

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
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=240)


def shown(value: Any) -> str:
    """Return a value as text for people: numbers short, long bytes cut."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9g}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def write_arrow(data: bytes, form: str) -> None:
    """Write an Arrow IPC stream to standard output as csv, parquet or arrow."""
    if form == "arrow":
        sys.stdout.buffer.write(data)
        return
    table = pa.ipc.open_stream(data).read_all()
    if form == "parquet":
        if sys.stdout.isatty():
            raise ConfigError("parquet is binary", fix="send it to a file: … --format parquet > file.parquet")
        pa.parquet.write_table(table, sys.stdout.buffer)
    else:
        pa.csv.write_csv(_printable(table), sys.stdout.buffer)
    sys.stdout.flush()


def _printable(table: pa.Table) -> pa.Table:
    """CSV has no bytes: text stays text, what is not UTF-8 becomes hexadecimal."""
    for number, field in enumerate(table.schema):
        column = table.column(number)
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        if pa.types.is_binary(column.type):
            try:
                column = column.cast(pa.string())
            except pa.ArrowInvalid:
                column = pa.array([None if v is None else v.hex() for v in column.to_pylist()])
        table = table.set_column(number, field.name, column)
    return table
