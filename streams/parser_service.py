"""The telemetry parser as a service: keeps one generation going, and restarts from any offset on request."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
from nats.errors import Error as NatsError
from nats.micro.request import Request

from infra.errors import FlightLedgerError, QueryError
from infra.meter import Meter
from infra.service import Service
from streams import names
from streams.event_log import ensure_streams
from streams.feed import Feed
from streams.frame_batch import FrameBatch
from streams.generations import GENERATION_PROMOTED, ensure_generation, promote, read_generations
from streams.mission import Mission
from streams.operations import append_operation
from streams.parser_flow import run_parser, stored_position
from streams.read import StreamReader, last_offset, offset_at_time

VERSION = "1.0.0"
_RETRY_S = 1.0

_RESTART_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "go back to an offset of FRAMES, or a recorded time, and parse on from there",
    "type": "object",
    "properties": {
        "from_offset": {"type": "integer", "minimum": 1},
        "from_time": {"type": "integer", "description": "recorded time, ns since 1970"},
    },
}

log = logging.getLogger(__name__)


class ParserService:
    """Runs the parser until cancelled: it derives the generation that is live, and follows when another one
    is promoted, so that new frames always go to the generation that readers see.
    """

    def __init__(self, service: Service, mission: Mission) -> None:
        self._service, self._mission = service, mission
        self._feed: Feed[FrameBatch] = Feed()
        self._wanted: int | None = None
        self._done = 0
        self._generation = ""
        self._promote_at: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._meter = Meter()
        service.figures.update(
            generation=lambda: self._generation,
            offset=lambda: self._done,
            behind=lambda: self._feed.behind,
            frames_per_s=self._meter.rate,
        )

    async def run(self) -> None:
        """Parse, restarting behind the last stored position after whatever went wrong."""
        nc, self._loop = self._service.nc, asyncio.get_running_loop()
        await ensure_streams(self._service.js)
        self._generation = await ensure_generation(nc, self._mission)
        await self._plan_promotion()
        await self._offer()
        self._service.ready.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_promotions(await last_offset(nc, names.OPERATIONS) + 1))
            group.create_task(self._parse())

    async def _parse(self) -> None:
        nc = self._service.nc
        while True:
            self._feed = Feed()
            start = self._wanted or await self._position()
            self._wanted = None
            log.info("parsing %s from offset %d", self._generation, start)
            try:
                await run_parser(
                    nc, self._mission, self._generation, start=start, feed=self._feed, progress=self._progress
                )
            except Exception as error:
                foreseen = isinstance(error, FlightLedgerError | NatsError | OSError | TimeoutError)
                text = "the parser stopped: %s; going on behind its last stored position"
                log.error(text, error or repr(error), exc_info=not foreseen)
                await asyncio.sleep(_RETRY_S)

    async def _position(self) -> int:
        """Return where the generation goes on: behind what it has, and behind what a reprocess gave it."""
        known = (await read_generations(self._service.nc)).known[self._generation]
        behind = known.segments[-1][1] + 1 if known.segments else 1
        return max(behind, await stored_position(self._service.nc, self._generation))

    async def _follow_promotions(self, start: int) -> None:
        """Go over to a generation that somebody promotes."""
        nc = self._service.nc
        async with StreamReader(nc, names.OPERATIONS, start=start) as reader:
            while True:
                kinds = {message.subject.split(".", 1)[1] for message in await reader.read(1.0)}
                if GENERATION_PROMOTED not in kinds:
                    continue
                state = await read_generations(nc)
                if state.live is not None and state.live != self._generation:
                    self._mission = await asyncio.to_thread(state.mission_of, state.live)
                    self._generation, self._promote_at = state.live, None
                    self._feed.stop()

    async def _plan_promotion(self) -> None:
        """The first generation is live at once; a later one when it has caught up with FRAMES."""
        nc = self._service.nc
        state = await read_generations(nc)
        if state.live is None:
            await promote(nc, self._generation)
        elif state.live != self._generation:
            self._promote_at = await last_offset(nc, names.FRAMES)
            self._progress(await self._position() - 1)

    def _progress(self, offset: int) -> None:
        """Called from the dataflow's thread with each offset done."""
        if self._done:  # the first one says where it begins
            self._meter.add(max(0, offset - self._done))
        self._done = offset
        if self._promote_at is not None and offset >= self._promote_at:
            self._promote_at = None
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(promote(self._service.nc, self._generation), self._loop)

    async def _offer(self) -> None:
        micro = await self._service.add_micro("parser", VERSION, "Parses FRAMES into TELEMETRY")
        await micro.add_endpoint(
            "restart", self._restart, subject="parser.restart", request_schema=_RESTART_SCHEMA
        )
        await micro.add_endpoint("status", self._status, subject="parser.status")

    async def _restart(self, request: Request) -> None:
        wanted = await self._restart_offset(request.data)
        fields = {"generation": self._generation, "from_offset": wanted, "was_at": self._done}
        await append_operation(self._service.nc, "parser-restarted", fields)
        self._wanted = wanted
        self._feed.stop()
        await request.respond(orjson.dumps(fields))

    async def _restart_offset(self, data: bytes) -> int:
        try:
            question: Any = orjson.loads(data or b"{}")
        except orjson.JSONDecodeError as error:
            raise QueryError(f"the request is not JSON: {error}", where="parser.restart") from error
        end = await last_offset(self._service.nc, names.FRAMES)
        match question:
            case {"from_offset": int(offset)}:
                wanted = offset
            case {"from_time": int(time)}:
                wanted = await offset_at_time(self._service.nc, names.FRAMES, time)
            case _:
                raise QueryError("from_offset or from_time is missing", where="parser.restart")
        if not 1 <= wanted <= end + 1:
            raise QueryError(f"FRAMES has the offsets 1 to {end}, not {wanted}", where="parser.restart")
        return wanted

    async def _status(self, request: Request) -> None:
        end = await last_offset(self._service.nc, names.FRAMES)
        status = {
            "generation": self._generation,
            "mission": self._mission.digest,
            "offset": self._done,
            "last_offset": end,
        }
        await request.respond(orjson.dumps(status))
