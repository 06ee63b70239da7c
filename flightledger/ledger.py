"""A ledger: questions to the query service, as plain function calls.

The connection lives on an event loop in a thread of its own, so the functions work in a notebook, whose own
loop runs already.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa
from nats.aio.client import Client

from flightledger.rows import Rows
from infra.connection import connect_nats
from infra.program.system import open_system
from streams.answers import ask_once, ask_rows

Time = str | int | datetime
"""ISO 8601 (UTC where it names no zone), nanoseconds since 1970, or a datetime or pandas Timestamp."""

T = TypeVar("T")

_TIMEOUT_S = 600.0


def open_folder(data: Path | str = "./data") -> Ledger:
    """Open a data folder: join the program that runs on it, or start its servers until `close`.

    Raises ServerError when neither works.
    """
    return Ledger(_folder(Path(data)))


def connect(url: str, *, user: str | None = None, password: str | None = None) -> Ledger:
    """Connect to a running system, as `nats://host:4222`. Raises ServerError when it does not answer."""
    return Ledger(_server(url, user, password))


@asynccontextmanager
async def _folder(data: Path) -> AsyncIterator[Client]:
    async with open_system(data, services=("query",)) as system:
        yield system.nc


@asynccontextmanager
async def _server(url: str, user: str | None, password: str | None) -> AsyncIterator[Client]:
    nc = await connect_nats(url, name="flightledger notebook", user=user, password=password)
    try:
        yield nc
    finally:
        await nc.close()


class Ledger:
    """Answers questions until `close`, or the end of `with`; made by `open` and `connect`."""

    def __init__(self, system: AbstractAsyncContextManager[Client]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="flightledger", daemon=True)
        self._thread.start()
        self._system = system
        try:
            self._nc = self._wait(system.__aenter__())
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Leave the system; servers that were started for this ledger stop."""
        if self._thread.is_alive():
            try:
                self._wait(self._system.__aexit__(None, None, None))
            finally:
                self._end()

    def history(
        self,
        parameter: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        as_of: Time | None = None,
        generation: str | None = None,
        session: str | None = None,
        points: int | None = None,
    ) -> Rows:
        """Return the samples of a parameter in the order of time: time, raw, value and where each came from.

        `points` asks for about so many buckets with min, max, mean and last instead. `as_of` asks for what
        was known then.
        """
        return self.ask(
            "history",
            parameters=[parameter],
            start=start,
            end=end,
            as_of=as_of,
            generation=generation,
            session=session,
            points=points,
        )

    def packets(self, packet: str, **scope: Any) -> Rows:
        """Return all packets of a type, a row each, a column for each parameter; `scope` as in `history`."""
        return self.ask("packets", packet=packet, **scope)

    def latest(self, *parameters: str, as_of: Time | None = None) -> list[dict[str, Any]]:
        """Return the newest sample of each parameter (default: all)."""
        question: dict[str, Any] = {"parameters": list(parameters)} if parameters else {}
        if as_of is not None:
            question["as_of"] = _time(as_of)
        return self._wait(ask_rows(self._nc, "query.latest", question, _TIMEOUT_S))

    def sql(self, query: str) -> Rows:
        """Return the answer of one SELECT over the projections, read-only and limited."""
        return self.ask("sql", query=query)

    def ask(self, question: str, **fields: Any) -> Rows:
        """Ask any question of the query service that answers with rows: frames, quarantine, gaps, …

        `start`, `end` and `as_of` are times. Raises QueryError with the service's words.
        """
        named = {"start": "from", "end": "to"}
        request = {
            named.get(key, key): _time(value) if key in ("start", "end", "as_of") else value
            for key, value in fields.items()
            if value is not None
        }
        subject = f"query.{question}"
        data = self._wait(ask_once(self._nc, subject, {**request, "format": "arrow"}, _TIMEOUT_S))
        return Rows(pa.ipc.open_stream(data).read_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _time(value: Time) -> str | int:
    """Return a time as requests have it; a pandas Timestamp keeps its nanoseconds."""
    if isinstance(value, datetime):
        nanoseconds = getattr(value, "value", None)  # of a pandas Timestamp: ns since 1970, in UTC
        return nanoseconds if isinstance(nanoseconds, int) else value.isoformat()
    return value
