"""COMMANDS into ClickHouse: rows first, then the position, both by offset, so that nothing counts twice.

How events become rows is handed in (`commands/rows.py`), for it is the fold over a telecommand's life.
Proven by `tests/projections/test_telecommands_as_of.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pyarrow as pa
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.errors import FlightLedgerError
from projections.clickhouse import ClickHouse
from projections.telecommands.tables import arrow_schema
from projections.writer import position, store_position
from streams import names
from streams.read import Message, StreamReader, last_offset

CONSUMER = "telecommand-projector"
_LINGER_S = 0.1
_RETRY_S = 1.0

log = logging.getLogger(__name__)


Row = dict[str, Any]


class RowMaker(Protocol):
    """Makes rows of events that come in order, from some offset on."""

    async def rows(self, messages: Sequence[Message]) -> tuple[list[Row], list[Row]]:
        """Return the rows of the next messages, of `telecommand_events` and of `telecommands`."""
        ...


RowMaking = Callable[[Client, int], RowMaker]
"""Returns a row maker for the events from an offset on."""


async def project_telecommands(nc: Client, clickhouse: ClickHouse, row_making: RowMaking) -> None:
    """Project until cancelled, going on behind the stored position after whatever went wrong."""
    while True:
        try:
            await _project(nc, clickhouse, row_making)
        except Exception as error:
            foreseen = isinstance(error, FlightLedgerError | NatsError | OSError | TimeoutError)
            text = "projecting COMMANDS stopped: %s; going on behind the stored position"
            log.error(text, error or repr(error), exc_info=not foreseen)
            await asyncio.sleep(_RETRY_S)


async def project_all(nc: Client, clickhouse: ClickHouse, row_making: RowMaking) -> None:
    """Project all events that there are at the call, into tables that have none."""
    await _project(nc, clickhouse, row_making, end=await last_offset(nc, names.COMMANDS))


async def _project(
    nc: Client, clickhouse: ClickHouse, row_making: RowMaking, *, end: int | None = None
) -> None:
    stored = await asyncio.to_thread(position, clickhouse, CONSUMER, names.COMMANDS)
    start = 1 if stored > await last_offset(nc, names.COMMANDS) else stored + 1
    maker = row_making(nc, start)
    async with StreamReader(nc, names.COMMANDS, start=start) as reader:
        while end is None or reader.next_offset <= end:
            messages = await reader.read(1.0)
            if not messages:
                continue
            if not reader.pending:
                await asyncio.sleep(_LINGER_S)  # a few events wait for more: one insert instead of many
                messages += await reader.read(0)
            rows = await maker.rows(messages)
            await asyncio.to_thread(_write, clickhouse, rows, messages[-1].offset)


def _write(clickhouse: ClickHouse, rows: tuple[list[Row], list[Row]], last: int) -> None:
    for table, made in zip(("telecommand_events", "telecommands"), rows, strict=True):
        if made:
            clickhouse.insert(table, pa.Table.from_pylist(made, schema=arrow_schema(table)))
    store_position(clickhouse, CONSUMER, names.COMMANDS, last)
