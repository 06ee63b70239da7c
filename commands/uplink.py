"""The way up of one link, at most once (law 5): claim in the stream, write, confirm in the stream.

- The claim counts on the telecommand being `released` and nothing else: of several uplinks one gets it.
- Bytes are written only after the claim is acknowledged, and only once: whatever happens then, the
  telecommand is never written again, by nobody. What became of it is `sent`, `failed` (not a byte has left)
  or `uncertain`.
- Whoever dies in between leaves a claim without an owner, which becomes `uncertain` (`commands/claims.py`).

Proven by `tests/commands/test_uplink.py` and `tests/faults/test_telecommand_kill.py`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from commands.claims import claim_subject, shout
from commands.fold import apply
from commands.log import advance, parse_event
from commands.rules import misfit
from commands.settings import LONGEST_CLAIM_S
from commands.stamp import Stamp
from commands.state import State
from commands.telecommand import Event, Telecommand
from infra.errors import FlightLedgerError, LinkError
from infra.tasks import end_tasks
from streams import names
from streams.links import Link, LinkDownError
from streams.read import StreamReader, offset_at_time

SLOW_S = 10.0
"""How long a link may take to take the bytes before the telecommand counts as uncertain."""

STOP_S = 5.0
"""How long a telecommand that is being written may go on when the service stops."""

DOWN_S = 0.5
"""How long a link may be down before the telecommand fails."""

_POLL_S = 0.02
_RETRY_S = 1.0

log = logging.getLogger(__name__)


class Uplink:
    """Sends the released telecommands of one link, one after the other, in the order of their release."""

    def __init__(self, nc: Client, link: Link, stamp: Stamp) -> None:
        self._nc, self._link, self._stamp = nc, link, stamp
        self._name = link.config.name
        self._instance = f"{self._name}-{secrets.token_hex(6)}"
        self._working: str | None = None
        self._done = 0

    async def run(self) -> None:
        """Send until cancelled; one that is being written then is finished first."""
        subscription = await self._nc.subscribe(claim_subject(self._instance), cb=self._answer)
        try:
            while True:
                try:
                    async for event in self._released():
                        await self._to_the_end(event)
                except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                    log.error("the uplink of %s stopped: %s; going on", self._name, error or repr(error))
                    await asyncio.sleep(_RETRY_S)
        finally:
            if not self._nc.is_closed:
                await subscription.unsubscribe()

    async def _released(self) -> AsyncIterator[Event]:
        """Yield the releases for this link, once each, from those that may still be waiting on."""
        start = self._done + 1
        if not self._done:
            oldest = time.time_ns() - 2 * LONGEST_CLAIM_S * 10**9
            start = await offset_at_time(self._nc, names.COMMANDS, oldest)
        subject = names.command_subject("*", "released")
        async with StreamReader(self._nc, names.COMMANDS, start=start, subject=subject) as reader:
            while True:
                for message in await reader.read(5.0):
                    event = parse_event(message)
                    if event.text("link") == self._name:
                        yield event
                    self._done = event.offset

    async def _to_the_end(self, event: Event) -> None:
        """Send one telecommand; when this is cancelled meanwhile, finish it first."""
        sending = asyncio.ensure_future(self._send(event))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=STOP_S)
            await end_tasks(sending)
            raise

    async def _send(self, released: Event) -> None:
        self._working = released.telecommand
        try:
            if not await self._is_up():
                known = _as_released(released)
                await self._fail(known, "the link is down: not a byte has left")
            elif (telecommand := await self._claim(released)) is not None:
                await self._write(telecommand)
        finally:
            self._working = None

    async def _is_up(self) -> bool:
        """Whether the link is up; a short outage, or another uplink of the same link, gets a moment."""
        for _ in range(round(DOWN_S / _POLL_S)):
            if self._link.is_up:
                break
            await asyncio.sleep(_POLL_S)
        return self._link.is_up

    async def _claim(self, released: Event) -> Telecommand | None:
        """Claim it; None when it is not to be had. Not a byte leaves before the stream has acknowledged."""
        fields = {
            "instance": self._instance,
            "link": self._name,
            **self._stamp.fields("to be written to the link"),
        }
        until = released.number("until") or 0

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            too_late = time.time_ns() > until  # then it expires
            return None if too_late or misfit(newest, "claimed", fields) else ("claimed", fields)

        before, event = await advance(self._nc, _as_released(released), decide, patience=float("inf"))
        if event is None:
            return None
        claimed = before if event in before.steps else apply(before, event)
        if claimed.state is State.CLAIMED and time.time_ns() <= until:
            return claimed
        # The acknowledgement came late: somebody may have acted on the claim since.
        await self._fail(claimed, "the claim was acknowledged too late: not a byte has left")
        return None

    async def _write(self, telecommand: Telecommand) -> None:
        """Hand the bytes to the link, once, and say what became of them."""
        data = b"".join(telecommand.units)
        writing = asyncio.ensure_future(self._link.send(data))
        done, _ = await asyncio.wait({writing}, timeout=SLOW_S)
        if not done:
            await self._uncertain(telecommand, f"the link has not taken all bytes within {SLOW_S:.0f} s")
        try:
            await writing
        except LinkDownError as error:
            await self._fail(telecommand, str(error))
        except (LinkError, OSError) as error:
            await self._uncertain(telecommand, str(error))
        else:
            fields = {"instance": self._instance, "written": time.time_ns(), "bytes": len(data)}
            await self._note(telecommand, "sent", fields, "handed to the link")

    async def _fail(self, telecommand: Telecommand, why: str) -> None:
        log.error("telecommand %s was not sent: %s", telecommand.id, why)
        await self._note(telecommand, "failed", {"stage": "uplink", "instance": self._instance}, why)

    async def _uncertain(self, telecommand: Telecommand, why: str) -> None:
        shout(telecommand, why)
        await self._note(telecommand, "uncertain", {"instance": self._instance}, why)

    async def _note(self, telecommand: Telecommand, name: str, own: dict[str, Any], why: str) -> None:
        """Append what became of it, however long the stream takes to take it."""
        fields = {**own, **self._stamp.fields(why)}

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            return None if misfit(newest, name, fields) else (name, fields)

        await advance(self._nc, telecommand, decide, patience=float("inf"))

    async def _answer(self, msg: Msg) -> None:
        await msg.respond(orjson.dumps({"working": msg.data.decode() == self._working}))


def _as_released(released: Event) -> Telecommand:
    """The telecommand as it is when nothing came after its release; a conflict shows when something did."""
    return Telecommand(released.telecommand, State.RELEASED, (released,), (), released.offset)
