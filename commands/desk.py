"""What persons ask for, turned into events: submit, approve, cancel, resolve, hold, resume, note.

Every request ends in one event, a refused one in `rejected`, and its answer is made from events alone: the
same request id gets the same answer, whatever instance is asked and however much later. Proven by
`tests/commands/test_desk.py`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from nats.aio.client import Client

from commands.answers import answer, hold_answer
from commands.holds import HELD, RESUMED
from commands.identity import identities, request_digest
from commands.ledger import Ledger
from commands.log import advance, read_telecommand
from commands.mission_commands import MissionCommands
from commands.requests import check_request, parse_request
from commands.rules import misfit
from commands.stamp import SERVICES, Stamp
from commands.submission import Submissions, not_allowed
from commands.telecommand import Telecommand
from infra.errors import CommandError
from streams.operations import append_operation

_EVENTS = {"approve": "approved", "cancel": "cancelled", "resolve": "resolved"}
PROCEDURE = "procedure"
"""Kind of the events in OPERATIONS that tell the steps of a flight procedure."""

_KEPT_PAYLOAD = 1_000

Json = dict[str, Any]


class Desk:
    """Takes requests; `stamp` is that of this service, whose `who` is replaced by the user."""

    def __init__(self, nc: Client, ledger: Ledger, stamp: Stamp, mission: MissionCommands) -> None:
        self._nc, self._ledger, self._stamp = nc, ledger, stamp
        self._submissions, self._settings = Submissions(mission), mission.settings
        self._actions: dict[str, Callable[[str, str, Json, Stamp], Awaitable[Json]]] = {
            "submit": self._submit,
            **dict.fromkeys(_EVENTS, self._decide),
            **dict.fromkeys(("hold", "resume"), self._hold_or_resume),
            "note": self._note,
        }

    async def take(self, action: str, user: str, data: bytes) -> Json:
        """Do what a user asks for and return the answer.

        Raises StreamError when the streams do not answer: the request may be done or not, so it should be
        sent again, with the same request id.
        """
        request: Json = {}
        try:
            request = parse_request(data)
            request = check_request(action, request)
            if user in SERVICES:
                raise CommandError(f"{user} is the name of a service", fix="sign in with a name of your own")
            stamp = self._stamp.of(user, request)
            if (known := await self._answered(action, request, stamp)) is not None:
                return known
            return await self._actions[action](action, user, request, stamp)
        except CommandError as error:
            return await self._reject(action, request, self._stamp.of(user, request), error, data)

    async def _submit(self, action: str, user: str, request: Json, stamp: Stamp) -> Json:
        now = time.time_ns()
        fields = self._submissions.fields(request, user, now)
        own = {**fields, "digest": request_digest(action, request)}
        return await self._begin("submitted", {**own, **stamp.fields(request.get("why", ""), now)}, stamp)

    async def _decide(self, action: str, user: str, request: Json, stamp: Stamp) -> Json:
        """Approve, cancel or resolve: one event, if the telecommand's state allows it when it is appended."""
        name, own = _EVENTS[action], {"arrived": request["arrived"]} if action == "resolve" else {}
        fields = {**own, **stamp.fields(request.get("why", ""))}

        def decide(telecommand: Telecommand) -> tuple[str, Json] | None:
            if not self._settings.may(user, action, telecommand.name):
                raise not_allowed(user, action, telecommand.name)
            if why := misfit(telecommand, name, fields):
                raise CommandError(why, where=f"telecommand {telecommand.id}")
            return name, fields

        before = await read_telecommand(self._nc, request["id"])
        telecommand, event = await advance(self._nc, before, decide)
        assert event is not None
        return answer(telecommand, event)

    async def _hold_or_resume(self, action: str, user: str, request: Json, stamp: Stamp) -> Json:
        link = request["link"]
        self._submissions.check_link(link)
        if not self._settings.may(user, action):
            raise not_allowed(user, action, f"the queue of {link}")
        kind, newest = HELD if action == "hold" else RESUMED, self._ledger.queues.get(link)
        if newest is not None and newest.kind == kind and _is_from(newest.fields, stamp):
            return hold_answer(newest.kind, link, newest.offset)
        held = self._ledger.held.get(link)
        if held is not None and action == "hold":
            raise CommandError(f"{held.fields.get('who')} holds the queue already", where=f"link {link}")
        if held is None and action == "resume":
            raise CommandError("the queue is not held", where=f"link {link}")
        offset = await append_operation(
            self._nc, kind, {"link": link, **stamp.fields(request.get("why", ""))}
        )
        await self._ledger.reached(operation=offset)
        return hold_answer(kind, link, offset)

    async def _note(self, action: str, user: str, request: Json, stamp: Stamp) -> Json:
        """Keep a step of a procedure that a person runs."""
        if not self._settings.may(user, action):
            raise not_allowed(user, action, "procedures")
        own = {key: value for key, value in request.items() if key not in ("client", "request_id", "why")}
        fields = {**own, **stamp.fields(request.get("why", ""))}
        offset = await append_operation(self._nc, PROCEDURE, fields)
        return {"done": True, "id": request["procedure"], "event": PROCEDURE, "offset": offset}

    async def _reject(
        self, action: str, request: Json, stamp: Stamp, error: CommandError, data: bytes
    ) -> Json:
        """Keep a refused request as an event of a telecommand that ends with it."""
        fields: Json = {"request": action, "digest": request_digest(action, request)}
        texts = {"name": "name", "link": "link", "id": "telecommand"}
        fields |= {name: request[key] for key, name in texts.items() if isinstance(request.get(key), str)}
        if isinstance(request.get("arguments"), dict):
            fields["arguments"] = request["arguments"]
        if not request and data:
            fields["payload"] = data[:_KEPT_PAYLOAD].decode("utf-8", "backslashreplace")
        fields |= {"fix": error.fix, "problems": error.problems}
        where = f"{error.where}: " if error.where else ""
        fields |= stamp.fields(f"{where}{error.what}")
        try:
            return await self._begin("rejected", fields, stamp)
        except ReusedRequestIdError as reused:
            fresh = replace(stamp, request_id="")
            fields |= {"fix": reused.fix, "problems": {}, **fresh.fields(str(reused.what))}
            fields.pop("request_id", None)
            return await self._begin("rejected", fields, fresh)

    async def _begin(self, name: str, fields: Json, stamp: Stamp) -> Json:
        """Append the first event of an id, the one that this request id stands for."""
        for identity in identities(stamp.who, stamp.request_id):
            blank = Telecommand(identity)
            telecommand, event = await advance(
                self._nc, blank, lambda newest: None if newest.steps else (name, fields)
            )
            if event is not None:
                return answer(telecommand, event)
            if _is_of(telecommand, stamp):
                return self._same_answer(telecommand, fields["digest"])
        raise AssertionError("unreachable: there is always another id")

    async def _answered(self, action: str, request: Json, stamp: Stamp) -> Json | None:
        """Return the answer that a request id got before; None for a new one.

        Submissions find out when they append. Raises CommandError when it was another request.
        """
        if not stamp.request_id or action == "submit":
            return None
        digest = request_digest(action, request)
        if "id" in request:
            telecommand = await read_telecommand(self._nc, request["id"])
            for step in telecommand.steps:
                if step.name == _EVENTS[action] and _is_from(step.fields, stamp):
                    return answer(telecommand, step)
        for identity in identities(stamp.who, stamp.request_id):
            found = await read_telecommand(self._nc, identity)
            if not found.steps:
                return None
            if _is_of(found, stamp):
                return self._same_answer(found, digest)
        return None

    def _same_answer(self, telecommand: Telecommand, digest: str) -> Json:
        first = telecommand.steps[0]
        if first.fields.get("digest") != digest:
            raise ReusedRequestIdError(
                f"the request id {first.text('request_id')!r} was used for another request",
                where=f"telecommand {telecommand.id}",
                fix="give each request an id of its own",
            )
        return answer(telecommand, first)


class ReusedRequestIdError(CommandError):
    """A request id that stands for another request already."""


def _is_of(telecommand: Telecommand, stamp: Stamp) -> bool:
    return bool(telecommand.steps) and _is_from(telecommand.steps[0].fields, stamp)


def _is_from(fields: Mapping[str, Any], stamp: Stamp) -> bool:
    return bool(stamp.request_id) and (fields.get("who"), fields.get("request_id")) == (
        stamp.who,
        stamp.request_id,
    )
