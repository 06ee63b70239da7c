"""One way to connect to NATS: bounded first connect, endless reconnects, clear errors, no poison.

Known limits: nats-py 2.16 stops reading for good, and still counts as connected, when a message's headers or
subject are not as it expects; the server takes such messages from anyone. Its `flush` may overtake what was
sent before it. It has no hooks for that, so `_Client` overrides three of its methods;
tests/infra/test_connection.py says so when an upgrade changes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import DEFAULT_INBOX_PREFIX, Client
from nats.aio.msg import Msg

from infra.access.grants import inbox
from infra.errors import ServerError

CONNECT_TIMEOUT = 5.0
"""Seconds until a start gives up on a server that does not answer."""

PENDING_BYTES = 64 * 1024 * 1024
"""Bytes that may wait to be sent, also while the connection is being made again."""

_REFUSED = re.compile(r"permissions violation for (publish|subscription) to (.*)", re.IGNORECASE)

log = logging.getLogger(__name__)


class _Client(Client):
    """A client that goes on reading whatever headers and subjects others send."""

    async def flush(self, timeout: float = 10) -> None:
        """Wait until the server has taken everything sent so far."""
        await self._flush_pending(force_flush=True)
        await super().flush(timeout)  # type: ignore[arg-type]

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        try:
            return await super()._process_headers(headers)
        except (IndexError, ValueError):
            return None

    def _build_message(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
    ) -> Any:
        return Msg(
            subject=subject.decode(errors="backslashreplace"),
            reply=reply.decode(errors="backslashreplace"),
            data=data,
            headers=headers,
            _client=self,
            _sid=sid,
        )


async def connect_nats(
    url: str,
    *,
    name: str,
    user: str | None = None,
    password: str | None = None,
    timeout: float = CONNECT_TIMEOUT,
    on_closed: Callable[[], None] | None = None,
    on_refused: Callable[[str], None] | None = None,
) -> Client:
    """Connect to `url` (several, separated by commas, are one cluster) and keep the connection up for ever.

    The first connect is tried again until `timeout` seconds are over. Afterwards nats-py reconnects without
    end; `on_closed` is called if it stops nevertheless. `on_refused` is told what the user may not do, such
    as `publish to "frame.radio"`; without it that is logged. The inboxes of a user are `_INBOX.<user>.>`.
    Raises ServerError when no server answers in time or when it refuses the user.
    """
    client = _Client()
    trouble = _Trouble(client, on_refused)
    connecting = asyncio.ensure_future(
        client.connect(
            servers=[part.strip() for part in url.split(",") if part.strip()],
            name=name,
            user=user or None,
            password=password or None,
            inbox_prefix=inbox(user).encode() if user else DEFAULT_INBOX_PREFIX,
            connect_timeout=max(1, int(timeout)),
            reconnect_time_wait=1,
            max_reconnect_attempts=-1,
            pending_size=PENDING_BYTES,
            error_cb=trouble.on_error,
            disconnected_cb=trouble.on_disconnected,
            reconnected_cb=trouble.on_reconnected,
            closed_cb=_closed_callback(on_closed),
        )
    )
    refused = asyncio.ensure_future(trouble.refused.wait())
    try:
        await asyncio.wait({connecting, refused}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done() and connecting.exception() is None:
            trouble.connected = True
            return client
        failure = (connecting.exception() if connecting.done() else None) or trouble.last
        raise _start_error(url, failure, refused=trouble.refused.is_set(), timeout=timeout)
    finally:
        refused.cancel()
        if not trouble.connected:
            await _abandon(client, connecting)


async def connect_once(nc: Client, on_closed: Callable[[], None]) -> Client:
    """Connect again as `nc` is connected, by a connection that ends when it breaks: nothing is sent twice.

    Raises an error of nats-py, OSError or TimeoutError when the server does not answer.
    """
    client, options = _Client(), nc.options
    known = {key: options[key] for key in ("name", "user", "password", "token", "tls") if options.get(key)}
    connecting = client.connect(
        servers=[server.geturl() for server in nc.servers],
        inbox_prefix=inbox(options["user"]).encode() if options.get("user") else DEFAULT_INBOX_PREFIX,
        allow_reconnect=False,
        connect_timeout=int(CONNECT_TIMEOUT),
        pending_size=PENDING_BYTES,
        error_cb=_ignore,
        closed_cb=_closed_callback(on_closed),
        **known,
    )
    try:
        await asyncio.wait_for(connecting, CONNECT_TIMEOUT)
    except BaseException:
        await client.close()
        raise
    return client


async def _ignore(error: Exception) -> None:
    """Leave it to whoever uses the connection: it ends."""


class _Trouble:
    """Call-backs of one connection: remembers the first connect's failures, logs those of later on."""

    def __init__(self, client: Client, on_refused: Callable[[str], None] | None) -> None:
        self._client, self._on_refused = client, on_refused
        self.connected = False
        self.last: BaseException | None = None
        self.refused = asyncio.Event()

    async def on_error(self, error: Exception) -> None:
        self.last = error
        if "authorization" in str(error).lower():
            self.refused.set()
        refused = _REFUSED.search(str(error))
        if refused is not None and self._on_refused is not None:
            self._on_refused(f"{refused[1]} to {refused[2]}")
        elif self.connected:
            log.warning("NATS connection: %s", _reason(error))

    async def on_disconnected(self) -> None:
        if self.connected and not self._client.is_closed:  # it is also called when we close it ourselves
            log.warning("the connection to NATS is lost; connecting again")

    async def on_reconnected(self) -> None:
        log.info("connected to NATS again")


def _closed_callback(on_closed: Callable[[], None] | None) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        if on_closed is not None:
            on_closed()

    return closed


async def _abandon(client: Client, connecting: asyncio.Future[None]) -> None:
    connecting.cancel()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await connecting
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.close(), 1.0)


def _start_error(url: str, failure: BaseException | None, *, refused: bool, timeout: float) -> ServerError:
    where = without_password(url)
    if refused:
        return ServerError(
            "the NATS server refuses this user name and password",
            where=where,
            fix="check NATS_USER and NATS_PASSWORD",
        )
    reason = f": {_reason(failure)}" if failure is not None else ""
    return ServerError(
        f"no NATS server answers within {timeout:g} s{reason}",
        where=where,
        fix="start the server, or correct NATS_URL",
    )


def _reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def without_password(url: str) -> str:
    """Return the URL(s) as they may be shown: without user name and password."""

    def shown(part: str) -> str:
        full = part if "://" in part else f"nats://{part}"
        return f"{urlsplit(full).scheme}://{full.split('://', 1)[1].rpartition('@')[2]}"

    return ",".join(shown(part.strip()) for part in url.split(",") if part.strip())
