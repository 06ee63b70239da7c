"""`flightledger import`: a recording into FRAMES, parsed and projected."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

import orjson

from infra.cli.output import console, print_json
from infra.cli.progress import bytes_bar
from infra.cli.target import target_of
from infra.errors import MissionError, ServerError
from infra.program.system import System, open_system, status
from streams import names
from streams.answers import ask_once, ask_rows
from streams.generations import ensure_mission, read_generations
from streams.mission import Mission, load_mission
from streams.recording_import import Imported, import_recording
from streams.sealer import seal_all

SERVICES = ("query", "writer", "parser")
ARCHIVE = ""
"""The frame archive is of no generation."""

_STALL_S = 120.0
_QUERY_BACK_S = 30.0  # the frames are recorded already: a query service that is just starting again may do so
_POLL_S = 0.1


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `import`."""
    command = commands.add_parser("import", parents=[common], help="append a recording, parse and project it")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--mission", type=Path, required=True, metavar="DIR", help="mission folder, or one XTCE file"
    )
    command.add_argument("--link", metavar="L", help="link it came over (default: the mission's first)")
    command.add_argument("--session", metavar="S", help="session (default: from the file's digest)")
    command.set_defaults(run=run_import)


async def run_import(options: argparse.Namespace) -> int:
    """Import, wait until everything is projected, print counts."""
    if not options.file.is_file():
        raise MissionError("there is no such recording", where=str(options.file))
    mission = load_mission(options.mission)
    link = options.link or (mission.links[0].name if mission.links else "recording")
    async with open_system(target_of(options), services=SERVICES, mission=options.mission) as system:
        await ensure_mission(system.nc, mission)
        generation = await _parsing_generation(system, mission)
        with bytes_bar(options.file.stat().st_size, f"import {options.file.name}") as tell:
            done = await import_recording(
                system.nc,
                options.file,
                link=link,
                framing=mission.framing(link),
                session=options.session,
                progress=tell,
            )
        await wait_projected(system, generation, done.last_offset)
        await wait_projected(system, ARCHIVE, done.last_offset)
        await _wait_promoted(system)
        sealed = await seal_all(system.nc)  # now, not beside the parser: 12.5 s instead of 14 for 200,000
        request = {"generation": generation, "session": done.session}
        counts = orjson.loads(await ask_once(system.nc, "query.counts", request, up_within_s=_QUERY_BACK_S))
    _show(done, counts | {"sealed_to": sealed}, as_json=options.json)
    return 0


async def _parsing_generation(system: System, mission: Mission) -> str:
    """Return the generation being parsed; refuses when a running system parses with another database."""
    parser = await status(system.nc, "parser.status")
    if parser["mission"] != mission.digest:
        raise MissionError(
            f"the running system parses generation {parser['generation']}, made with another version of this "
            "mission",
            where=system.place,
            fix="stop it and start it with this mission, or promote a generation made with it",
        )
    return str(parser["generation"])


async def wait_projected(system: System, generation: str, offset: int, *, stream: str = names.FRAMES) -> None:
    """Wait until the tables have what `stream` has up to `offset`. Raises ServerError when nothing moves."""
    loop = asyncio.get_running_loop()
    seen, moved = -1, loop.time()
    while True:
        rows = await ask_rows(system.nc, "query.offsets", {}, up_within_s=_QUERY_BACK_S)
        at = max(
            (row["offset"] for row in rows if (row["stream"], row["generation"]) == (stream, generation)),
            default=0,
        )
        if at >= offset:
            return
        if at != seen:
            seen, moved = at, loop.time()
        if loop.time() - moved > _STALL_S:
            raise ServerError(
                f"the projections stand still at offset {at} of {offset}",
                where=stream,
                fix="the frames are safe in FRAMES; look at the lines above and run the command again",
            )
        await asyncio.sleep(_POLL_S)


async def _wait_promoted(system: System) -> None:
    """Wait until the tables know every promotion, so that whoever asks next finds what is live.

    The writer follows OPERATIONS beside the frames, and this program may end with the frames. Raises
    ServerError when it does not come to know them.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _STALL_S
    wanted = {name for _, name in (await read_generations(system.nc)).promotions}
    while True:
        rows = await ask_rows(system.nc, "query.generations", {}, up_within_s=_QUERY_BACK_S)
        known = {row["generation"] for row in rows}
        promoted = {row["generation"] for row in rows if row["promoted"]}
        if wanted & known <= promoted and promoted:
            return
        if loop.time() > deadline:
            raise ServerError(
                "the projections do not know which generation is live",
                where=names.OPERATIONS,
                fix="the frames are safe in FRAMES; look at the lines above and run the command again",
            )
        await asyncio.sleep(_POLL_S)


def _show(done: Imported, counts: dict[str, Any], *, as_json: bool) -> None:
    document = {
        "session": done.session,
        "link": done.link,
        "frames_in_file": done.frames,
        "frames_added": done.added,
        **counts,
    }
    if as_json:
        print_json(document)
        return
    out = console()
    out.print(f"session    {done.session} on link {done.link}")
    out.print(f"frames     {done.frames} in the file, {done.added} added now")
    out.print(f"generation {counts['generation']}")
    for title in ("frames", "packets", "quarantine"):
        found = ", ".join(f"{name} {number}" for name, number in counts[title].items()) or "none"
        out.print(f"{title:<10} {found}")
    out.print(f"gaps       {counts['gaps']}, with {counts['missing'] or 0} packets missing")
    out.print(f"sealed     up to frame {counts['sealed_to']}")
