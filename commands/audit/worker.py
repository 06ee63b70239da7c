"""A process that verifies or exports: `python -m commands.audit.worker`, started by `commands/audit/work.py`.

Hashing a whole flight takes seconds of a processor, which the services that share a program do not have. It
reads one JSON line with the task from standard input; an export goes to standard output, and what there is to
say goes to standard error, as JSON lines: `{"done": n, "total": n}`, then `{"result": {…}}` or
`{"error": text}`. It is nice: the live path comes first.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import uvloop
from nats.aio.client import Client

from commands.audit.document import report_json
from commands.audit.export import write_export
from commands.audit.export_range import Asked
from commands.audit.heads import heads_in
from commands.audit.key import load_or_make_key
from commands.audit.verify import verify
from infra.connection import connect_nats
from infra.errors import FlightLedgerError, StreamError
from infra.give_way import give_way
from streams import names
from streams.read import last_offset
from streams.sealer import seal_all

_NICE = 10

Task = dict[str, Any]


async def work(task: Task) -> None:
    """Do one task and say what came of it."""
    nc = await connect_nats(
        task["nats_url"], name="audit worker", user=task["nats_user"], password=task["nats_password"]
    )
    try:
        result = await (_verified if task["what"] == "verify" else _exported)(nc, task)
    finally:
        await nc.close()
    sys.stdout.buffer.flush()
    _say(result=result)


async def _verified(nc: Client, task: Task) -> Task:
    heads = heads_in(task["heads"]) if task.get("heads") else []
    streams = (names.OPERATIONS, names.COMMANDS, names.FRAMES)
    total = sum([await last_offset(nc, stream) for stream in streams])
    finished: dict[str, int] = {}

    def progress(stream: str, done: int, end: int) -> None:
        finished[stream] = done
        _say(done=min(sum(finished.values()), total), total=total)

    return report_json(await verify(nc, heads, progress), heads)


async def _exported(nc: Client, task: Task) -> Task:
    with suppress(StreamError):  # what is sealed can be exported
        await seal_all(nc)
    key = load_or_make_key(Path(task["folder"]))
    done = await write_export(nc, key, sys.stdout.buffer, Asked(*task["asked"]))
    return {**done._asdict(), "frames": list(done.frames) if done.frames else None}


def _say(**fields: Any) -> None:
    sys.stderr.buffer.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
    sys.stderr.flush()


def main() -> int:
    """Work; 2 when it can not be done, after saying why."""
    give_way(_NICE)
    task = orjson.loads(sys.stdin.buffer.readline())
    try:
        uvloop.run(work(task))
    except BrokenPipeError:  # nobody waits for it any more
        os._exit(2)
    except FlightLedgerError as error:
        _say(error=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
