"""Rows and positions: a run of TELEMETRY into the tables, whatever its messages are."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_mission import floating, integer, made_mission, packet
from support.projected import Projected, Sent, batch_of
from support.waiting import run_async

from projections.writer import Writer, position, store_position
from projections.writer_flow import CONSUMER, start_offset, unpack_run, write_run
from streams import names
from streams.event_log import ensure_streams
from streams.mission import Mission
from streams.parser import Parser
from streams.parser_flow import messages_of
from streams.read import Message

GENERATION = "g1"


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    return made_mission(tmp_path, {"NAV": {"A": integer(8), "F": floating(64)}})


def messages(mission: Mission, count: int, first: int = 1) -> list[Message]:
    """What the parser makes of `count` frames."""
    sent = [
        Sent(offset, packet(struct.pack(">Bd", offset % 256, offset / 3), count=offset))
        for offset in range(first, first + count)
    ]
    outgoing = messages_of(GENERATION, Parser(mission).parse(batch_of(sent)))
    return [Message(first + n, 0, one.subject, one.headers, one.data) for n, one in enumerate(outgoing)]


def writer_of(projected: Projected, mission: Mission) -> Writer:
    projected.add_generation(GENERATION, mission)
    return Writer(projected.clickhouse, projected.missions.__getitem__)


def number_of(projected: Projected, table: str, **settings: Any) -> int:
    rows = projected.clickhouse.rows(f"SELECT count() AS n FROM {table}", settings=settings)
    return int(rows[0]["n"])


def test_a_run_is_in_the_tables_and_so_are_its_positions(projected: Projected, mission: Mission) -> None:
    writer = writer_of(projected, mission)
    run = unpack_run(writer, messages(mission, 10))
    assert (run.bad, run.frames_done) == ([], {GENERATION: 10})
    write_run(projected.clickhouse, writer, run)
    for table in ("frames", "packets", "packet_NAV"):
        assert number_of(projected, table) == 10
    assert position(projected.clickhouse, CONSUMER, names.FRAMES, GENERATION) == 10
    assert position(projected.clickhouse, CONSUMER, names.TELEMETRY) == run.last


def test_the_same_run_by_another_writer_is_the_same_rows(projected: Projected, mission: Mission) -> None:
    for _ in range(3):
        writer = writer_of(projected, mission)
        write_run(projected.clickhouse, writer, unpack_run(writer, messages(mission, 10)))
    assert number_of(projected, "packet_NAV", final=0) >= number_of(projected, "packet_NAV") == 10
    assert number_of(projected, "columns") == len(projected.rows("SELECT DISTINCT position FROM columns"))


NULLS = (
    b'{"table": "frames", "rows": 1, "columns": {"frame_offset": null, "link": "a", "session": "b", '
    b'"received": 1, "recorded": 1, "size": 1, "packets": 1, "result": "parsed"}}'
)
BAD: list[tuple[str, dict[str, str], bytes, str]] = [
    ("telemetry.g1.NAV", {}, b"not json", "not a telemetry message"),
    ("telemetry.g1.NAV", {}, b"[]", "not a telemetry message"),
    ("telemetry.g1.NAV", {}, b'{"table": "NAV", "rows": 1, "columns": {}}', "does not fit"),
    ("telemetry.g1.NAV", {}, b'{"table": "NAV", "rows": 1, "columns": 5}', "not a table, columns and rows"),
    ("telemetry.g1.NAV", {}, b'{"table": [], "rows": 1, "columns": {}}', "not a table, columns and rows"),
    (
        "telemetry.g1.NAV",
        {},
        b'{"table": "NAV", "rows": 1000000000000, "columns": {}}',
        "it says that it has 1000000000000 rows",
    ),
    (
        "telemetry.g1.NAV",
        {},
        b'{"table": "NAV", "rows": true, "columns": {}}',
        "not a table, columns and rows",
    ),
    ("parsed.g1.frames", {}, NULLS, "frame_offset has no value"),
    ("telemetry.g1", {}, b'{"table": "NAV", "rows": 1, "columns": {}}', "values to unpack"),
    ("telemetry.g1.NOPE", {}, b'{"table": "NOPE", "rows": 1, "columns": {}}', "has no packet 'NOPE'"),
    ("parsed.g1.nope", {}, b'{"table": "nope", "rows": 1, "columns": {}}', "nope"),
    ("telemetry.g9.NAV", {}, b'{"table": "NAV", "rows": 1, "columns": {}}', "g9"),
    ("parsed.g1.frames", {"Fl-Last": "soon"}, b"", "soon"),
]


@pytest.mark.parametrize(("subject", "headers", "data", "text"), BAD)
def test_a_message_that_makes_no_sense_is_named_and_the_others_are_written(  # noqa: PLR0917
    projected: Projected, mission: Mission, subject: str, headers: dict[str, str], data: bytes, text: str
) -> None:
    writer = writer_of(projected, mission)
    good = messages(mission, 5)
    run = unpack_run(writer, [Message(77, 0, subject, headers, data), *good])
    assert len(run.bad) == 1
    assert run.bad[0].startswith("TELEMETRY offset 77: ")
    assert text in run.bad[0]
    write_run(projected.clickhouse, writer, run)
    assert number_of(projected, "packet_NAV") == 5


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
changes = st.dictionaries(st.sampled_from(["table", "rows", "columns"]), jsons, max_size=2)
columns = st.dictionaries(st.sampled_from(["A", "F", "time", "link", "frame_offset"]), jsons, max_size=3)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, columns)
def test_no_message_stops_the_writer(
    projected: Projected, mission: Mission, changed: dict[str, Any], values: dict[str, Any]
) -> None:
    writer = writer_of(projected, mission)
    (first, *_) = messages(mission, 3)
    content = orjson.loads(first.data)
    content["columns"] |= values
    content |= changed
    data = json.dumps(content).encode("utf-8", "replace")
    run = unpack_run(writer, [Message(1, 0, first.subject, {}, data)])
    assert len(run.bad) + len(run.rows) == 1


def test_positions_are_kept_per_consumer_stream_and_generation(projected: Projected) -> None:
    clickhouse = projected.clickhouse
    assert position(clickhouse, "a", "S") == 0
    for offset in (5, 9, 7):
        store_position(clickhouse, "a", "S", offset)
    store_position(clickhouse, "a", "S", 3, "g1")
    assert position(clickhouse, "a", "S") == 7
    assert position(clickhouse, "a", "S", "g1") == 3
    assert position(clickhouse, "b", "S") == 0


def test_a_writer_starts_again_where_telemetry_was_made_anew(
    projected: Projected, nats_server: Any, connect: Any
) -> None:
    async def check() -> None:
        async with connect() as nc:
            await ensure_streams(nc.jetstream())
            assert await start_offset(nc, projected.clickhouse) == 1
            store_position(projected.clickhouse, CONSUMER, names.TELEMETRY, 10**6)
            assert await start_offset(nc, projected.clickhouse) == 1

    run_async(check)
