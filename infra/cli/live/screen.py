"""Follows live telemetry on the terminal, updating in place; in a pipe, a line every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from rich.live import Live

from infra.cli.live.board import Board
from infra.cli.output import console

_REFRESH_S = 0.25
_LINE_S = 5.0

Head = Callable[[Board], list[str]]
"""Makes the lines above the board."""


async def follow(
    nc: Client,
    board: Board,
    head: Head,
    until: asyncio.Future[Any],
    *,
    subject: str = "telemetry.*.*",
    listening: asyncio.Event | None = None,
) -> None:
    """Show the board until `until` is done; `listening` is set when no message can be missed any more."""

    async def take(msg: Msg) -> None:
        board.take(msg.data)
        # A replay that goes as fast as it is taken; of live telemetry the reply belongs to the stream.
        if msg.reply and subject.startswith("replay."):
            await nc.publish(msg.reply, b"")

    subscription = await nc.subscribe(subject, cb=take)
    await nc.flush()
    if listening is not None:
        listening.set()
    try:
        if console().is_terminal:
            await _in_place(board, head, until)
        else:
            await _by_lines(board, head, until)
    finally:
        with contextlib.suppress(Exception):
            await subscription.unsubscribe()


async def _in_place(board: Board, head: Head, until: asyncio.Future[Any]) -> None:
    with Live(console=console(), auto_refresh=False, transient=True) as live:
        while not until.done():
            live.update(board.render(*head(board)), refresh=True)
            await asyncio.wait([until], timeout=_REFRESH_S)


async def _by_lines(board: Board, head: Head, until: asyncio.Future[Any]) -> None:
    last = time.monotonic()
    while not until.done():
        await asyncio.wait([until], timeout=_REFRESH_S)
        if time.monotonic() - last > _LINE_S:
            last = time.monotonic()
            console().print("   ".join(head(board)))
