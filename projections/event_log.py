"""Whose tables these are: projections are of one event log, and offsets of another one mean other frames.

A ClickHouse server that outlives the streams beside it would have positions and rows that are not of the new
log: frames would count as written that never were. An event log is told by the recorded time of its first
mission, which its backup and a copy of it have, too.
"""

from __future__ import annotations

import asyncio

import pyarrow as pa
from nats.aio.client import Client

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse
from streams.generations import Generations, read_generations

_PRESENT = "SELECT name FROM system.tables WHERE database = currentDatabase()"
_TIME = pa.timestamp("ns", tz="UTC")


async def check_event_log(nc: Client, clickhouse: ClickHouse) -> None:
    """Raise ProjectionError when the tables are of another event log than the streams that `nc` leads to."""
    known = await asyncio.to_thread(_begun, clickhouse)  # first, for a new log may begin meanwhile
    if known:
        _refuse_another(known, await read_generations(nc))


def are_of_this_log(clickhouse: ClickHouse, state: Generations) -> bool:
    """Say whether there are tables with generations, and not known to be another event log's."""
    present = {row["name"] for row in clickhouse.rows(_PRESENT)}
    if "generations" not in present or not clickhouse.rows("SELECT 1 FROM generations LIMIT 1"):
        return False
    return "event_log" not in present or _begun(clickhouse) in ([], [state.begun])


def claim_tables(clickhouse: ClickHouse, state: Generations) -> None:
    """Note whose tables these are, as soon as the log has begun.

    Raises ProjectionError when they are another one's.
    """
    known = _begun(clickhouse)
    _refuse_another(known, state)
    if not known and state.begun is not None:
        clickhouse.insert("event_log", pa.table({"begun": pa.array([state.begun], _TIME)}))


def _begun(clickhouse: ClickHouse) -> list[int]:
    rows = clickhouse.rows("SELECT DISTINCT toUnixTimestamp64Nano(begun) AS begun FROM event_log")
    return [int(row["begun"]) for row in rows]


def _refuse_another(known: list[int], state: Generations) -> None:
    if known in ([], [state.begun]):
        return
    raise ProjectionError(
        "the tables are of another event log than the streams",
        where="table event_log",
        fix="use the ClickHouse of these streams, or `flightledger rebuild` (docs/deployment.md)",
    )
