"""The IO service of a mission, which kills itself with SIGKILL at a step of its first telecommand.

    python dying_uplink.py NATS_URL MISSION DATA STEP

STEP: before-claim, after-claim, after-write or after-confirm. Prints a JSON line when it has begun.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from commands.stamp import service_stamp
from commands.telecommand import Event, Telecommand
from commands.uplink import Uplink
from infra.service import run, start_service
from streams.io_service import run_io
from streams.mission import load_mission


class DyingUplink(Uplink):
    """Dies at `step`."""

    step = ""

    def _die_at(self, step: str) -> None:
        if self.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    async def _claim(self, released: Event) -> Telecommand | None:
        self._die_at("before-claim")
        claimed = await super()._claim(released)
        self._die_at("after-claim")
        return claimed

    async def _note(self, telecommand: Telecommand, name: str, own: dict[str, Any], why: str) -> None:
        self._die_at("after-write")
        await super()._note(telecommand, name, own, why)
        self._die_at("after-confirm")


async def main(url: str, mission: str, data: str, step: str) -> None:
    DyingUplink.step = step
    service = await start_service(
        args=[f"--NATS_URL={url}", "--SERVICE_NAME=io", f"--DATA_DIR={data}"], environ={}
    )
    stamp = service_stamp(service.nc, "io")
    print(json.dumps({"pid": os.getpid()}), flush=True)
    await run_io(
        service,
        await asyncio.to_thread(load_mission, Path(mission)),
        lambda link: DyingUplink(service.nc, link, stamp).run(),
    )


if __name__ == "__main__":
    raise SystemExit(run(main(*sys.argv[1:])))
