"""The IO service: keeps the mission's links up and records what comes down into FRAMES."""

from __future__ import annotations

import asyncio
import logging

from infra.errors import FlightLedgerError
from infra.service import Service
from infra.tasks import end_tasks
from streams.append import Appender
from streams.event_log import ensure_streams
from streams.generations import ensure_mission
from streams.links import LinkConfig, make_link
from streams.mission import Mission
from streams.recorder import LinkRecorder

_RETRY_S = 1.0
_FINISH_S = 30.0

log = logging.getLogger(__name__)


async def run_io(service: Service, mission: Mission) -> None:
    """Run every link of the mission until cancelled; one that fails is taken up again."""
    await ensure_streams(service.js)
    await ensure_mission(service.nc, mission)
    if not mission.links:
        log.warning("the mission %s names no link: there is nothing to receive", mission.name)
        await service.stopped()
        return
    async with asyncio.TaskGroup() as group:
        for config in mission.links:
            group.create_task(_keep_link(service, config))


async def _keep_link(service: Service, config: LinkConfig) -> None:
    while True:
        try:
            await _run_link(service, config)
        except (FlightLedgerError, OSError) as error:
            log.error("link %s: %s; trying again", config.name, error)
            await asyncio.sleep(_RETRY_S)
        else:
            log.info("link %s has come to its end", config.name)
            await service.stopped()
            return


async def _run_link(service: Service, config: LinkConfig) -> None:
    async with Appender(service.nc, patient=True) as appender:
        recorder = LinkRecorder(service.nc, config, appender)
        events = asyncio.create_task(recorder.run_events())
        link = asyncio.create_task(make_link(config).run(recorder))
        try:
            await asyncio.shield(link)
        finally:
            link.cancel()
            finishing = asyncio.create_task(_finish(link, recorder))
            await asyncio.wait({finishing}, timeout=_FINISH_S)
            if not finishing.done():
                what = f"the server does not take the last {appender.waiting} frames: they are lost"
                log.error("link %s: %s", config.name, what)
            await end_tasks(finishing, link, events)


async def _finish(link: asyncio.Task[None], recorder: LinkRecorder) -> None:
    """Bring what was received into the streams: a link that is stopped hands over what it has read."""
    await asyncio.wait({link})
    await recorder.finish()
