"""`flightledger simulate`, the mission device, and `flightledger demo`: a whole flight in one command."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from infra.cli.imports import wait_projected
from infra.cli.live import Board, follow
from infra.cli.output import console, print_json
from infra.errors import ConfigError, ServerError
from infra.program.page import page_of
from infra.program.service_names import SERVICE_NAMES
from infra.program.system import System, open_system, status
from infra.simulator import Device, DeviceReport, SimulatorConfig, load_simulator_config, run_device
from infra.simulator.recording import DEFAULT_DURATION_S
from infra.tasks import end_tasks
from streams import names
from streams.answers import ask_once
from streams.mission import Mission, load_mission
from streams.read import StreamReader, last_offset

_CLOSED_WITHIN_S = 30.0
DEMO_MISSION = Path(__file__).resolve().parents[2] / "missions" / "demo_rocket"


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `simulate` and `demo`."""
    simulate = commands.add_parser(
        "simulate", parents=[common], help="the mission device: sends telemetry, answers telecommands"
    )
    simulate.add_argument("--port", type=int, metavar="P", help="where the modem listens")
    simulate.add_argument("--countdown", type=float, metavar="S", help="seconds of flight before ignition")
    simulate.add_argument(
        "--uplink-loss", type=float, metavar="P", help="probability that a telecommand is lost on its way up"
    )
    simulate.add_argument(
        "--lose", action="append", default=[], metavar="NAME[=P]", help="the same for one telecommand (P: 1)"
    )
    simulate.add_argument("--log", type=Path, metavar="FILE", help="the device's own log of telecommands")
    simulate.set_defaults(run=run_simulate)
    demo = commands.add_parser("demo", parents=[common], help="everything at once, with a simulated flight")
    demo.add_argument("--until-landed", action="store_true", help="end after the flight, not at Ctrl-C")
    demo.set_defaults(run=run_demo, port=None, log=None)
    kept = " (default: a new file in the data folder)"
    for command, duration, recorder in ((simulate, None, ""), (demo, DEFAULT_DURATION_S, kept)):
        command.add_argument("mission", nargs="?", type=Path, default=DEMO_MISSION, metavar="MISSION")
        command.add_argument("--speed", type=float, metavar="X", help="seconds of flight per second")
        command.add_argument("--seed", type=int, metavar="N", help="which flight")
        command.add_argument(
            "--duration", type=float, default=duration, metavar="S", help="seconds of flight, then end"
        )
        command.add_argument(
            "--recorder", type=Path, metavar="FILE", help=f"what its recorder keeps: every packet{recorder}"
        )


async def run_simulate(options: argparse.Namespace) -> int:
    """Run the device until its flight is over, or Ctrl-C; as JSON, it says where it is and what it did."""

    def listening(device: Device) -> None:
        if options.json:
            print_json({"host": device.config.host, "port": device.port})
        else:
            console().print(f"the device listens on {device.config.host}:{device.port}   (Ctrl-C stops it)")

    config = load_simulator_config(options.mission)
    report = await _fly(options, _changed(config, options), listening)
    if options.json and report is not None:
        print_json(report.as_json())
    return 0


def _changed(config: SimulatorConfig, options: argparse.Namespace) -> SimulatorConfig:
    """The device's settings with those of `simulate` alone."""
    losses = dict(config.uplink_loss_by_name)
    for text in options.lose:
        name, _, probability = text.partition("=")
        try:
            losses[name] = float(probability or 1.0)
        except ValueError:
            raise ConfigError(f"--lose {text}", fix="write NAME or NAME=P, P from 0 to 1") from None
    given = {"countdown": options.countdown, "uplink_loss": options.uplink_loss}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    return replace(config, uplink_loss_by_name=losses, **changes)


async def run_demo(options: argparse.Namespace) -> int:
    """Start everything, fly, show live values, say what was recorded, and go on until Ctrl-C."""
    mission, config = load_mission(options.mission), load_simulator_config(options.mission)
    out = console()
    out.print(f"starting both servers and all services on {options.data}")
    async with open_system(options.data, services=SERVICE_NAMES, mission=options.mission) as system:
        if not system.owned:
            raise ServerError(
                "another program runs this data folder",
                where=str(system.servers.data_dir),
                fix="stop it, or name another folder: make demo ARGS='--data other'",
            )
        with page_of(system) as page:
            if page:
                out.print(f"the page: {page}")
            await _demonstrate(system, mission, config, options)
    return 0


