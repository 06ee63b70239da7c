"""What the parser has put into TELEMETRY, and whether that is what it should have."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
from nats.aio.client import Client
from support.parsed import parse, rows_of, texts_of
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats
from streams import names
from streams.generations import generation_name
from streams.mission import Mission
from streams.parsed_rows import FRAME_SCHEMA, QUARANTINE_SCHEMA
from streams.parser import Parser
from streams.parser_flow import stored_position
from streams.read import last_offset, read_up_to
from streams.telemetry import table_of, unpack


async def parsed_up_to(nc: Client, mission: Mission) -> int:
    """The last frame that is parsed, by the stored position."""
    position = await stored_position(nc, generation_name(mission))
    return position.start - 1 if position else 0


async def until_parsed(nc: Client, mission: Mission, offset: int) -> None:
    """Wait until a frame is parsed."""

    async def reached() -> bool:
        return await parsed_up_to(nc, mission) >= offset

    await wait_until_async(reached, 90, f"frame {offset} is parsed")


def wait_until_parsed(url: str, mission: Mission, offset: int) -> None:
    """The same without an event loop."""

    async def main() -> None:
        nc = await connect_nats(url, name="test")
        await until_parsed(nc, mission, offset)
        await nc.close()

    run_async(main, deadline=100.0)


async def telemetry_rows(nc: Client, mission: Mission) -> list[tuple[str, pa.RecordBatch]]:
    """All rows in TELEMETRY with their tables, message by message."""
    schemas = {**Parser(mission).schemas, "frames": FRAME_SCHEMA, "quarantine": QUARANTINE_SCHEMA}
    found = []
    end = await last_offset(nc, names.TELEMETRY)
    async for batch in read_up_to(nc, names.TELEMETRY, end):
        for one in batch:
            if one.data:
                table, columns, count = table_of(one.data)
                found.append((table, unpack(columns, count, schemas[table])))
    return found


async def quarantine_of(nc: Client, mission: Mission) -> list[dict[str, Any]]:
    """The quarantine's rows."""
    rows = [rows for table, rows in await telemetry_rows(nc, mission) if table == "quarantine"]
    return [row for batch in rows for row in batch.drop_columns(["received", "recorded"]).to_pylist()]


async def check_nothing_lost_or_wrong(nc: Client, mission: Mission) -> Counter[str]:
    """Compare TELEMETRY with one undisturbed run over FRAMES; return how often each row is there."""
    end = await last_offset(nc, names.FRAMES)
    frames = [message async for batch in read_up_to(nc, names.FRAMES, end) for message in batch]
    expected = rows_of(parse(Parser(mission), frames, range(0, end, 5_000)))
    found: Counter[str] = Counter()
    for table, rows in await telemetry_rows(nc, mission):
        found.update(f"{table} {text}" for text in texts_of(rows))
    assert set(found) == {f"{table} {row}" for table, rows in expected.items() for row in rows}
    return found


def check_telemetry(url: str, mission: Mission) -> Counter[str]:
    """The same without an event loop."""

    async def main() -> Counter[str]:
        nc = await connect_nats(url, name="test")
        found = await check_nothing_lost_or_wrong(nc, mission)
        await nc.close()
        return found

    return run_async(main, deadline=100.0)
