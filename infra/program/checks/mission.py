"""The mission that was loaded last: what of it is read over, and which telecommands can not be sent."""

from __future__ import annotations

import asyncio

from nats.aio.client import Client

from commands.definitions import TelecommandSet
from infra.program.checks.finding import Finding, ok, remark
from infra.program.missions import last_mission
from streams.generations import read_generations
from streams.mission import Mission

_READ_OVER = "nothing, if you do without it; what is read, docs/missions.md tells"
_MEND = "mend the mission database, or send the others: `flightledger command list`"


async def check_mission(nc: Client) -> list[Finding]:
    """Look at the newest mission in OPERATIONS, each remark with file and line."""
    if not (await read_generations(nc)).bundles:
        return [ok("mission", "no mission has been loaded yet")]
    return await asyncio.to_thread(findings_of, await last_mission(nc))


def findings_of(mission: Mission) -> list[Finding]:
    """Return the remarks on a mission's database and telecommands. Raises ConfigError for wrong settings."""
    telecommands = TelecommandSet(mission)
    database = mission.database
    kinds = mission.decoder().packet_types if database.containers else ()
    remarks = [*database.remarks, *(text for kind in kinds for text in kind.remarks)]
    found = [remark("mission", text, _READ_OVER) for text in remarks]
    for name, why in telecommands.problems.items():
        found.append(remark("telecommands", f"{name} can not be sent: {why}", _MEND))
    whole = (
        f"{mission.name}: {len(database.containers)} containers, {len(database.parameters)} parameters, "
        f"{len(telecommands.names())} telecommands"
    )
    return [ok("mission", whole), *found]
