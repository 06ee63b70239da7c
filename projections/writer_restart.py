"""The writer goes back, or forward, on request: rows that were lost with a table are written again.

A request becomes an event `writer-restarted` in OPERATIONS, which every instance of the writer follows: they
share the tables, and one that went on elsewhere would store its own position over the others'.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
from nats.errors import Error as NatsError
from nats.micro.request import Request

from infra.errors import FlightLedgerError, QueryError
from infra.service import Service
from projections.clickhouse import ClickHouse
from projections.writer import position, store_position
from projections.writer_flow import CONSUMER
from streams import names
from streams.operations import append_operation, operation_of
from streams.read import StreamReader, first_offset, last_offset
from streams.restart import RESTART_SCHEMA, restart_offset

VERSION = "1.0.0"
RESTARTED = "writer-restarted"
_RETRY_S = 1.0

_STATUS_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "how far the tables are",
    "type": "object",
    "properties": {
        "offset": {"type": "integer", "description": "last message of TELEMETRY that is in the tables"},
        "last_offset": {"type": "integer", "description": "last message that TELEMETRY has"},
        "lag": {"type": "integer", "description": "messages behind"},
    },
}

log = logging.getLogger(__name__)


class WriterRestarts:
    """Offers `writer.restart` and `writer.status`; `stop` ends the run of the writer that is under way.

    Whoever runs the writer calls `turn` before each run.
    """

    def __init__(self, service: Service, clickhouse: ClickHouse, stop: Callable[[], None]) -> None:
        self._service, self._clickhouse, self._stop = service, clickhouse, stop
        self._wanted: tuple[int, int] | None = None  # offset of the event, and the one in TELEMETRY
        self._turned = 0
        self._news = asyncio.Condition()

    async def offer(self) -> None:
        """Serve requests, and know from which event on restarts are new."""
        self._turned = await last_offset(self._service.nc, names.OPERATIONS)
        micro = await self._service.add_micro("writer", VERSION, "Writes TELEMETRY to the tables")
        await micro.add_endpoint(
            "restart",
            self._restart,
            subject="writer.restart",
            request_schema=RESTART_SCHEMA
            | {"title": "write again from an offset of TELEMETRY, or a time on"},
        )
        await micro.add_endpoint(
            "status", self._status, subject="writer.status", response_schema=_STATUS_SCHEMA
        )

    async def follow(self) -> None:
        """Follow the events until cancelled."""
        while True:
            try:
                await self._follow()
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("restarts can not be followed: %s; trying again", error)
                await asyncio.sleep(_RETRY_S)

    async def turn(self) -> None:
        """Store where the writer is wanted to go on, if anywhere."""
        if self._wanted is None:
            return
        event, start = self._wanted
        await asyncio.to_thread(store_position, self._clickhouse, CONSUMER, names.TELEMETRY, start - 1)
        log.info("writing TELEMETRY from offset %d on, as event %d of OPERATIONS says", start, event)
        if self._wanted == (event, start):  # nobody has asked for another place meanwhile
            self._wanted = None
        async with self._news:
            self._turned = event
            self._news.notify_all()

    async def _follow(self) -> None:
        nc, subject = self._service.nc, names.operation_subject(RESTARTED)
        async with StreamReader(nc, names.OPERATIONS, start=self._turned + 1, subject=subject) as reader:
            while True:
                for message in await reader.read(1.0):
                    start = operation_of(message).fields.get("from_offset")
                    if type(start) is int and start > 0:  # anybody with rights may append something else
                        self._wanted = message.offset, start
                        self._stop()

    async def _restart(self, request: Request) -> None:
        """Append the event; the answer comes when this instance has stored where it goes on."""
        nc = self._service.nc
        start = await restart_offset(nc, names.TELEMETRY, request.data, where="writer.restart")
        was_at = await self._at()
        if start < (oldest := await first_offset(nc, names.TELEMETRY)):
            raise QueryError(
                f"TELEMETRY has the offsets from {oldest} on, not {start}",
                where="writer.restart",
                fix="let the parser make them again: `parser restart`",
            )
        fields = {"from_offset": start, "was_at": was_at}
        event = await append_operation(nc, RESTARTED, fields)
        async with self._news:
            await self._news.wait_for(lambda: self._turned >= event)
        await request.respond(orjson.dumps(fields))

    async def _status(self, request: Request) -> None:
        at, end = await self._at(), await last_offset(self._service.nc, names.TELEMETRY)
        status: dict[str, Any] = {"offset": at, "last_offset": end, "lag": max(0, end - at)}
        await request.respond(orjson.dumps(status))

    async def _at(self) -> int:
        return await asyncio.to_thread(position, self._clickhouse, CONSUMER, names.TELEMETRY)
