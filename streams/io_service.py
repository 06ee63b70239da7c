"""The IO service: keeps the mission's links up and records what comes down into FRAMES."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from infra.errors import FlightLedgerError
from infra.meter import Meter
from infra.service import Service
from streams.append import Appender
from streams.event_log import ensure_streams
from streams.generations import ensure_mission
from streams.links import LinkConfig, make_link
from streams.mission import Mission
from streams.recorder import LinkRecorder

_RETRY_S = 1.0

log = logging.getLogger(__name__)


async def run_io(service: Service, mission: Mission) -> None:
    """Run every link of the mission until cancelled; one that fails is taken up again."""
    await ensure_streams(service.js)
    await ensure_mission(service.nc, mission)
    if not mission.links:
        log.warning("the mission %s names no link: there is nothing to receive", mission.name)
        await service.stopped()
        return
    meter = Meter()
    service.figures.update(frames=lambda: meter.total, frames_per_s=meter.rate)
    async with asyncio.TaskGroup() as group:
        for config in mission.links:
            group.create_task(_keep_link(service, config, meter))


async def _keep_link(service: Service, config: LinkConfig, meter: Meter) -> None:
    while True:
        try:
            await _run_link(service, config, meter)
        except (FlightLedgerError, OSError) as error:
            log.error("link %s: %s; trying again", config.name, error)
            await asyncio.sleep(_RETRY_S)
        else:
            log.info("link %s has come to its end", config.name)
            await service.stopped()


async def _run_link(service: Service, config: LinkConfig, meter: Meter) -> None:
    async with Appender(service.nc, patient=True) as appender:
        recorder = LinkRecorder(service.nc, config, appender, meter)
        events = asyncio.create_task(recorder.run_events())
        try:
            await make_link(config).run(recorder)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(recorder.finish())
            events.cancel()
