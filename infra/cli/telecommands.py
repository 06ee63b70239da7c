"""The telecommand service seen from the command line: who asks, and how."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from nats.aio.client import Client

from commands.requests import REQUESTS
from infra.cli.target import target_of
from infra.errors import ServerError
from infra.program.system import open_system
from infra.program.target import asker
from streams.answers import ask_once
from streams.names import token

_CLIENT = "flightledger command"
_TRIES = 3
_TIMEOUT_S = 20.0


def user_of(options: argparse.Namespace, nc: Client) -> str:
    """Return who asks: who signed in; where nobody does, --user, NATS_USER, or the system's user."""
    target = target_of(options)
    return asker(nc) if target.password or not target.user else token(target.user)


class Person:
    """Asks the telecommand service as one user."""

    def __init__(self, nc: Client, user: str) -> None:
        self._nc, self._user = nc, user

    async def ask(self, action: str, request: dict[str, Any]) -> Any:
        """Ask and return the answer.

        What changes something is asked again when no answer comes, with the same request id: it is done once.
        """
        changes = action in REQUESTS
        if changes:
            request = {"request_id": secrets.token_hex(8), "client": _CLIENT, **request}
        for attempt in range(1, _TRIES + 1):
            try:
                data = await ask_once(self._nc, f"telecommand.{self._user}.{action}", request, _TIMEOUT_S)
                return orjson.loads(data)
            except ServerError:
                if not changes or attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")


@asynccontextmanager
async def ask_for(options: argparse.Namespace) -> AsyncIterator[Person]:
    """Join the running system as the user of the command line; raises ServerError when none runs."""
    async with open_system(target_of(options)) as system:
        if system.owned:
            raise ServerError(
                "no system runs on this data folder: nothing could be sent",
                where=system.place,
                fix="start `flightledger up MISSION`",
            )
        yield Person(system.nc, user_of(options, system.nc))
