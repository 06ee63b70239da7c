"""The service's own view of COMMANDS and OPERATIONS, always a moment behind: every decision counts on it.

A decision made on an old view is refused by the stream (`commands/log.py`); `reached` waits until the view
has what this service appended itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine

from nats.aio.client import Client
from nats.errors import Error as NatsError

from commands.board import Board
from commands.holds import HELD, RESUMED, fold_holds, held
from commands.log import follow
from commands.telecommand import Event, Telecommand
from infra.errors import FlightLedgerError
from infra.tasks import run_together
from streams import names
from streams.operations import Operation, operation_of, read_operations
from streams.read import StreamReader

_RETRY_S = 1.0

Listener = Callable[[Event, Telecommand | None], None]

log = logging.getLogger(__name__)


class Ledger:
    """`board` and `queues` (see `fold_holds`), kept up by `run`; `version` counts how often they changed."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self.board = Board()
        self.queues: dict[str, Operation] = {}
        self.version = 0
        self._operations_offset = 0
        self._read = {names.COMMANDS: asyncio.Event(), names.OPERATIONS: asyncio.Event()}
        self._changed = asyncio.Condition()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Let `listener` hear of every event, once it is on the board."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow both streams until cancelled, whatever goes wrong in between."""
        await run_together(
            self._kept_up(names.COMMANDS, self._follow_commands),
            self._kept_up(names.OPERATIONS, self._follow_operations),
        )

    async def caught_up(self) -> None:
        """Wait until everything that was there at the start has been read."""
        for event in self._read.values():
            await event.wait()

    @property
    def held(self) -> dict[str, Operation]:
        """The links whose queue is held."""
        return held(self.queues)

    async def reached(self, *, command: int = 0, operation: int = 0) -> None:
        """Wait until the view has the events at these offsets of COMMANDS and OPERATIONS."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self.board.last_offset >= command and self._operations_offset >= operation
            )

    async def changed(self, version: int, timeout: float) -> None:
        """Wait until the version is another one, at most `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: self.version != version)

    async def _kept_up(self, stream: str, follow_it: Callable[[], Coroutine[None, None, None]]) -> None:
        while True:
            try:
                await follow_it()
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("%s can not be followed: %s; trying again", stream, error)
                await asyncio.sleep(_RETRY_S)

    async def _follow_commands(self) -> None:
        async for events in follow(self._nc, self.board.last_offset + 1):
            for event in events:
                telecommand = self.board.add(event)
                for listener in self._listeners:
                    listener(event, telecommand)
            if events:
                await self._note()
            else:
                self._read[names.COMMANDS].set()

    async def _follow_operations(self) -> None:
        """Follow holds and resumptions alone: seals over FRAMES outnumber them by far."""
        await self._take(await read_operations(self._nc, self._operations_offset + 1, kinds=(HELD, RESUMED)))
        self._read[names.OPERATIONS].set()
        start, subjects = self._operations_offset + 1, [names.operation_subject(k) for k in (HELD, RESUMED)]
        async with StreamReader(self._nc, names.OPERATIONS, start=start, subject=subjects) as reader:
            while True:
                await self._take([operation_of(message) for message in await reader.read(1.0)])

    async def _take(self, operations: list[Operation]) -> None:
        if operations:
            self.queues = fold_holds(self.queues, operations)
            self._operations_offset = operations[-1].offset
            await self._note()

    async def _note(self) -> None:
        self.version += 1
        async with self._changed:
            self._changed.notify_all()
