"""The audit service: heads, verification, export and the verifier, on request, as a NATS micro service.

Requests go to `audit.<user>.<name>`; permissions tie the user to the connection. What a verification found
and who took an export stand in OPERATIONS as `audit-verified` and `audit-exported`. The work is done by
processes of its own, one verification at a time. Proven by `tests/commands/test_audit_service.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from nats.micro.request import Request

from commands.audit import verify_export
from commands.audit.document import head_json, outcome_json
from commands.audit.heads import heads_in
from commands.audit.key import fingerprint, load_or_make_key, public_hex
from commands.audit.schemas import ANSWERS, REQUESTS, parse_question
from commands.audit.work import exported, verified
from commands.stamp import service_stamp
from infra.errors import ConfigError, QueryError, StreamError
from infra.jobs import Jobs, Progress
from infra.service import Service
from streams.answers import send_answer
from streams.heads import read_heads
from streams.operations import append_operation
from streams.xtce.epochs import parse_instant

VERSION = "1.0.0"
VERIFIED, EXPORTED = "audit-verified", "audit-exported"
"""Kinds of the events in OPERATIONS."""

_EXPORTS = 2
"""Exports at the same time."""

log = logging.getLogger(__name__)

Json = dict[str, Any]


class AuditService:
    """Serves the requests of `schemas.REQUESTS`."""

    def __init__(self, service: Service, addresses: Mapping[str, str]) -> None:
        """`addresses` say how a worker process reaches the bus: `nats_url`, `nats_user`, `nats_password`."""
        self._service, self._addresses = service, addresses
        self._stamp = service_stamp(service.nc, "audit", service.name)
        self._jobs = Jobs(service.nc)

    async def serve(self) -> None:
        """Offer the endpoints; verifications under way end with `stop`."""
        micro = await self._service.add_micro(
            "audit", VERSION, "Proves that nothing was changed, and hands it out"
        )
        handlers: dict[str, Callable[[str, Json, Request], Awaitable[None]]] = {
            "heads": self._heads,
            "verify": self._verify,
            "export": self._export,
            "verifier": self._verifier,
        }
        for name, handler in handlers.items():
            await micro.add_endpoint(
                name,
                _asking(name, handler),
                subject=f"audit.*.{name}",
                request_schema=REQUESTS[name],
                response_schema=ANSWERS[name],
                concurrency=_EXPORTS if name == "export" else 16,
            )

    async def stop(self) -> None:
        """Stop the verifications under way."""
        await self._jobs.stop()

    async def _heads(self, _user: str, _question: Json, request: Request) -> None:
        heads = await read_heads(self._service.nc)
        key = public_hex(await asyncio.to_thread(load_or_make_key, self._service.data_dir))
        found = {"at": time.time_ns(), "heads": [head_json(head) for head in heads]}
        await request.respond(orjson.dumps({**found, "public_key": key, "fingerprint": fingerprint(key)}))

    async def _verifier(self, _user: str, _question: Json, request: Request) -> None:
        await request.respond(orjson.dumps({"name": "verify.py", "source": inspect.getsource(verify_export)}))

    async def _verify(self, user: str, question: Json, request: Request) -> None:
        if text := question.get("heads"):
            _check_heads(text)
        task = {**self._addresses, "heads": text or ""}

        async def job(progress: Progress) -> Json:
            report = await verified(task, progress)
            await self._note(VERIFIED, user, question, outcome_json(report))
            return report

        name = self._jobs.begin(job, question.get("job"))
        await request.respond(orjson.dumps({"job": name}))

    async def _export(self, user: str, question: Json, request: Request) -> None:
        """Send the file while it is made: no file of it is kept here, and a slow reader slows it down."""
        asked = (_moment(question, "from"), _moment(question, "to"), question.get("session"))
        task = {**self._addresses, "asked": asked, "folder": str(self._service.data_dir)}

        async def note(done: Json) -> None:
            span = dict(zip(("from", "to", "session"), asked, strict=True))
            await self._note(EXPORTED, user, question, {"asked": span, **done})

        async with aclosing(exported(task, note)) as pieces:
            await send_answer(self._service.nc, request._msg.reply, pieces)

    async def _note(self, kind: str, user: str, question: Json, fields: Json) -> None:
        """Keep what was done; streams that take no event must not hide what was found in them."""
        stamp = self._stamp.of(user, question)
        try:
            await append_operation(self._service.nc, kind, {**fields, **stamp.fields("")})
        except StreamError as error:
            log.error("the event %s could not be kept: %s", kind, error)


def _asking(
    name: str, handle: Callable[[str, Json, Request], Awaitable[None]]
) -> Callable[[Request], Awaitable[None]]:
    async def answer(request: Request) -> None:
        await handle(request.subject.split(".")[1], parse_question(name, request.data), request)

    return answer


def _check_heads(text: str) -> None:
    try:
        heads_in(text)
    except ConfigError as error:
        raise QueryError(error.what, where="heads", fix=error.fix) from error


def _moment(question: Json, key: str) -> int | None:
    """Return a time of a request in ns UTC; raises QueryError for what is none."""
    value = question.get(key)
    if value is None or isinstance(value, int):
        return value
    found = parse_instant(value)
    if found is None:
        raise QueryError(f"{value!r} is no time", where=key, fix="ISO 8601 like 2026-05-01T12:00:00Z")
    return found
