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

import orjson
from nats.micro.request import Request

from infra.errors import ConfigError, QueryError
from infra.jobs import Jobs, Progress
from infra.service import Service
from projections.archive.fill import fill, rewrite
from projections.archive.verify import verify_archive
from projections.clickhouse import ClickHouse
from projections.generations.drop import check_known, drop_generation
from projections.generations.requests import SCHEMAS, Json, question_of
from projections.generations.verify import verify_generation
from projections.queries.scope import parse_time
from projections.reprocess import reprocess
from projections.writer import write_generations
from streams import names
from streams.generations import promote, read_generations
from streams.mission import Mission, unbundle
from streams.read import last_offset, offset_at_time

VERSION = "1.0.0"


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
            "verify-archive": self._verify_archive,
            "rebuild-archive": self._rebuild_archive,
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
                from_archive=question.get("from_archive", False),
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

    async def _verify_archive(self, who: str, question: Json) -> Json:
        async def job(progress: Progress) -> Json:
            found = await verify_archive(self._service.nc, self._clickhouse, progress)
            return asdict(found) | {"good": found.good, "wrong": [one._asdict() for one in found.wrong]}

        return {"job": self._jobs.begin(job, question.get("job"))}

    async def _rebuild_archive(self, who: str, question: Json) -> Json:
        async def job(progress: Progress) -> Json:
            nc, clickhouse = self._service.nc, self._clickhouse
            again = await rewrite(nc, clickhouse, progress)
            await fill(nc, clickhouse, end := await last_offset(nc, names.FRAMES), progress)
            return {"again": again, "archived_to": end}

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
        question = question_of(verb, request.data)
        who = request.subject.split(".")[1]
        await request.respond(orjson.dumps(await handle(who, question)))

    return answer
