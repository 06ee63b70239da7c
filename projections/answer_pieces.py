"""Answers as pieces of bytes that fit into messages: JSON lines, or one Arrow IPC stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa

from infra.errors import QueryError
from projections.queries.answer import Answer, Row
from streams.answers import CHUNK_BYTES


def json_lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield rows as JSON lines, cut at line ends into pieces of about `CHUNK_BYTES`.

    A longer line is cut within: pieces are joined before lines are split.
    """
    held: list[bytes] = []
    size = 0
    for row in rows:
        held.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        size += len(held[-1])
        if size >= CHUNK_BYTES:
            yield from _cut(b"".join(held))
            held, size = [], 0
    if held:
        yield from _cut(b"".join(held))


def arrow_stream(answers: Iterable[Answer]) -> Iterator[bytes]:
    """Yield one Arrow IPC stream. Raises QueryError when rows do not all have the same columns."""
    pipe = _Pipe()
    writer: pa.RecordBatchStreamWriter | None = None
    schema: pa.Schema | None = None
    filled = False
    for batch in (batch for answer in answers for batch in answer.typed()):
        if schema is not None and batch.schema != schema and batch.num_rows and filled:
            raise QueryError(
                "the rows have different columns, which one table can not hold",
                fix="ask for one packet or one parameter, or take JSON",
            )
        if batch.num_rows and not filled:
            schema, filled = batch.schema, True
            writer = pa.ipc.new_stream(pa.PythonFile(pipe, mode="w"), schema)
        schema = schema or batch.schema
        if writer is not None and batch.num_rows:
            writer.write_batch(batch)
        if pipe.size >= CHUNK_BYTES:
            yield from _cut(pipe.take())
    if writer is None:
        writer = pa.ipc.new_stream(pa.PythonFile(pipe, mode="w"), schema or pa.schema([]))
    writer.close()
    yield from _cut(pipe.take())


class _Pipe:
    """A file that Arrow writes to and the answer is taken from."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self.size += len(self._parts[-1])
        return len(self._parts[-1])

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts, self.size = [], 0
        return data


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def primed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first piece now: what is wrong with a question shows before anything is sent."""
    first = next(pieces, None)

    def all_pieces() -> Iterator[bytes]:
        if first is not None:
            yield first
            yield from pieces

    return all_pieces()
