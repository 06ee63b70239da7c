"""A sealer of its own process: `sealer_program.py NATS_URL FRAMES`; says when it has connected."""

from __future__ import annotations

import asyncio
import json
import sys

import nats

from streams.sealer import Sealer


async def main(url: str, frames: int) -> None:
    nc = await nats.connect(url)
    print(json.dumps({"ready": True}), flush=True)
    await Sealer(nc, frames=frames, seconds=0.2).run()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
