"""Releases telecommands when their time has come, and gives up those that waited too long.

A release counts on the whole of COMMANDS as this service knows it: whenever anything else was appended
meanwhile, the stream refuses it and the decision is made anew. So several instances keep one order, one
sequence of counts, and one telecommand at a time on the way to a link.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from commands.constraints import Constraints, patience
from commands.ledger import Ledger
from commands.log import advance, append
from commands.release import Encoder
from commands.rules import misfit
from commands.schedule import due
from commands.stamp import Stamp
from commands.telecommand import Telecommand
from infra.errors import FlightLedgerError, StreamError
from streams.chain import ConflictError

_NS = 10**9
_LONGEST_WAIT_S = 5.0
_CONSTRAINT_POLL_S = 0.1
_RETRY_S = 0.5

log = logging.getLogger(__name__)


class Releaser:
    """`run` until cancelled."""

    def __init__(
        self, nc: Client, ledger: Ledger, stamp: Stamp, encoder: Encoder, constraints: Constraints
    ) -> None:
        self._nc, self._ledger, self._stamp = nc, ledger, stamp
        self._encoder, self._constraints = encoder, constraints
        self._blocked_since: dict[str, int] = {}

    async def run(self) -> None:
        """Do what is due, then wait until something is."""
        await self._ledger.caught_up()
        while True:
            version = self._ledger.version
            try:
                wait = await self._step()
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("releasing stopped: %s; trying again", error)
                wait = _RETRY_S
            await self._ledger.changed(version, wait)

    async def _step(self) -> float:
        """Do what is due and return how many seconds to wait for something new."""
        now = time.time_ns()
        found = due(self._ledger.board.open, self._ledger.held, now)
        for telecommand, why in found.expired:
            await self._end(telecommand, "expired", {}, why)
        heads = {head.id for head in found.heads}
        self._blocked_since = {key: at for key, at in self._blocked_since.items() if key in heads}
        waits = [_LONGEST_WAIT_S]
        waits += [_CONSTRAINT_POLL_S for head in found.heads if not await self._release(head)]
        if found.wake_at is not None:
            waits.append(max(0.0, (found.wake_at - time.time_ns()) / _NS))
        return min(waits)

    async def _release(self, telecommand: Telecommand) -> bool:
        """Release the head of a queue; False when it has to wait for a constraint."""
        now, board = time.time_ns(), self._ledger.board
        view = board.last_offset
        try:
            constraints = self._encoder.definition(telecommand).constraints
            unmet = await self._constraints.unmet(constraints, now)
            own = {} if unmet else self._encoder.released(telecommand, board, now)
        except StreamError:
            raise
        except FlightLedgerError as error:  # it can not be encoded any more
            await self._end(telecommand, "failed", {"stage": "release"}, str(error))
            return True
        if unmet:
            return await self._wait_or_fail(telecommand, [c for c, _ in unmet], [w for _, w in unmet], now)
        try:
            fields = {**own, **self._stamp.fields("its turn", now)}
            event = await append(self._nc, telecommand, "released", fields, view=view)
        except ConflictError:
            return True  # the view was old; what has changed wakes `run`
        await self._ledger.reached(command=event.offset)
        return True

    async def _wait_or_fail(
        self, telecommand: Telecommand, constraints: list[Any], reasons: list[str], now: int
    ) -> bool:
        since = self._blocked_since.setdefault(telecommand.id, now)
        if now - since < patience(constraints):
            return False
        why = "transmission constraint: " + "; ".join(reasons)
        await self._end(telecommand, "failed", {"stage": "release"}, why)
        return True

    async def _end(self, telecommand: Telecommand, name: str, own: dict[str, Any], why: str) -> None:
        fields = {**own, **self._stamp.fields(why)}

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            return None if misfit(newest, name, fields) else (name, fields)

        _, event = await advance(self._nc, telecommand, decide)
        if event is not None:
            log.warning("telecommand %s (%s) %s: %s", telecommand.id, telecommand.name, name, why)
            await self._ledger.reached(command=event.offset)
