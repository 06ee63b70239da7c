"""The parser as a program that is killed (-9) at the worst moment: rows stored, their position not.

    python dying_parser.py NATS_URL DATA_DIR MISSION RUN

Dies in run number RUN (from 1), when the rows of the run are acknowledged and before its position is sent.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.service import run, start_service
from streams import parser_flow
from streams.append import Appender, Outgoing
from streams.mission import load_mission
from streams.parser_service import ParserService


class DyingAppender(Appender):
    """Appends as always, until the run in which it dies."""

    runs_left = 0

    async def append(self, messages: Sequence[Outgoing]) -> None:
        DyingAppender.runs_left -= 1
        if DyingAppender.runs_left == 0:
            *rows, _position = messages
            await super().append(rows)
            await self.drain()
            os.kill(os.getpid(), signal.SIGKILL)
        await super().append(messages)


async def main(url: str, data: str, mission: str, dies_in: str) -> None:
    DyingAppender.runs_left = int(dies_in)
    parser_flow.Appender = DyingAppender  # type: ignore[misc]
    args = [f"--NATS_URL={url}", "--SERVICE_NAME=parser", f"--DATA_DIR={data}"]
    async with await start_service(args=args, environ={}) as service:
        await ParserService(service, await asyncio.to_thread(load_mission, Path(mission))).run()


if __name__ == "__main__":
    raise SystemExit(run(main(*sys.argv[1:])))
