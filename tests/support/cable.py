"""The cable between a client and the nats-server: a TCP proxy that can lose answers and be cut."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType


class Cable:
    """Use it with `async with`; connect to `url`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.loses_answers = False
        """While true, what the server says does not arrive."""
        self.is_cut = False
        """While true, nobody gets through."""
        self.connections = 0

    async def __aenter__(self) -> Cable:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End all connections, with whatever is on its way in both directions."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.is_cut:
                raise ConnectionRefusedError
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        self._writers |= {writer, back}
        for task in (self._carry(reader, back, False), self._carry(there, writer, True)):
            self._tasks.add(asyncio.create_task(task))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if not (answers and self.loses_answers):
                    writer.write(data)
                    await writer.drain()
        writer.close()
