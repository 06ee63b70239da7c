"""The telecommand service: takes requests, releases, watches claims, verifies by telemetry.

Everything it knows it reads from the streams at its start, and everything it decides is refused by them when
another instance was first: any number of instances may run, and any may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import orjson
from nats.micro.request import Request

from commands.answer_schemas import ANSWERS, DONE
from commands.claims import ClaimWatch, shout
from commands.constraints import Constraints
from commands.desk import Desk
from commands.ledger import Ledger
from commands.mission_commands import MissionCommands
from commands.questions import Questions
from commands.release import Encoder
from commands.releaser import Releaser
from commands.requests import QUESTIONS, REQUESTS
from commands.stamp import service_stamp
from commands.state import State
from commands.telecommand import Event, Telecommand
from commands.verification import Verification
from infra.errors import CommandError, QueryError
from infra.service import Service
from infra.tasks import run_together
from streams.answers import CHUNK_BYTES, send_answer
from streams.event_log import ensure_streams
from streams.generations import ensure_mission
from streams.mission import Mission

VERSION = "1.0.0"
_RETRY_S = 1.0

log = logging.getLogger(__name__)


class _Loop(Protocol):
    async def run(self) -> None: ...


class TelecommandService:
    """Runs until cancelled."""

    def __init__(self, service: Service, mission: Mission) -> None:
        """Raises ConfigError or MissionError for a mission whose telecommands can not be served."""
        nc, stamp = service.nc, service_stamp(service.nc, "telecommand", service.name)
        self._service, self._mission = service, MissionCommands.of(mission)
        self._ledger = ledger = Ledger(nc)
        self._desk = Desk(nc, ledger, stamp, self._mission)
        self._questions = Questions(nc, ledger, self._mission)
        constraints = Constraints(nc, self._mission.telemetry, self._mission.settings.fresh_within_s)
        self._loops: tuple[_Loop, ...] = (
            ledger,
            Releaser(nc, ledger, stamp, Encoder(self._mission), constraints),
            ClaimWatch(nc, ledger, stamp),
            Verification(nc, ledger, stamp, self._mission),
        )

    async def run(self) -> None:
        """Serve; `service.ready` is set when everything that was in the streams has been read."""
        await ensure_streams(self._service.js)
        await ensure_mission(self._service.nc, self._mission.mission)
        for name, problem in self._mission.catalog.problems.items():
            log.warning("the telecommand %s can not be sent: %s", name, problem)
        await run_together(*map(_kept_running, self._loops), self._open())

    async def _open(self) -> None:
        """Begin to answer, when everything that was in the streams has been read."""
        await self._ledger.caught_up()
        self._ledger.listen(_report)
        for telecommand in self._ledger.board.open:
            if telecommand.state is State.UNCERTAIN:
                shout(telecommand, telecommand.steps[-1].text("why"))
        await self._offer()
        self._service.ready.set()

    async def _offer(self) -> None:
        text = "Takes telecommands and tells their fate"
        micro = await self._service.add_micro("telecommand", VERSION, text)
        for name, schema in {**REQUESTS, **QUESTIONS}.items():
            await micro.add_endpoint(
                name,
                self._taking(name) if name in REQUESTS else self._answering(name),
                subject=f"telecommand.*.{name}",
                request_schema=schema,
                response_schema=DONE if name in REQUESTS else ANSWERS[name],
            )

    def _taking(self, action: str) -> Callable[[Request], Awaitable[None]]:
        async def take(request: Request) -> None:
            user = request.subject.split(".")[1]
            await request.respond(orjson.dumps(await self._desk.take(action, user, request.data)))

        return take

    def _answering(self, question: str) -> Callable[[Request], Awaitable[None]]:
        async def reply(request: Request) -> None:
            user = request.subject.split(".")[1]
            try:
                data = orjson.dumps(await self._questions.ask(question, user, request.data))
            except CommandError as error:
                raise QueryError(error.what, where=error.where, fix=error.fix) from error
            await send_answer(self._service.nc, request._msg.reply, _pieces(data))

        return reply


def _report(event: Event, telecommand: Telecommand | None) -> None:
    """Log what happens to telecommands; what is uncertain loudly."""
    if telecommand is None:
        return
    if telecommand.misfits and telecommand.misfits[-1].event is event:
        log.error("COMMANDS offset %d does not fit: %s", event.offset, telecommand.misfits[-1].why)
    elif event.name == "uncertain":
        shout(telecommand, event.text("why"))
    else:
        who = event.text("who")
        log.info("telecommand %s %s: %s by %s", event.telecommand, telecommand.name, event.name, who)


async def _kept_running(loop: _Loop) -> None:
    """Run a part of the service again whatever it stumbles over: nothing in a stream can stop it (law 6)."""
    while True:
        try:
            await loop.run()
        except Exception:
            log.exception("%s failed; going on", type(loop).__name__)
        await asyncio.sleep(_RETRY_S)


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, max(1, len(data)), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
