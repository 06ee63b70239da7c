"""The replay service: plays stretches of a flight as if live, several at once, as a NATS micro service.

`replay.start` answers with a new replay's id; its messages go to
`replay.<id>.telemetry.<generation>.<packet>`, and it obeys requests to `replay.<id>.control`. Replays are
noted in OPERATIONS. One that nobody has asked anything for ten minutes after its end is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any

import orjson
from nats.micro.request import Request

from infra.errors import QueryError
from infra.service import Service
from infra.tasks import end_tasks
from projections.clickhouse import ClickHouse
from projections.queries.scope import scope_of
from projections.replay.player import Json, Player, is_speed
from projections.replay.window import Stretch
from streams.generations import read_generations
from streams.operations import append_operation

VERSION = "1.0.0"
MOST = 32
"""Replays at the same time."""

_FORGET_S = 600.0
_LOOK_S = 10.0
_TIME = {"type": ["string", "integer"], "description": "ISO 8601 (UTC), or ns since 1970"}
_START: Json = {
    "type": "object",
    "properties": {
        "from": _TIME,
        "to": _TIME,
        "as_of": _TIME,
        "generation": {"type": "string"},
        "session": {"type": "string"},
        "speed": {"type": "number", "minimum": 0, "description": "0: as fast as each message is answered"},
        "paused": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_CONTROL: Json = {
    "type": "object",
    "properties": {
        "action": {"enum": ["pause", "resume", "seek", "step", "speed", "status", "stop"]},
        "to": {"type": "integer", "description": "seek: ns UTC"},
        "packet": {"type": "string", "description": "step: up to the next packet of this type"},
        "speed": {"type": "number", "minimum": 0},
    },
    "required": ["action"],
}

log = logging.getLogger(__name__)


@dataclass
class _Replay:
    player: Player
    task: asyncio.Task[None]
    asked: float


class ReplayService:
    """Keeps the replays under way."""

    def __init__(self, service: Service, clickhouse: ClickHouse) -> None:
        self._service, self._clickhouse = service, clickhouse
        self._replays: dict[str, _Replay] = {}

    async def serve(self) -> None:
        """Offer the endpoints."""
        micro = await self._service.add_micro("replay", VERSION, "Plays stretches of a flight as if live")
        await micro.add_endpoint("start", self._start, subject="replay.start", request_schema=_START)
        await micro.add_endpoint("list", self._list, subject="replay.list")
        await micro.add_endpoint(
            "control", self._control, subject="replay.*.control", request_schema=_CONTROL
        )

    async def run(self) -> None:
        """Forget replays that have ended long ago, until cancelled; then stop them all."""
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                for replay, one in list(self._replays.items()):
                    idle = time.monotonic() - one.asked
                    if idle > _FORGET_S and one.player.status()["state"] == "finished":
                        await self._stop(replay, "forgotten")
        finally:
            await end_tasks(*(one.task for one in self._replays.values()))

    async def _start(self, request: Request) -> None:
        question = _document(request, "replay.start")
        if unknown := set(question) - set(_START["properties"]):
            raise QueryError(
                f"unknown field {min(unknown)!r}", fix=f"known: {', '.join(_START['properties'])}"
            )
        speed = question.pop("speed", 1.0)
        if not isinstance(speed, int | float) or not is_speed(speed):
            raise QueryError(f"speed = {speed!r}", where="replay.start", fix="a number from 0 to a million")
        if len(self._replays) >= MOST:
            raise QueryError(f"{MOST} replays are under way", fix="stop one of them: replay.<id>.control")
        paused = question.pop("paused", False) is True
        player, replay = await self._open(question, float(speed), paused)
        status = player.status()
        await append_operation(self._service.nc, "replay-started", status)
        task = asyncio.create_task(player.play())
        task.add_done_callback(lambda done: _report(replay, done))
        self._replays[replay] = _Replay(player, task, time.monotonic())
        await request.respond(orjson.dumps(status))

    async def _open(self, question: Json, speed: float, paused: bool) -> tuple[Player, str]:
        scope = await asyncio.to_thread(scope_of, self._clickhouse, question)
        state = await read_generations(self._service.nc)
        mission = await asyncio.to_thread(state.mission_of, scope.generation)
        stretch = await asyncio.to_thread(Stretch, self._clickhouse, mission, scope)
        replay = secrets.token_hex(4)
        player = Player(self._service.nc, replay, stretch, scope.generation, speed=speed, paused=paused)
        await player.open()
        return player, replay

    async def _list(self, request: Request) -> None:
        await request.respond(orjson.dumps([one.player.status() for one in self._replays.values()]))

    async def _control(self, request: Request) -> None:
        replay = request.subject.split(".")[1]
        if replay not in self._replays:
            raise QueryError(f"there is no replay {replay!r}", fix="see replay.list")
        question = _document(request, request.subject)
        one = self._replays[replay]
        one.asked = time.monotonic()
        if question.get("action") == "stop":
            await self._stop(replay, "stopped")
            await request.respond(orjson.dumps(one.player.status() | {"state": "stopped"}))
        else:
            await request.respond(orjson.dumps(await one.player.control(question)))

    async def _stop(self, replay: str, why: str) -> None:
        one = self._replays.pop(replay)
        await end_tasks(one.task)
        fields = {"replay": replay, "sent": one.player.sent, "why": why}
        await append_operation(self._service.nc, "replay-stopped", fields)


def _document(request: Request, where: str) -> Json:
    try:
        found: Any = orjson.loads(request.data or b"{}")
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    if not isinstance(found, dict):
        raise QueryError("the request is not a JSON object", where=where)
    return found


def _report(replay: str, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("replay %s ended: %s", replay, task.exception())
