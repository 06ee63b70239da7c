"""A small service as a program: prints one JSON line when it is ready, answers on `work.<anything>`.

    python service_program.py --NATS_URL=… --SERVICE_NAME=… --DATA_DIR=…

It answers with its process id, raises for the payload `raise`, and needs no NATS with `--no-nats`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from nats.aio.msg import Msg

from infra.service import run, start_service


async def main() -> int:
    nats = "--no-nats" not in sys.argv
    async with await start_service(nats=nats, connect_timeout=2.0) as service:

        async def work(message: Msg) -> None:
            if message.data == b"raise":
                raise ValueError("what nobody foresaw")
            await message.respond(str(os.getpid()).encode())

        if nats:
            await service.subscribe(f"{service.config.get('SUBJECT', 'work')}.*", work)
            await service.nc.flush()
        print(json.dumps({"name": service.name, "data_dir": str(service.data_dir)}), flush=True)
        await service.stopped() if nats else await asyncio.Event().wait()
    print("cleaned up", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main()))
