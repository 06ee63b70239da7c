"""The mission that a system has: named by its configuration, or recorded in OPERATIONS."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nats.aio.client import Client

from infra.errors import ConfigError
from infra.service import Service
from streams.event_log import ensure_streams
from streams.generations import read_generations
from streams.mission import Mission, load_mission, unbundle


async def mission_of(service: Service) -> Mission:
    """Load the mission that `MISSION` names, or the one that was recorded last in OPERATIONS."""
    path = service.config.get("MISSION")
    if path:
        return await asyncio.to_thread(load_mission, Path(str(path)))
    await ensure_streams(service.js)
    return await last_mission(service.nc)


async def last_mission(nc: Client) -> Mission:
    """Load the mission that was recorded last in OPERATIONS; raises ConfigError when there is none."""
    bundles = (await read_generations(nc)).bundles
    if not bundles:
        raise ConfigError(
            "no mission is named and the streams have none", where="OPERATIONS", fix="name a mission folder"
        )
    return await asyncio.to_thread(unbundle, list(bundles.values())[-1])
