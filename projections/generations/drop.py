"""Dropping a generation: its partitions go at once, its rows of the small tables with them."""

from __future__ import annotations

import asyncio

from nats.aio.client import Client

from infra.errors import ProjectionError
from projections.clickhouse import ClickHouse, quoted
from projections.writer import write_generations
from streams.generations import GENERATION_DROPPED, Generations, read_generations
from streams.operations import append_operation

_PARTITIONED = ("frames", "packets", "quarantine", "columns")


async def drop_generation(nc: Client, clickhouse: ClickHouse, name: str, who: str = "") -> None:
    """Drop a generation's rows and say so in OPERATIONS; `who` asked for it.

    Raises ProjectionError for an unknown one, and for the live one: that one is never dropped.
    """
    state = await read_generations(nc)
    check_known(state, name)
    if name == state.live:
        raise ProjectionError(
            f"{name} is the live generation", where="OPERATIONS", fix="promote another one first"
        )
    await append_operation(nc, GENERATION_DROPPED, {"generation": name, "who": who})
    await asyncio.to_thread(remove_rows, clickhouse, name)
    await asyncio.to_thread(write_generations, clickhouse, await read_generations(nc))


def check_known(state: Generations, name: str) -> None:
    """Raise ProjectionError unless the generation exists and was not dropped."""
    if name not in state.known or state.known[name].dropped:
        known = ", ".join(one.name for one in state.known.values() if not one.dropped)
        raise ProjectionError(f"there is no generation {name!r}", fix=f"known are: {known or 'none yet'}")


def remove_rows(clickhouse: ClickHouse, generation: str) -> None:
    """Remove all rows of a generation from the tables; the streams keep everything they were made of."""
    parameters = {"generation": generation}
    packets = clickhouse.rows(
        "SELECT DISTINCT table FROM columns WHERE generation = {generation:String}", parameters
    )
    for table in (*(row["table"] for row in packets), *_PARTITIONED):
        clickhouse.command(f"ALTER TABLE {quoted(table)} DROP PARTITION {_text(generation)}")
    clickhouse.command(f"DELETE FROM offsets WHERE generation = {_text(generation)}")


def _text(value: str) -> str:
    """Return a text as an SQL literal, for the statements that take no parameters."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
