"""Claims whose owner is gone: the telecommand becomes `uncertain`, and a person decides (law 5).

An uplink answers on the subject of its claim for as long as it lives and works on it. When nobody answers
there, the claim's owner died, or is cut off, between claim and confirmation: nobody knows whether the bytes
left. Nothing is ever sent again by itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from commands.ledger import Ledger
from commands.log import advance
from commands.stamp import Stamp
from commands.state import State
from commands.telecommand import Telecommand
from infra.errors import FlightLedgerError

GRACE_S = 2.0
"""How long a claim may be young before its owner is asked for."""

_EVERY_S = 0.5
_ANSWER_S = 2.0

log = logging.getLogger(__name__)


def claim_subject(instance: str) -> str:
    """`uplink.<instance>`: where the owner of claims says whether it works on one."""
    return f"uplink.{instance}"


class ClaimWatch:
    """`run` until cancelled."""

    def __init__(self, nc: Client, ledger: Ledger, stamp: Stamp) -> None:
        self._nc, self._ledger, self._stamp = nc, ledger, stamp
        self._since: dict[str, float] = {}

    async def run(self) -> None:
        """Look at the open claims again and again."""
        await self._ledger.caught_up()
        while True:
            claimed = [one for one in self._ledger.board.open if one.state is State.CLAIMED]
            self._since = {one.id: self._since.get(one.id, time.monotonic()) for one in claimed}
            for telecommand in claimed:
                if time.monotonic() - self._since[telecommand.id] >= GRACE_S:
                    await self._look_at(telecommand)
            await asyncio.sleep(_EVERY_S)

    async def _look_at(self, telecommand: Telecommand) -> None:
        claimed = telecommand.last("claimed")
        assert claimed is not None
        instance = claimed.text("instance")
        try:
            if not await self._is_worked_on(telecommand.id, instance):
                await self._mark(telecommand, instance)
        except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
            log.warning(
                "telecommand %s: whether its uplink lives is not known: %s",
                telecommand.id,
                error or "no answer",
            )

    async def _is_worked_on(self, identity: str, instance: str) -> bool:
        try:
            answer = await self._nc.request(claim_subject(instance), identity.encode(), timeout=_ANSWER_S)
        except NoRespondersError:
            return False
        return bool(orjson.loads(answer.data)["working"])

    async def _mark(self, telecommand: Telecommand, instance: str) -> None:
        why = f"the uplink {instance} claimed it and is gone: whether it left is not known"
        fields = {"instance": instance, **self._stamp.fields(why)}

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            claimed = newest.last("claimed")
            same = claimed is not None and claimed.text("instance") == instance
            return ("uncertain", fields) if newest.state is State.CLAIMED and same else None

        _, event = await advance(self._nc, telecommand, decide)
        if event is not None:
            await self._ledger.reached(command=event.offset)


def shout(telecommand: Telecommand, why: str) -> None:
    """Say loudly that a telecommand is uncertain."""
    log.critical(
        "UNCERTAIN: telecommand %s (%s) on link %s may or may not have left: %s. It will not be sent again"
        " by itself. Find out whether it arrived, and say so: flightledger command resolve %s …",
        telecommand.id,
        telecommand.name,
        telecommand.link,
        why,
        telecommand.id,
    )
