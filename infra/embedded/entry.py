"""The asyncio way to the embedded servers.

async with connect_or_start("./data") as servers:
    connection = await nats.connect(servers.nats_url)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

from infra.embedded.servers import JOIN_TIMEOUT, EmbeddedServers
from infra.errors import ServerError


class Settings(TypedDict, total=False):
    """The keyword arguments of EmbeddedServers."""

    nats_port: int
    websocket_port: int
    monitoring_port: int
    clickhouse_port: int
    sync_interval: str | None
    page_port: int
    clickhouse_memory: int | None


@asynccontextmanager
async def embedded_servers(
    data_dir: Path | str = "./data", **settings: Unpack[Settings]
) -> AsyncIterator[EmbeddedServers]:
    """Run both servers on a data folder for as long as the block lasts; see EmbeddedServers.start."""
    servers = EmbeddedServers(data_dir, **settings)
    await _in_thread(servers, servers.start)
    try:
        yield servers
    finally:
        await asyncio.shield(asyncio.to_thread(servers.stop))


@asynccontextmanager
async def connect_or_start(
    data_dir: Path | str = "./data", *, timeout: float = JOIN_TIMEOUT, **settings: Unpack[Settings]
) -> AsyncIterator[EmbeddedServers]:
    """Join the servers of the program that runs on this folder, or run them for as long as the block lasts.

    `servers.owned` says which. A joined program's servers end with that program, whatever this one does.
    """
    servers = EmbeddedServers(data_dir, **settings)
    await _in_thread(servers, servers.join_or_start, timeout)
    try:
        yield servers
    finally:
        await asyncio.shield(asyncio.to_thread(servers.stop))


async def _in_thread(servers: EmbeddedServers, method: Callable[..., None], *arguments: float) -> None:
    """Run a blocking start; when this task is cancelled meanwhile, end the start and what it has started."""
    running = asyncio.ensure_future(asyncio.to_thread(method, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        servers.cancel()
        with contextlib.suppress(ServerError):
            await running
        await asyncio.to_thread(servers.stop)
        raise
