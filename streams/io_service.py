"""The IO service: keeps the mission's links up, records what comes down into FRAMES, lets an uplink send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from infra.errors import FlightLedgerError
from infra.meter import Meter
from infra.service import Service
from infra.tasks import end_tasks, run_together
from streams.append import Appender
from streams.event_log import ensure_streams
from streams.generations import ensure_mission
from streams.links import Link, LinkConfig, make_link
from streams.mission import Mission
from streams.recorder import LinkRecorder

_RETRY_S = 1.0
_FINISH_S = 30.0
_PATIENCE_S = _FINISH_S + 5.0

UplinkRunner = Callable[[Link], Coroutine[None, None, None]]
"""Sends by a link until cancelled. It is ended before the link is, and may finish what it has begun."""

log = logging.getLogger(__name__)


async def run_io(service: Service, mission: Mission, uplink: UplinkRunner | None = None) -> None:
    """Run every link of the mission, with an uplink each, until cancelled; what fails is taken up again."""
    await ensure_streams(service.js)
    await ensure_mission(service.nc, mission)
    if not mission.links:
        log.warning("the mission %s names no link: there is nothing to receive", mission.name)
        await service.stopped()
        return
    meter = Meter()
    service.figures.update(frames=lambda: meter.total, frames_per_s=meter.rate)
    links = (_keep_link(service, config, uplink, meter) for config in mission.links)
    await run_together(*links, patience=_PATIENCE_S)


async def _keep_link(service: Service, config: LinkConfig, uplink: UplinkRunner | None, meter: Meter) -> None:
    while True:
        try:
            await _run_link(service, config, uplink, meter)
        except (FlightLedgerError, OSError) as error:
            log.error("link %s: %s; trying again", config.name, error)
            await asyncio.sleep(_RETRY_S)
        else:
            log.info("link %s has come to its end", config.name)
            await service.stopped()
            return


async def _run_link(service: Service, config: LinkConfig, uplink: UplinkRunner | None, meter: Meter) -> None:
    async with Appender(service.nc, patient=True) as appender:
        recorder = LinkRecorder(service.nc, config, appender, meter)
        link = make_link(config)
        events = asyncio.create_task(recorder.run_events())
        receiving = asyncio.create_task(link.run(recorder))
        sending = asyncio.create_task(_keep_uplink(link, uplink)) if uplink is not None else None
        try:
            await asyncio.shield(receiving)
        finally:
            if sending is not None:
                await end_tasks(sending, patience=_FINISH_S)
            receiving.cancel()
            finishing = asyncio.create_task(_finish(receiving, recorder))
            await asyncio.wait({finishing}, timeout=_FINISH_S)
            if not finishing.done():
                what = f"the server does not take the last {appender.waiting} frames: they are lost"
                log.error("link %s: %s", config.name, what)
            await end_tasks(finishing, receiving, events)


async def _keep_uplink(link: Link, uplink: UplinkRunner) -> None:
    while True:
        try:
            await uplink(link)
        except Exception:
            log.exception("the uplink of %s failed; trying again", link.config.name)
        await asyncio.sleep(_RETRY_S)


async def _finish(receiving: asyncio.Task[None], recorder: LinkRecorder) -> None:
    """Bring what was received into the streams: a link that is stopped hands over what it has read."""
    await asyncio.wait({receiving})
    await recorder.finish()
