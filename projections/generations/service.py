"""The generation service: reprocess, promote, drop and verify on request, as a NATS micro service.

Requests go to `generation.<user>.<verb>`: who asks is part of the subject, which permissions tie to the
connection's user, and stands in the event in OPERATIONS. Long work answers at once with the name of a job
(the request may choose it, to listen beforehand); how far it is goes to `progress.<job>`, and the last
message there says `finished` or `failed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from nats.micro.request import Request

from infra.errors import ConfigError, QueryError
from infra.jobs import NAME, Jobs, Progress, check_name
from infra.service import Service
from projections.clickhouse import ClickHouse
from projections.generations.drop import check_known, drop_generation
from projections.generations.verify import verify_generation
from projections.queries.scope import parse_time
from projections.reprocess import reprocess
from projections.writer import write_generations
from streams import names
from streams.generations import promote, read_generations
from streams.mission import Mission, unbundle
from streams.read import offset_at_time

VERSION = "1.0.0"
Json = dict[str, Any]

_TEXT = {"type": "string"}
_TIME = {"type": ["string", "integer"], "description": "recorded time: ISO 8601 (UTC), or ns since 1970"}
_WORKERS = {"type": "integer", "minimum": 1}
_GENERATION = {"generation": _TEXT}

SCHEMAS: dict[str, Json] = {
    "reprocess": {
        "type": "object",
        "properties": {
            "mission": {
                "type": "string",
                "description": "bundle (see streams/mission.py); default: the newest",
            },
            "name": _TEXT,
            "from": _TIME,
            "to": _TIME,
            "workers": _WORKERS,
            "job": NAME,
        },
    },
    "promote": {"type": "object", "properties": _GENERATION, "required": ["generation"]},
    "drop": {"type": "object", "properties": _GENERATION, "required": ["generation"]},
    "verify": {
        "type": "object",
        "properties": {**_GENERATION, "workers": _WORKERS, "job": NAME},
        "required": ["generation"],
    },
}


class GenerationService:
    """Serves the requests of `SCHEMAS`; one long job at a time, so that the live path keeps its share."""

    def __init__(self, service: Service, clickhouse: ClickHouse, addresses: Mapping[str, str]) -> None:
        """`addresses` are those that the worker processes of a reprocess need, see `reprocess`."""
        self._service, self._clickhouse, self._addresses = service, clickhouse, addresses
        self._jobs = Jobs(service.nc)

    async def serve(self) -> None:
        """Offer the endpoints; jobs under way end with `stop`."""
        micro = await self._service.add_micro(
            "generation", VERSION, "Derives, compares and switches telemetry"
        )
        handlers = {
            "reprocess": self._reprocess,
            "promote": self._promote,
            "drop": self._drop,
            "verify": self._verify,
        }
        for verb, handler in handlers.items():
            await micro.add_endpoint(
                verb,
                _answering(verb, handler),
                subject=f"generation.*.{verb}",
                request_schema=SCHEMAS[verb],
            )

    async def stop(self) -> None:
        """Stop the jobs under way; the same request takes a reprocess up again."""
        await self._jobs.stop()

    async def _reprocess(self, who: str, question: Json) -> Json:
        mission = await self._mission(question.get("mission"))
        first, last = await self._range(question)

        async def job(progress: Progress) -> Json:
            done = await reprocess(
                self._service.nc,
                self._clickhouse,
                mission,
                addresses=self._addresses,
                name=question.get("name"),
                first=first,
                last=last,
                workers=question.get("workers", 1),
                who=who,
                progress=progress,
            )
            return asdict(done)

        return {"job": self._jobs.begin(job, question.get("job"))}

    async def _verify(self, who: str, question: Json) -> Json:
        async def job(progress: Progress) -> Json:
            done = await verify_generation(
                self._service.nc,
                self._clickhouse,
                question["generation"],
                addresses=self._addresses,
                workers=question.get("workers", 1),
                who=who,
                progress=progress,
            )
            return asdict(done) | {"same": done.same}

        return {"job": self._jobs.begin(job, question.get("job"))}

    async def _promote(self, who: str, question: Json) -> Json:
        name, nc = question["generation"], self._service.nc
        state = await read_generations(nc)
        check_known(state, name)
        if state.known[name].segments and not state.known[name].finished:
            raise QueryError(f"{name} is not finished", fix="run its reprocess to the end first")
        await promote(nc, name, who)
        await asyncio.to_thread(write_generations, self._clickhouse, await read_generations(nc))
        return {"generation": name, "before": state.live}

    async def _drop(self, who: str, question: Json) -> Json:
        await drop_generation(self._service.nc, self._clickhouse, question["generation"], who)
        return {"generation": question["generation"]}

    async def _mission(self, bundle: str | None) -> Mission:
        if bundle is None:
            bundles = (await read_generations(self._service.nc)).bundles
            if not bundles:
                raise ConfigError("the streams hold no mission yet", fix="give --mission=folder")
            bundle = list(bundles.values())[-1]
        return await asyncio.to_thread(unbundle, bundle)

    async def _range(self, question: Json) -> tuple[int, int | None]:
        nc = self._service.nc
        start, end = (parse_time(question.get(key), key) for key in ("from", "to"))
        first = 1 if start is None else await offset_at_time(nc, names.FRAMES, start)
        return first, None if end is None else await offset_at_time(nc, names.FRAMES, end + 1) - 1


def _answering(
    verb: str, handle: Callable[[str, Json], Awaitable[Json]]
) -> Callable[[Request], Awaitable[None]]:
    async def answer(request: Request) -> None:
        question = _question(verb, request.data)
        who = request.subject.split(".")[1]
        await request.respond(orjson.dumps(await handle(who, question)))

    return answer


def _question(verb: str, data: bytes) -> Json:
    schema, where = SCHEMAS[verb], f"generation.{verb}"
    try:
        question = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    if not isinstance(question, dict) or set(question) - set(schema["properties"]):
        raise QueryError("unknown fields", where=where, fix=f"known are {', '.join(schema['properties'])}")
    for key in schema.get("required", ()):
        if not isinstance(question.get(key), str):
            raise QueryError(f"the field {key!r} is missing", where=where)
    check_name(question.get("job"), where)
    workers = question.get("workers", 1)
    if type(workers) is not int or not 1 <= workers <= 64:
        raise QueryError(f"workers = {workers!r}", where=where, fix="a number from 1 to 64")
    return question
