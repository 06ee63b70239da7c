"""The database query service: answers `query.<name>` from the projections, as a NATS micro service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa
from nats.aio.client import Client
from nats.micro.request import Request

from infra.errors import QueryError
from infra.service import Service
from projections.clickhouse import ClickHouse
from projections.generations.diff import diff_generations
from projections.origin_service import OriginFinder
from projections.queries import records
from projections.queries.answer import Answer, Row
from projections.queries.packets import packets
from projections.queries.parameters import history, latest
from projections.queries.scope import Scope, scope_of
from projections.queries.sql import sql
from projections.query_requests import REQUESTS, read_request
from streams.answers import CHUNK_BYTES, send_answer

VERSION = "1.0.0"
Json = dict[str, Any]

log = logging.getLogger(__name__)


async def serve_queries(service: Service, clickhouse: ClickHouse) -> None:
    """Offer every endpoint of `REQUESTS` on the service's connection."""
    finder = OriginFinder(service.nc, clickhouse)
    micro = await service.add_micro("query", VERSION, "Answers questions from the projections")
    for name, schema in REQUESTS.items():
        await micro.add_endpoint(
            name,
            _handler(service.nc, clickhouse, finder, name),
            subject=f"query.{name}",
            request_schema=schema,
        )


def _handler(nc: Client, clickhouse: ClickHouse, finder: OriginFinder, name: str) -> Callable[[Request], Any]:
    async def handle(request: Request) -> None:
        question = read_request(name, request.data)
        if name == "origin":
            pieces = _in_thread(iter([orjson.dumps(await finder.find(question)) + b"\n"]))
        else:
            pieces = _in_thread(await asyncio.to_thread(_answer, clickhouse, name, question))
        await send_answer(nc, request._msg.reply, pieces)

    return handle


def _answer(clickhouse: ClickHouse, name: str, question: Json) -> Iterator[bytes]:
    """Return the pieces of an answer; the first is made before this returns, so that errors come first."""
    match name:
        case "offsets":
            return _lines(records.offsets(clickhouse))
        case "generations":
            return _lines(records.generations(clickhouse))
        case "diff":
            return _lines(diff_generations(clickhouse, question["a"], question["b"]))
        case "sql":
            return _primed(_rendered([sql(clickhouse, question["query"])], question))
    return _scoped_answer(clickhouse, name, question)


def _scoped_answer(clickhouse: ClickHouse, name: str, question: Json) -> Iterator[bytes]:
    scope = scope_of(clickhouse, question)
    if name == "latest":
        return _lines(
            latest(
                clickhouse,
                scope,
                packet=question.get("packet"),
                parameters=question.get("parameters", ()),
            )
        )
    if name == "counts":
        return _lines([records.counts(clickhouse, scope)])
    return _primed(_rendered(_rows(clickhouse, name, scope, question), question))


def _rows(clickhouse: ClickHouse, name: str, scope: Scope, question: Json) -> Iterable[Answer]:
    match name:
        case "history":
            return history(clickhouse, scope, question["parameters"], points=question.get("points"))
        case "packets":
            return packets(clickhouse, scope, packet=question.get("packet"))
        case "frames":
            return [records.frames(clickhouse, scope, result=question.get("result"))]
        case "quarantine":
            return [records.quarantine(clickhouse, scope)]
        case _:
            return [records.gaps(clickhouse, scope)]


def _rendered(answers: Iterable[Answer], question: Json) -> Iterator[bytes]:
    if question.get("format") == "arrow":
        yield from _arrow(answers)
        return
    for answer in answers:
        yield from _lines(answer.rows())


def _lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """JSON lines, cut at line ends into pieces of about `CHUNK_BYTES`; a longer line is cut within."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        held.append(orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS))
        size += len(held[-1]) + 1
        if size >= CHUNK_BYTES:
            yield from _cut(b"\n".join([*held, b""]))
            held, size = [], 0
    yield from _cut(b"\n".join([*held, b""]) if held else b"")


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


def _arrow(answers: Iterable[Answer]) -> Iterator[bytes]:
    """One Arrow IPC stream; all rows must have the same columns."""
    pipe, writer, schema = _Pipe(), None, None
    for batch in (batch for answer in answers for batch in answer.batches):
        if writer is None:
            schema = batch.schema
            writer = pa.ipc.new_stream(pa.PythonFile(pipe, mode="w"), schema)
        elif batch.schema != schema:
            raise QueryError(
                "the rows have different columns, which one table can not hold",
                fix="ask for one packet or one parameter, or take JSON",
            )
        writer.write_batch(batch)
        if pipe.size >= CHUNK_BYTES:
            yield from _cut(pipe.take())
    if writer is None:
        writer = pa.ipc.new_stream(pa.PythonFile(pipe, mode="w"), pa.schema([]))
    writer.close()
    yield from _cut(pipe.take())


def _cut(data: bytes) -> Iterator[bytes]:
    for start in range(0, max(1, len(data)), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def _primed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first piece now: what is wrong with the question shows before anything is sent."""
    first = next(pieces, b"")

    def all_pieces() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_pieces()


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Make each piece in a thread, so that the connection goes on."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
