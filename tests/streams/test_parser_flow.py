from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from support import small_mission
from support.parsed import message, parse

from streams.append import Outgoing
from streams.mission import load_mission
from streams.parsed_rows import FRAME_SCHEMA, ORIGIN_SCHEMA, QUARANTINE_SCHEMA
from streams.parser import Parsed, ParsedTable, Parser
from streams.parser_flow import FIRST, LAST, RESUME, messages_of
from streams.telemetry import table_of, unpack

SCHEMA = pa.schema([*ORIGIN_SCHEMA, pa.field("TEXT", pa.string(), False)])


def table(*texts: str) -> ParsedTable:
    count = len(texts)
    origin = {
        "frame_offset": range(7, 7 + count),
        "packet_index": [3] * count,
        "link": ["radio"] * count,
        "session": ["s"] * count,
        **dict.fromkeys(("time", "generated", "received", "recorded"), [55] * count),
        "apid": [11] * count,
        "sequence_count": [1] * count,
        "TEXT": texts,
    }
    arrays = [pa.array(list(origin[field.name])).cast(field.type) for field in SCHEMA]
    return ParsedTable("NOTE", pa.RecordBatch.from_arrays(arrays, schema=SCHEMA), np.arange(7, 7 + count))


def run_of(*tables: ParsedTable) -> Parsed:
    nothing = [pa.RecordBatch.from_pylist([], schema=schema) for schema in (FRAME_SCHEMA, QUARANTINE_SCHEMA)]
    return Parsed(list(tables), *nothing, first=7, last=9, resume=8)


def rows(messages: list[Outgoing], schema: pa.Schema = SCHEMA) -> list[dict[str, object]]:
    found = []
    for one in messages:
        _, columns, count = table_of(one.data)
        found += unpack(columns, count, schema).to_pylist()
    return found


def test_the_position_is_the_last_message_of_a_run_and_nothing_else_has_one(tmp_path: Path) -> None:
    parser, good = (
        Parser(load_mission(small_mission.write_mission(tmp_path / "m"))),
        small_mission.attitude(1),
    )
    (parsed,) = parse(parser, [message(7, good), message(8, b"bad"), message(9, good)])
    *others, last = messages_of("g", parsed, 10**6)
    assert [one.subject for one in others] == ["telemetry.g.ATTITUDE", "parsed.g.quarantine"]
    assert all(one.headers == {} for one in others)
    assert last.subject == "parsed.g.frames"
    assert last.headers == {FIRST: "7", LAST: "9", RESUME: "10"}
    assert [row["frame_offset"] for row in rows([last], FRAME_SCHEMA)] == [7, 8, 9]


def test_a_run_without_rows_is_its_position_only() -> None:
    (only,) = messages_of("g", run_of(), 10**6)
    assert only == Outgoing("parsed.g.frames", b"", {FIRST: "7", LAST: "9", RESUME: "8"})


@pytest.mark.parametrize("limit", [800, 1_500, 10**6])
def test_rows_are_shared_out_to_messages_that_the_server_takes(limit: int) -> None:
    texts = [f"{number} " + "x" * 100 for number in range(50)]
    *notes, _ = messages_of("g", run_of(table(*texts)), limit)
    assert all(len(one.data) <= limit for one in notes)
    assert [row["TEXT"] for row in rows(notes)] == texts


def test_a_row_that_no_message_holds_is_in_the_quarantine_and_its_neighbours_are_not() -> None:
    parsed = run_of(table("short", "\0" * 1_000, "short too"))
    note, *more, quarantine, position = messages_of("g", parsed, 1_000)
    assert [row["TEXT"] for row in rows([note, *more])] == ["short", "short too"]
    (row,) = rows([quarantine], QUARANTINE_SCHEMA)
    assert (row["frame_offset"], row["packet_index"], row["stage"], row["decoded"]) == (8, 3, "row", False)
    assert (row["link"], row["session"], row["size"], row["bytes"]) == ("radio", "s", 0, b"")
    assert str(row["reason"]).startswith("the row has ") and "a message at most 1000" in str(row["reason"])
    assert orjson.loads(quarantine.data)["table"] == "quarantine"
    assert LAST in position.headers
