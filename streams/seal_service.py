"""The sealer as a service: seals FRAMES while they come in, and what is left when it is stopped."""

from __future__ import annotations

import asyncio
import contextlib

import orjson
from nats.errors import Error as NatsError
from nats.micro.request import Request

from infra.errors import FlightLedgerError
from infra.service import Service
from streams import names
from streams.event_log import ensure_streams
from streams.read import last_offset
from streams.sealer import Sealer

VERSION = "1.0.0"
_LAST_SEAL_WITHIN_S = 10.0


async def run_sealer(service: Service) -> None:
    """Seal until cancelled; answers `sealer.status` with the last sealed offset and the last of FRAMES."""
    await ensure_streams(service.js)
    sealer = Sealer(service.nc)

    async def answer(request: Request) -> None:
        end = await last_offset(service.nc, names.FRAMES)
        await request.respond(orjson.dumps({"sealed": sealer.sealed, "last_offset": end}))

    micro = await service.add_micro("sealer", VERSION, "Seals FRAMES by events in OPERATIONS")
    await micro.add_endpoint("status", answer, subject="sealer.status")
    service.ready.set()
    try:
        await sealer.run()
    finally:
        with contextlib.suppress(FlightLedgerError, NatsError, TimeoutError):
            await asyncio.wait_for(sealer.catch_up(), _LAST_SEAL_WITHIN_S)
