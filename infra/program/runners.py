"""What each service name runs, given its configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from commands.audit.service import AuditService
from commands.rows import TelecommandRows
from commands.service import TelecommandService
from commands.stamp import service_stamp
from commands.uplink import Uplink
from infra.embedded.clickhouse_process import SQL_USER
from infra.errors import ConfigError
from infra.program.bus import ensure_bus
from infra.program.missions import mission_of
from infra.service import Service
from projections.clickhouse import ClickHouse, connect, connect_reader
from projections.event_log import check_event_log
from projections.generations.service import GenerationService
from projections.queries.sql import SqlUser
from projections.query_service import serve_queries
from projections.replay.service import ReplayService
from projections.schema import create_fixed_tables
from projections.writer_service import WriterService
from streams.event_log import ensure_streams
from streams.io_service import run_io
from streams.links import Link
from streams.parser_service import ParserService
from streams.seal_service import run_sealer


def clickhouse_of(service: Service) -> ClickHouse:
    """Connect to the ClickHouse server that `CLICKHOUSE_URL` names."""
    user = service.config.get("CLICKHOUSE_USER"), service.config.get("CLICKHOUSE_PASSWORD")
    return connect(_clickhouse_url(service), user=str(user[0] or "default"), password=str(user[1] or ""))


def sql_user_of(service: Service, clickhouse: ClickHouse) -> SqlUser:
    """Return the restricted user `CLICKHOUSE_SQL_USER`, by default the one that the embedded server has."""
    url = _clickhouse_url(service)
    user = str(service.config.get("CLICKHOUSE_SQL_USER") or SQL_USER)
    password = str(service.config.get("CLICKHOUSE_SQL_PASSWORD") or "")
    return SqlUser(lambda: connect_reader(url, user=user, password=password), clickhouse)


def _clickhouse_url(service: Service) -> str:
    url = service.config.get("CLICKHOUSE_URL")
    if not url:
        raise ConfigError(
            "CLICKHOUSE_URL is missing", where=service.name, fix="give it, like http://127.0.0.1:8123"
        )
    return str(url)


def worker_addresses(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what a worker process of a reprocess or an audit must know to reach the servers."""
    names = ("nats_url", "nats_user", "nats_password", "clickhouse_url", "clickhouse_password")
    found = {name: str(config.get(name.upper()) or "") for name in names}
    return found | {"clickhouse_user": str(config.get("CLICKHOUSE_USER") or "default")}


async def _io(service: Service) -> None:
    service.ready.set()
    stamp = service_stamp(service.nc, "io", service.name)

    def uplink(link: Link) -> Coroutine[None, None, None]:
        return Uplink(service.nc, link, stamp).run()

    await run_io(service, await mission_of(service), uplink)


async def _telecommand(service: Service) -> None:
    await TelecommandService(service, await mission_of(service)).run()


async def _audit(service: Service) -> None:
    await ensure_streams(service.js)
    audit = AuditService(service, worker_addresses(service.config))
    await audit.serve()
    service.ready.set()
    try:
        await service.stopped()
    finally:
        await audit.stop()


async def _parser(service: Service) -> None:
    await ParserService(service, await mission_of(service)).run()


async def _writer(service: Service) -> None:
    clickhouse = await asyncio.to_thread(clickhouse_of, service)
    await WriterService(service, clickhouse, TelecommandRows).run()


async def _query(service: Service) -> None:
    await ensure_bus(service.js)
    clickhouse = await asyncio.to_thread(clickhouse_of, service)
    await asyncio.to_thread(create_fixed_tables, clickhouse)
    await check_event_log(service.nc, clickhouse)
    await serve_queries(service, clickhouse, sql_user_of(service, clickhouse))
    service.ready.set()
    await service.stopped()


async def _generation(service: Service) -> None:
    clickhouse = await asyncio.to_thread(clickhouse_of, service)
    generations = GenerationService(service, clickhouse, worker_addresses(service.config))
    await generations.serve()
    service.ready.set()
    try:
        await service.stopped()
    finally:
        await generations.stop()


async def _replay(service: Service) -> None:
    replays = ReplayService(service, await asyncio.to_thread(clickhouse_of, service))
    await replays.serve()
    service.ready.set()
    await replays.run()


RUNNERS: dict[str, Callable[[Service], Awaitable[None]]] = {
    "query": _query,
    "audit": _audit,
    "generation": _generation,
    "replay": _replay,
    "writer": _writer,
    "parser": _parser,
    "sealer": run_sealer,
    "telecommand": _telecommand,
    "io": _io,
}
"""By their names, as `service_names.py` has them."""
