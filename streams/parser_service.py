"""The telemetry parser as a service: keeps one generation going, and restarts from any offset on request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import orjson
from nats.errors import Error as NatsError
from nats.micro.request import Request

from infra.errors import FlightLedgerError
from infra.meter import Meter
from infra.service import Service
from infra.tasks import run_together
from streams import names
from streams.event_log import ensure_streams
from streams.feed import Feed
from streams.frame_batch import FrameBatch
from streams.generations import GENERATION_PROMOTED, ensure_generation, promote, read_generations
from streams.mission import Mission
from streams.operations import append_operation
from streams.parser_flow import Position, position_at, run_parser, store_position, stored_position
from streams.read import StreamReader, last_offset
from streams.restart import RESTART_SCHEMA, restart_offset

VERSION = "1.0.0"
_RETRY_S = 1.0
_PATIENCE_S = 20.0

_STATUS_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "how far the parser is",
    "type": "object",
    "properties": {
        "generation": {"type": "string"},
        "mission": {"type": "string", "description": "digest of the mission database"},
        "offset": {"type": "integer", "description": "last frame of FRAMES that is parsed"},
        "last_offset": {"type": "integer", "description": "last frame that FRAMES has"},
        "lag": {"type": "integer", "description": "frames behind"},
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
        self._generation = ""
        self._done = 0
        self._turn: tuple[int, asyncio.Future[None]] | None = None
        self._one_turn = asyncio.Lock()
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
        self._done = (await self._position()).start - 1
        await self._plan_promotion()
        await self._offer()
        self._service.ready.set()
        start = await last_offset(nc, names.OPERATIONS) + 1
        await run_together(self._follow_promotions(start), self._parse(), patience=_PATIENCE_S)

    async def _parse(self) -> None:
        while True:
            if not await _attempt("parsing", self._parse_on):
                await asyncio.sleep(_RETRY_S)

    async def _parse_on(self) -> None:
        """Parse from the stored position, or where somebody wants it to go on, until it is stopped."""
        nc, self._feed = self._service.nc, Feed()
        if self._turn is not None:
            start, turned = self._turn
            await store_position(nc, self._generation, position_at(self._mission, start))
            self._turn = None
            turned.set_result(None)
        position = await self._position()
        self._done = position.start - 1
        log.info("parsing %s from offset %d", self._generation, position.start)
        await run_parser(
            nc, self._mission, self._generation, position=position, feed=self._feed, progress=self._progress
        )

    async def _position(self) -> Position:
        """Return where the generation goes on: at its stored position, or behind what a reprocess gave it."""
        stored = await stored_position(self._service.nc, self._generation)
        if stored is not None:
            return stored
        known = (await read_generations(self._service.nc)).known[self._generation]
        return position_at(self._mission, known.segments[-1][1] + 1 if known.segments else 1)

    async def _follow_promotions(self, start: int) -> None:
        """Go over to a generation that somebody promotes."""
        is_promoted = False
        async with StreamReader(self._service.nc, names.OPERATIONS, start=start) as reader:
            while True:
                kinds = {message.subject.split(".", 1)[1] for message in await reader.read(1.0)}
                is_promoted = is_promoted or GENERATION_PROMOTED in kinds
                if is_promoted and await _attempt("following a promotion", self._go_over):
                    is_promoted = False

    async def _go_over(self) -> None:
        """Parse the live generation from now on."""
        state = await read_generations(self._service.nc)
        if state.live is not None and state.live != self._generation:
            self._mission = await asyncio.to_thread(state.mission_of, state.live)
            self._generation, self._promote_at = state.live, None
            self._feed.stop()

    async def _plan_promotion(self) -> None:
        """The first generation is live at once; a later one when it has caught up with FRAMES."""
        state = await read_generations(self._service.nc)
        if state.live is None:
            await promote(self._service.nc, self._generation)
        elif state.live != self._generation:
            self._promote_at = await last_offset(self._service.nc, names.FRAMES)
            self._progress(self._done)

    def _progress(self, offset: int) -> None:
        """Called from the dataflow's thread with each offset done."""
        if self._done:  # the first one says where it begins
            self._meter.add(max(0, offset - self._done))
        self._done = offset
        if self._promote_at is not None and offset >= self._promote_at:
            self._promote_at = None
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(self._promote(self._generation), self._loop)

    async def _promote(self, generation: str) -> None:
        while True:
            if await _attempt("the promotion", lambda: promote(self._service.nc, generation)):
                return
            await asyncio.sleep(_RETRY_S)

    async def _offer(self) -> None:
        micro = await self._service.add_micro("parser", VERSION, "Parses FRAMES into TELEMETRY")
        await micro.add_endpoint(
            "restart",
            self._restart,
            subject="parser.restart",
            request_schema=RESTART_SCHEMA | {"title": "parse again from an offset of FRAMES, or a time, on"},
        )
        await micro.add_endpoint(
            "status", self._status, subject="parser.status", response_schema=_STATUS_SCHEMA
        )

    async def _restart(self, request: Request) -> None:
        """Stop parsing and go on elsewhere; the answer comes when that is stored."""
        wanted = await restart_offset(self._service.nc, names.FRAMES, request.data, where="parser.restart")
        async with self._one_turn:
            fields = {"generation": self._generation, "from_offset": wanted, "was_at": self._done}
            await append_operation(self._service.nc, "parser-restarted", fields)
            turned = asyncio.get_running_loop().create_future()
            self._turn = wanted, turned
            self._feed.stop()
            await turned
        await request.respond(orjson.dumps(fields))

    async def _status(self, request: Request) -> None:
        end = await last_offset(self._service.nc, names.FRAMES)
        status = {
            "generation": self._generation,
            "mission": self._mission.digest,
            "offset": self._done,
            "last_offset": end,
            "lag": max(0, end - self._done),
        }
        await request.respond(orjson.dumps(status))


async def _attempt(what: str, action: Callable[[], Awaitable[None]]) -> bool:
    """Say whether an action succeeded; what it raised is logged, with a traceback if it was not foreseen."""
    try:
        await action()
    except Exception as error:
        foreseen = isinstance(error, FlightLedgerError | NatsError | OSError | TimeoutError)
        log.error("%s failed: %s; trying again", what, error or repr(error), exc_info=not foreseen)
        return False
    return True
