"""A program that owns (or joins) the servers of a data folder, for tests that kill it.

    python owner_program.py FOLDER

Prints one JSON line with the addresses and process ids when they answer, then waits until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

from infra.embedded import connect_or_start
from infra.service import run


async def main(folder: str) -> None:
    async with connect_or_start(folder) as servers:
        pids = (
            {"nats_pid": servers.nats_pid, "clickhouse_pid": servers.clickhouse_pid} if servers.owned else {}
        )
        print(json.dumps({**asdict(servers.addresses), **pids, "owned": servers.owned}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    raise SystemExit(run(main(sys.argv[1])))