async def _demonstrate(
    system: System, mission: Mission, config: SimulatorConfig, options: argparse.Namespace
) -> None:
    out = console()
    before = await last_offset(system.nc, names.FRAMES)
    if options.recorder is None:
        options.recorder = options.data / f"recorder-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.bin"
    out.print(f"{mission.title}: {options.duration:.0f} s of flight, on link {config.host}:{config.port}")
    flight = asyncio.create_task(_fly(options, config))
    seen = await last_offset(system.nc, names.OPERATIONS)
    await _show(system, Board(mission), flight)
    session = await _closed_session(system, seen)
    await _summary(system, before, session, f"{sys.argv[0]} --data {options.data}", _import_of(options))
    if not options.until_landed:
        out.print("\nEverything goes on running; Ctrl-C stops it.")
        await system.failed()


async def _fly(
    options: argparse.Namespace, config: SimulatorConfig, listening: Any = None
) -> DeviceReport | None:
    return await run_device(
        config,
        speed=options.speed,
        duration=options.duration,
        port=options.port,
        seed=options.seed,
        log=options.log,
        recorder=options.recorder,
        on_listening=listening,
    )


async def _show(system: System, board: Board, flight: asyncio.Task[DeviceReport | None]) -> None:
    """Show live values until the flight is over or a service fails; raise what either failed with."""

    def head(board: Board) -> list[str]:
        altitude, phase = board.value("ALTITUDE"), board.value("PHASE")
        height = f"{altitude:.0f} m" if isinstance(altitude, float) else "-"
        return [f"phase {phase or '-'}   altitude {height}   {board.packets} packets parsed"]

    ended = asyncio.create_task(system.failed())
    over = asyncio.create_task(_first_of(flight, ended))
    try:
        await follow(system.nc, board, head, over)
    finally:
        await end_tasks(over, ended, flight)
    for task in (ended, flight):
        if not task.cancelled():
            task.result()


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def _closed_session(system: System, seen: int) -> str:
    """Wait until the flight's session is closed, so that all its frames are in FRAMES; return its name."""
    deadline = asyncio.get_running_loop().time() + _CLOSED_WITHIN_S
    async with StreamReader(system.nc, names.OPERATIONS, start=seen + 1) as reader:
        while asyncio.get_running_loop().time() < deadline:
            for event in await reader.read(1.0):
                if event.subject == names.operation_subject("session-closed"):
                    return str(orjson.loads(event.data)["session"])
    raise ServerError("the flight's session was not closed", where="OPERATIONS", fix="see the lines above")


def _import_of(options: argparse.Namespace) -> str:
    """Return the command that imports what the recorder kept, behind the program's name."""
    card, mission = options.recorder, options.mission
    with suppress(ValueError):
        mission = mission.resolve().relative_to(Path.cwd())
    words = ["import", str(card), "--mission", str(mission), "--link", "recorder", "--session", card.stem]
    return shlex.join(words)


async def _summary(system: System, before: int, session: str, program: str, import_card: str) -> None:
    """Wait until everything is projected; print what there is and how to ask for it."""
    generation = str((await status(system.nc, "parser.status"))["generation"])
    end = await last_offset(system.nc, names.FRAMES)
    await wait_projected(system, generation, end)
    request = {"generation": generation, "session": session}
    counts = orjson.loads(await ask_once(system.nc, "query.counts", request))
    out = console()
    out.print(f"\nsession    {session}")
    out.print(f"recorded   {end - before} frames (offsets {before + 1} to {end} of FRAMES)")
    for title, text in (("frames", "parsed"), ("packets", "projected"), ("quarantine", "quarantine")):
        found = ", ".join(f"{name} {number}" for name, number in counts[title].items()) or "none"
        out.print(f"{text:<10} {found}")
    out.print(f"gaps       {counts['gaps']}, with {counts['missing'] or 0} packets missing")
    out.print("\nThe rocket's recorder has every packet, also those that its radio lost. To fill the gaps:")
    out.print(f"  {program} {import_card}", soft_wrap=True)
    out.print("\nAsk, from another terminal:")
    for question in (
        "query latest",
        "query history ALTITUDE --points 20",
        "query quarantine",
        "query gaps",
        f"report --session {session}",
        "origin --param BATTERY_VOLTAGE --at $(date -u +%FT%TZ)",
        'query sql "SELECT max(ALTITUDE) FROM packet_NAV"',
    ):
        out.print(f"  {program} {question}", soft_wrap=True)
