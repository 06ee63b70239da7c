"""Answers of the telecommand service to those who only ask: definitions, lives, queues, newest values."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from nats.aio.client import Client

from commands.answers import life, summary
from commands.conditions import parse_comparison
from commands.constraints import Constraints
from commands.definitions import Definition
from commands.ledger import Ledger
from commands.log import read_telecommand
from commands.mission_commands import MissionCommands
from commands.requests import check_request, parse_request
from commands.schedule import queue
from commands.state import State
from commands.submission import Submissions
from commands.telemetry import Field, newest
from infra.errors import CommandError
from streams.xtce.conditions import in_words

_NEWEST = 100
Json = dict[str, Any]


class Questions:
    """`ask` answers a request of `requests.QUESTIONS`."""

    def __init__(self, nc: Client, ledger: Ledger, mission: MissionCommands) -> None:
        self._nc, self._ledger, self._mission = nc, ledger, mission
        self._constraints = Constraints(nc, mission.telemetry, mission.settings.fresh_within_s)
        self._answers: dict[str, Callable[[Json, str], Awaitable[Any]]] = {
            "definitions": self._definitions,
            "log": self._log,
            "queues": self._queues,
            "check": self._check,
            "holds": self._holds,
            "values": self._values,
        }

    async def ask(self, question: str, user: str, data: bytes) -> Any:
        """Return the answer to a user as JSON; raises CommandError for what can not be answered."""
        return await self._answers[question](check_request(question, parse_request(data)), user)

    async def _definitions(self, request: Json, user: str) -> list[Json]:
        catalog = self._mission.catalog
        wanted = [request["name"]] if "name" in request else catalog.names()
        found = [catalog.find(name) for name in wanted]
        return [
            {
                **one.describe(),
                "approvals_needed": self._mission.approvals(one.significance),
                "may": self._mission.settings.actions_of(user, one.qualified_name),
            }
            for one in found
        ]

    async def _log(self, request: Json, _user: str) -> Any:
        if "id" not in request:
            return [summary(one) for one in self._ledger.board.newest[: request.get("limit", _NEWEST)]]
        telecommand = await read_telecommand(self._nc, request["id"])
        if telecommand.state is State.NONE:
            raise CommandError(f"there is no telecommand {request['id']!r}", fix="see `command log`")
        return life(telecommand)

    async def _queues(self, _request: Json, _user: str) -> Json:
        board, held, now = self._ledger.board, self._ledger.held, time.time_ns()
        links = [
            {
                "link": link.name,
                "held": dict(held[link.name].fields) if link.name in held else None,
                "queue": [one.id for one in queue(board.open, link.name, now)],
            }
            for link in self._mission.mission.links
        ]
        return {"links": links, "open": [summary(one) for one in board.open]}

    async def _check(self, request: Json, _user: str) -> Json:
        definition, found = Submissions(self._mission).check(request)
        return {
            "name": definition.qualified_name,
            "significance": definition.significance,
            "approvals_needed": self._mission.approvals(definition.significance),
            "constraints": await self._seen(definition),
            **found,
        }

    async def _seen(self, definition: Definition) -> list[Json]:
        """Say of each transmission constraint whether it holds now, and what was seen."""
        found = []
        for constraint in definition.constraints:
            met, seen = await self._constraints.holds(constraint.condition, time.time_ns())
            found.append({"condition": in_words(constraint.condition), "holds": met, "seen": seen})
        return found

    async def _holds(self, request: Json, _user: str) -> Json:
        condition = parse_comparison(request["condition"])
        self._fields(condition.left.parameter)
        fresh = float(request.get("fresh_within_s", self._mission.settings.fresh_within_s))
        constraints = Constraints(self._nc, self._mission.telemetry, fresh)
        met, seen = await constraints.holds(condition, time.time_ns())
        return {"holds": met, "seen": seen}

    async def _values(self, request: Json, _user: str) -> list[Json]:
        found = []
        for name in request["parameters"]:
            fields = self._fields(name)
            row: Json = {"parameter": fields[0].parameter.qualified_name}
            if (sample := await newest(self._nc, fields)) is not None:
                row |= {"value": sample.value, "raw": sample.raw, **sample.row.origin()}
            found.append(row)
        return found

    def _fields(self, parameter: str) -> tuple[Field, ...]:
        found = self._mission.telemetry.fields(parameter)
        if not found:
            raise CommandError(f"there is no one parameter {parameter!r} in telemetry", fix="name it in full")
        return found
