"""The database query service: answers `query.<name>` from the projections, as a NATS micro service."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

import orjson
from nats.aio.client import Client
from nats.micro.request import Request

from infra.errors import StreamError
from infra.service import Service
from projections.answer_pieces import arrow_stream, json_lines, primed
from projections.clickhouse import ClickHouse
from projections.generations.diff import diff_generations
from projections.generations.digest import content_of
from projections.operations_reader import OperationsReader
from projections.origin_service import OriginFinder
from projections.queries import records
from projections.queries.alarms import alarms
from projections.queries.answer import Answer
from projections.queries.catalog import parameter_rows
from projections.queries.console import console
from projections.queries.generation_reader import GenerationReaders, MissionOf
from projections.queries.history import history
from projections.queries.latest import latest
from projections.queries.packets import packets
from projections.queries.scope import LATEST, Scope, parse_time, scope_of
from projections.queries.sessions import sessions
from projections.queries.sql import SqlUser
from projections.query_requests import ENDPOINTS, read_request, request_schema, response_schema
from projections.telecommands.queries import telecommand_events, telecommands
from streams.answers import send_answer
from streams.generations import read_generations
from streams.heads import read_heads
from streams.mission import Mission

VERSION = "1.0.0"
Json = dict[str, Any]

_OPERATIONS_S = 30.0
"""Within which OPERATIONS are read, or a question does without."""

log = logging.getLogger(__name__)


async def serve_queries(service: Service, clickhouse: ClickHouse, sql_user: SqlUser) -> None:
    """Offer every endpoint, with the schemas of its request and its answer, on the service's connection."""
    handlers = QueryHandlers(service, clickhouse, sql_user)
    micro = await service.add_micro("query", VERSION, "Answers questions from the projections")
    for name in ENDPOINTS:
        await micro.add_endpoint(
            name,
            handlers.of(name),
            subject=f"query.{name}",
            request_schema=request_schema(name),
            response_schema=response_schema(name),
        )


class QueryHandlers:
    """What each endpoint does; an instance is shared by all requests."""

    def __init__(self, service: Service, clickhouse: ClickHouse, sql_user: SqlUser) -> None:
        self._nc, self._clickhouse, self._sql_user = service.nc, clickhouse, sql_user
        self._finder = OriginFinder(service.nc, clickhouse)
        self._operations = OperationsReader(service.nc)
        self._readers = GenerationReaders(clickhouse, _missions(service.nc, asyncio.get_running_loop()))

    def of(self, name: str) -> Callable[[Request], Any]:
        """Return the handler of one endpoint; what it raises is answered as an error."""

        async def handle(request: Request) -> None:
            question = read_request(name, request.data)
            if name == "origin":
                found = await self._finder.find(question)
                pieces = iter([orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)])
            elif name == "operations":
                pieces = json_lines(await self._operations.rows(question))
            elif name == "digests":
                pieces = json_lines([await self._digests(question)])
            else:
                pieces = await asyncio.to_thread(self._pieces, name, question)
            async with aclosing(_in_thread(pieces)) as answer:
                await send_answer(self._nc, request._msg.reply, answer)

        return handle

    async def _digests(self, question: Json) -> Json:
        scope = await asyncio.to_thread(scope_of, self._clickhouse, question)
        generation, as_of = scope.generation, LATEST if scope.as_of is None else scope.as_of
        content = await asyncio.to_thread(content_of, self._clickhouse, generation, as_of=as_of)
        heads = [
            {"stream": head.stream, "offset": head.offset, "hash": head.hash}
            for head in await read_heads(self._nc)
        ]
        return {"generation": generation, "content": content.digest, "rows": content.rows, "heads": heads}

    def _pieces(self, name: str, question: Json) -> Iterator[bytes]:
        """Return the pieces of an answer; the first is made before this returns, so errors come first."""
        match name:
            case "clock":
                return json_lines([{"now": time.time_ns()}])
            case "offsets":
                return json_lines(records.offsets(self._clickhouse))
            case "generations":
                return json_lines(records.generations(self._clickhouse))
            case "diff":
                return json_lines(diff_generations(self._clickhouse, question["a"], question["b"]))
            case "sql" | "telecommands" | "telecommand_events":
                return primed(_rendered([self._unscoped(name, question)], question))
        return self._scoped_pieces(name, question)

    def _unscoped(self, name: str, question: Json) -> Answer:
        if name == "sql":
            return self._sql_user.ask(question["query"])
        ask = telecommands if name == "telecommands" else telecommand_events
        return ask(self._clickhouse, question)

    def _scoped_pieces(self, name: str, question: Json) -> Iterator[bytes]:
        scope = scope_of(self._clickhouse, question)
        if name == "counts":
            return json_lines([records.counts(self._clickhouse, scope)])
        if name == "parameters":
            return json_lines(parameter_rows(self._clickhouse, scope.generation, question.get("packet")))
        if name == "latest":
            wanted = {"packet": question.get("packet"), "parameters": question.get("parameters", ())}
            return primed(json_lines(latest(self._clickhouse, scope, **wanted, readers=self._readers)))
        if name == "console":
            at = parse_time(question.get("at"), "at")
            rows = console(self._clickhouse, scope, now=time.time_ns(), at=at, readers=self._readers)
            return primed(json_lines(rows))
        return primed(_rendered(self._answers(name, scope, question), question))

    def _answers(self, name: str, scope: Scope, question: Json) -> Iterable[Answer]:
        clickhouse = self._clickhouse
        match name:
            case "history":
                choice = {"points": question.get("points"), "method": question.get("method", "buckets")}
                return history(clickhouse, scope, question["parameters"], **choice)
            case "alarms":
                return [alarms(clickhouse, scope, question.get("parameters", ()))]
            case "packets":
                return packets(clickhouse, scope, packet=question.get("packet"))
            case "frames":
                return [records.frames(clickhouse, scope, result=question.get("result"))]
            case "quarantine":
                return [records.quarantine(clickhouse, scope)]
            case "gaps" | "sessions":
                return [(records.gaps if name == "gaps" else sessions)(clickhouse, scope)]
        raise AssertionError(name)


def _missions(nc: Client, loop: asyncio.AbstractEventLoop) -> MissionOf:
    """Return what gives a generation's mission to threads; an unknown one has none."""

    def mission_of(generation: str) -> Mission | None:
        asked = asyncio.run_coroutine_threadsafe(read_generations(nc), loop)
        try:
            return asked.result(_OPERATIONS_S).mission_of(generation)
        except (StreamError, TimeoutError) as error:
            log.warning("values of %s come from its tables: %s", generation, error or "no answer in time")
            return None

    return mission_of


def _rendered(answers: Iterable[Answer], question: Json) -> Iterator[bytes]:
    if question.get("format") == "arrow":
        return arrow_stream(answers)
    return json_lines(row for answer in answers for row in answer.rows())


async def _in_thread(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """Make each piece in a thread, so that the connection goes on."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
