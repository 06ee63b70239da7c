"""The whole ground system inside a test: servers and services, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson
from nats.aio.msg import Msg
from support.waiting import wait_until_async

from infra.program.system import System, open_system
from streams import names
from streams.answers import ask, ask_rows
from streams.append import Appender, Outgoing
from streams.read import last_offset

Result = TypeVar("Result")
Row = dict[str, Any]
SERVICES = ("query", "writer", "parser")
DEADLINE = 60.0


class Ground:
    """A running system; its methods may be called from the test's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, system: System) -> None:
        self._loop, self.system = loop, system

    def run(self, work: Coroutine[Any, Any, Result], deadline: float = DEADLINE) -> Result:
        """Run a coroutine on the system's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(deadline)

    def ask(self, question: str, **request: Any) -> list[Row]:
        """Ask `query.<question>` and return the answer's rows."""
        return [orjson.loads(line) for line in b"".join(self.chunks(question, **request)).splitlines()]

    def chunks(self, question: str, **request: Any) -> list[bytes]:
        async def work() -> list[bytes]:
            return [chunk async for chunk in ask(self.system.nc, f"query.{question}", request)]

        return self.run(work())

    def request(self, subject: str, data: bytes) -> Msg:
        """One plain NATS request and its one answer, as `nats request` does."""
        return self.run(self.system.nc.request(subject, data, timeout=DEADLINE))

    def append(self, frames: Sequence[bytes], link: str = "radio", session: str = "s1") -> int:
        """Append frames, wait until they are in the tables, and return the offset of the first."""
        first = self.append_only(frames, link, session)
        end = first + len(frames) - 1
        self.run(wait_until_async(lambda: self._projected(end), DEADLINE, f"frame {end} is projected"))
        return first

    def append_only(self, frames: Sequence[bytes], link: str = "radio", session: str = "s1") -> int:
        """Append frames and return the offset of the first."""

        async def work() -> int:
            headers = {names.RECEIVED: str(time.time_ns()), names.SESSION: session}
            subject = names.frame_subject(link)
            async with Appender(self.system.nc) as appender:
                await appender.append([Outgoing(subject, frame, headers) for frame in frames])
            return await last_offset(self.system.nc, names.FRAMES) - len(frames) + 1

        return self.run(work())

    async def _projected(self, offset: int) -> bool:
        rows = await ask_rows(self.system.nc, "query.offsets", {})
        return any(
            row["stream"] == names.FRAMES and row["generation"] and row["offset"] >= offset for row in rows
        )


@contextmanager
def ground(data: Path, mission: Path | None = None, services: Sequence[str] = SERVICES) -> Iterator[Ground]:
    """Start servers and services on a data folder; stop them at the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = open_system(data, services=services, mission=mission)
    try:
        system = asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(DEADLINE)
        try:
            yield Ground(loop, system)
        finally:
            asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(DEADLINE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE)
        loop.close()
