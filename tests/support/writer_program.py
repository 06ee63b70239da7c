"""The database writer in a process of its own, writing in many small runs, for tests that kill it.

    python writer_program.py NATS_URL CLICKHOUSE_URL DATA_DIR DIE_AT

Prints one JSON line when it has started. With DIE_AT above 0 it kills itself (-9) when it is about to store a
position for the DIE_AT-th time: the rows are in the tables then, the position is not.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from commands.rows import TelecommandRows
from infra.service import run, start_service
from projections import writer_flow
from projections.clickhouse import connect
from projections.writer_service import WriterService
from streams.feed import Feed
from streams.read import Message, StreamReader

MESSAGES_A_RUN = 5


def die_at(number: int) -> None:
    """Replace the storing of positions by one that is the end of this process."""
    store, calls = writer_flow.store_positions, 0

    def dying(*arguments: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        store(*arguments, **named)

    writer_flow.store_positions = dying


def write_few_at_once() -> None:
    """Replace the gathering of messages for one insert by one that hands over a few of them at a time."""
    gather = writer_flow._gather
    read: dict[StreamReader, list[Message]] = {}  # each run of the writer has a reader of its own

    async def few(reader: StreamReader, feed: Feed[list[Message]]) -> list[Message]:
        waiting = read.setdefault(reader, [])
        if not waiting:
            waiting += await gather(reader, feed)
        taken = waiting[:MESSAGES_A_RUN]
        del waiting[:MESSAGES_A_RUN]
        return taken

    writer_flow._gather = few


async def main(nats_url: str, clickhouse_url: str, data_dir: str, number: str) -> None:
    write_few_at_once()
    die_at(int(number))
    args = [f"--NATS_URL={nats_url}", "--SERVICE_NAME=writer", f"--DATA_DIR={data_dir}", "--LOG_LEVEL=ERROR"]
    async with await start_service(args=args, environ={}) as service:
        print(json.dumps({"pid": os.getpid()}), flush=True)
        await WriterService(service, connect(clickhouse_url), TelecommandRows).run()


if __name__ == "__main__":
    raise SystemExit(run(main(*sys.argv[1:])))
