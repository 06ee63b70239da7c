"""Whose tables these are: projections are of one event log, and offsets of another one mean other frames.

A ClickHouse server that outlives the streams beside it would have positions and rows that are not of the new
log: frames would count as written that never were. An event log is told by the recorded time of its first
mission, which its backup and a copy of it have, too.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pyarrow as pa
from nats.aio.client import Client

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse
from streams.generations import Generations, read_generations

_TIME = pa.timestamp("ns", tz="UTC")


async def check_event_log(nc: Client, clickhouse: ClickHouse) -> None:
    """Raise ProjectionError when the tables are of another event log than the streams that `nc` leads to."""
    known = await asyncio.to_thread(_begun, clickhouse)  # first, for a new log may begin meanwhile
    if known and known != [(await read_generations(nc)).begun]:
        raise _error()


def are_of_this_log(clickhouse: ClickHouse, state: Generations) -> bool:
    """Say whether there are tables with generations, and not known to be of another event log's."""
    if not _values(clickhouse, "generations", "generation"):
        return False
    return _begun(clickhouse) in ([], [state.begun])


def claim_tables(clickhouse: ClickHouse, state: Generations) -> None:
    """Note whose tables these are, as soon as the log has begun.

    Raises ProjectionError when they are another one's.
    """
    known = _begun(clickhouse)
    if known and known != [state.begun]:
        raise _error()
    if not known and state.begun is not None:
        clickhouse.insert("event_log", pa.table({"begun": pa.array([state.begun], _TIME)}))


def _begun(clickhouse: ClickHouse) -> list[int]:
    return [int(at) for at in _values(clickhouse, "event_log", "toUnixTimestamp64Nano(begun)")]


def _values(clickhouse: ClickHouse, table: str, expression: str) -> list[Any]:
    """Return the distinct values; none where there is no such table."""
    query = "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
    if not clickhouse.rows(query, {"table": table}):
        return []
    return [row["value"] for row in clickhouse.rows(f"SELECT DISTINCT {expression} AS value FROM {table}")]


def _error() -> ProjectionError:
    return ProjectionError(
        "the tables are of another event log than the streams",
        where="table event_log",
        fix="use the ClickHouse of these streams, or `flightledger rebuild` (docs/deployment.md)",
    )
