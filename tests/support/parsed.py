"""What a parser made of frames, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pyarrow as pa

from streams import names
from streams.frame_batch import FrameBatch
from streams.parser import Parsed, Parser
from streams.read import Message

Rows = dict[str, list[str]]
"""Rows by table, sorted; each as text, so that NaN equals NaN and -0.0 is not 0.0."""


def message(
    offset: int,
    data: bytes,
    *,
    link: str = "radio",
    session: str = "s",
    torn: str = "",
    received: str | None = None,
) -> Message:
    """A frame as it stands in FRAMES."""
    headers = {names.SESSION: session, names.RECEIVED: str(1_000 + offset) if received is None else received}
    if torn:
        headers[names.TORN] = torn
    return Message(offset, 2_000 + offset, names.frame_subject(link), headers, data)


def parse(parser: Parser, messages: list[Message], cuts: Iterable[int] = ()) -> list[Parsed]:
    """Give the messages to a parser, cut into runs behind the given numbers of messages."""
    edges = sorted({0, *cuts, len(messages)})
    runs = [messages[first:last] for first, last in pairwise(edges)]
    return [parser.parse(FrameBatch.from_messages(run)) for run in runs]


def rows_of(parsed: Iterable[Parsed]) -> Rows:
    """All rows of some runs."""
    found: dict[str, list[str]] = {}
    for run in parsed:
        tables = [(table.packet, table.rows) for table in run.tables]
        for name, rows in [*tables, ("frames", run.frames), ("quarantine", run.quarantine)]:
            found.setdefault(name, []).extend(texts_of(rows))
    return {name: sorted(rows) for name, rows in found.items() if rows}


def quarantine_of(parsed: Iterable[Parsed]) -> list[dict[str, Any]]:
    """The rows of the quarantine, times as integers."""
    return [row for run in parsed for row in _plain(run.quarantine).to_pylist()]


def frames_of(parsed: Iterable[Parsed]) -> dict[int, str]:
    """The result of each frame by its offset; fails when a frame has two rows."""
    rows = [row for run in parsed for row in _plain(run.frames).to_pylist()]
    found = {row["frame_offset"]: row["result"] for row in rows}
    assert len(found) == len(rows)
    return found


def texts_of(rows: pa.RecordBatch) -> list[str]:
    """Each row as text."""
    return [repr(list(row.items())) for row in _plain(rows).to_pylist()]


def _plain(rows: pa.RecordBatch) -> pa.Table:
    """Times as integers: Python's own stop at microseconds."""
    table = pa.Table.from_batches([rows])
    for number, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.int64()))
    return table
