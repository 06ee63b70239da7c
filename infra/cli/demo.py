"""`flightledger simulate`: the mission device. (Its flight is told in docs/demo-mission.md.)"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from infra.cli.output import console
from infra.simulator import Device, load_simulator_config, run_device

DEMO_MISSION = Path("missions/demo_rocket")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `simulate`."""
    simulate = commands.add_parser("simulate", parents=[common], help="the mission device: sends telemetry")
    simulate.add_argument("mission", nargs="?", type=Path, default=DEMO_MISSION, metavar="MISSION")
    simulate.add_argument("--speed", type=float, metavar="X", help="seconds of flight per second")
    simulate.add_argument("--seed", type=int, metavar="N", help="which flight")
    simulate.add_argument("--port", type=int, metavar="P", help="where the modem listens")
    simulate.add_argument("--duration", type=float, metavar="S", help="seconds of flight, then end")
    simulate.set_defaults(run=run_simulate)


async def run_simulate(options: argparse.Namespace) -> int:
    """Run the device until its flight is over, or Ctrl-C."""

    def listening(device: Device) -> None:
        console().print(f"the device listens on {device.config.host}:{device.port}   (Ctrl-C stops it)")

    await run_device(
        load_simulator_config(options.mission),
        speed=options.speed,
        duration=options.duration,
        port=options.port,
        seed=options.seed,
        on_listening=listening,
    )
    return 0
