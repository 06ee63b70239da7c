"""Runs a flight procedure as one person: each step is kept in OPERATIONS, the first that fails ends it.

It runs where the person is and not in a service: when that program ends, nothing more is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from commands.procedure import Procedure, Step

_POLL_S = 0.2
_REACHED = {
    "sent": ("sent", "accepted", "started", "progressed", "completed"),
    "accepted": ("accepted", "started", "progressed", "completed"),
    "started": ("started", "progressed", "completed"),
    "completed": ("completed",),
}
_OVER = ("rejected", "cancelled", "expired", "failed", "uncertain", "timed-out")

Json = dict[str, Any]
Ask = Callable[[str, Json], Awaitable[Any]]
"""Asks the telecommand service as a person: action and request; returns the answer's JSON."""


@dataclass(frozen=True)
class Progress:
    """What happened to a step: `result` is begun, done, failed or stopped."""

    step: Step | None
    result: str
    text: str
    telecommand: str = ""


class _FailedError(Exception):
    """A step did not do what it should."""


class ProcedureRun:
    """One run of a procedure; `tell` hears of every step."""

    def __init__(self, procedure: Procedure, ask: Ask, tell: Callable[[Progress], None]) -> None:
        self._procedure, self._ask, self._tell = procedure, ask, tell
        self.id = f"run-{secrets.token_hex(5)}"
        self._telecommand = ""

    async def run(self) -> bool:
        """Run all steps; False when one failed. When it is cancelled, that is kept too."""
        try:
            await self._note(None, "begun", self._procedure.title)
            for step in self._procedure.steps:
                await self._run_step(step)
            self._telecommand = ""
            await self._note(None, "done", self._procedure.title)
        except _FailedError as error:
            with contextlib.suppress(_FailedError):
                await self._note(None, "failed", str(error))
            return False
        return True

    async def _run_step(self, step: Step) -> None:
        self._telecommand = ""
        await self._note(step, "begun", step.say or f"{step.kind} {step.what}")
        try:
            text = await self._do(step)
        except _FailedError as error:
            await self._note(step, "failed", str(error))
            raise _FailedError(f"step {step.number} failed") from error
        except asyncio.CancelledError:
            await self._note(step, "stopped", "by the person who ran it")
            raise
        await self._note(step, "done", text)

    async def _do(self, step: Step) -> str:
        match step.kind:
            case "send":
                return await self._send(step)
            case "check":
                return await self._check(step)
            case "pause":
                await asyncio.sleep(step.seconds)
                return f"{step.seconds:g} s"
            case _:
                await asyncio.sleep(max(0.0, (step.until - time.time_ns()) / 1e9))
                return step.what

    async def _send(self, step: Step) -> str:
        request: Json = {
            "name": step.what,
            "arguments": dict(step.arguments),
            "why": step.why or f"{self._procedure.title}, step {step.number}",
            "request_id": f"{self.id}-{step.number}",
            **({"link": step.link} if step.link else {}),
        }
        answer = await self._ask("submit", request)
        if not answer["done"]:
            raise _FailedError(f"refused: {answer['reason']}")
        self._telecommand = answer["id"]
        if step.wait == "none":
            return "submitted"
        return await self._reached(step)

    async def _reached(self, step: Step) -> str:
        deadline = time.monotonic() + step.within
        while True:
            life = await self._ask("log", {"id": self._telecommand})
            if life["state"] in _REACHED[step.wait]:
                return str(life["state"])
            if life["state"] in _OVER:
                raise _FailedError(f"telecommand {self._telecommand} is {life['state']}: {life['reason']}")
            if life["settled"] or time.monotonic() > deadline:
                end = "and nothing more is reported" if life["settled"] else f"after {step.within:g} s"
                raise _FailedError(f"telecommand {self._telecommand} is {life['state']} {end}")
            await asyncio.sleep(_POLL_S)

    async def _check(self, step: Step) -> str:
        deadline = time.monotonic() + step.within
        while True:
            found = await self._ask("holds", {"condition": step.what})
            if found["holds"]:
                return str(found["seen"])
            if time.monotonic() >= deadline:
                raise _FailedError(f"{step.what} does not hold: {found['seen']}")
            await asyncio.sleep(_POLL_S)

    async def _note(self, step: Step | None, result: str, text: str) -> None:
        """Keep what happened; a step that can not be kept is not done."""
        self._tell(Progress(step, result, text, self._telecommand))
        request: Json = {
            "procedure": self.id,
            "title": self._procedure.title,
            "digest": self._procedure.digest,
            "step": step.number if step else 0,
            "what": f"{step.kind} {step.what}" if step else "",
            "result": result,
            "why": text,
        }
        if self._telecommand:
            request["telecommand"] = self._telecommand
        answer = await self._ask("note", request)
        if not answer["done"]:
            raise _FailedError(f"the step can not be kept: {answer['reason']}")
