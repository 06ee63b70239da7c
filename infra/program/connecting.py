"""The one way in which a command connects to the bus: as whom, and what happens when it may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nats.aio.client import Client

from infra.connection import connect_nats, without_password
from infra.errors import AccessError

NAME = "flightledger"


@asynccontextmanager
async def connected(url: str, credentials: tuple[str, str] | None) -> AsyncIterator[Client]:
    """Connect, as user and password, for as long as the block lasts.

    The block ends with AccessError as soon as the server refuses something that is done in it: a request
    that is refused would else wait for its answer in vain.
    """
    task, refused = asyncio.current_task(), list[str]()

    def on_refused(what: str) -> None:
        refused.append(what)
        if len(refused) == 1 and task is not None:
            task.cancel()

    user, password = credentials or ("", "")
    nc = await connect_nats(url, name=NAME, user=user, password=password, on_refused=on_refused)
    try:
        yield nc
    except asyncio.CancelledError:
        if not refused or task is None:
            raise
        task.uncancel()
        raise AccessError(
            f"{user or 'a connection without a user'} may not {refused[0]}",
            where=without_password(url),
            fix="sign in as somebody who may (--user), or let an administrator change the role (`user role`)",
        ) from None
    finally:
        await nc.close()
