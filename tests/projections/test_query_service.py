"""The query service as any NATS client sees it: discovery, schemas, answers of every size, wrong requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from support import small_mission
from support.ground import Ground, ground
from support.processes import kill_hard
from support.waiting import wait_until

from projections.query_requests import ENDPOINTS, request_schema, response_schema
from streams import answers

FRAMES = 3_000
CODE, TEXT = "Nats-Service-Error-Code", "Nats-Service-Error"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("service")
    mission = small_mission.write_mission(folder / "mission")
    with ground(folder / "data", mission) as system:
        good = small_mission.packets(FRAMES)
        system.append([*good[:2000], *good[2010:], b"\xff\xff", small_mission.attitude(1, float("nan"))])
        yield system


def test_every_endpoint_is_described_with_the_schemas_of_request_and_answer(filled: Ground) -> None:
    info = json.loads(filled.request("$SRV.INFO.query", b"").data)
    endpoints = {endpoint["name"]: endpoint for endpoint in info["endpoints"]}
    assert set(endpoints) == set(ENDPOINTS)
    for name, endpoint in endpoints.items():
        assert endpoint["subject"] == f"query.{name}"
        assert json.loads(endpoint["metadata"]["request_schema"]) == request_schema(name)
        assert json.loads(endpoint["metadata"]["response_schema"]) == response_schema(name)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_the_schemas_are_json_schemas(name: str) -> None:
    Draft202012Validator.check_schema(request_schema(name))
    Draft202012Validator.check_schema(response_schema(name))


QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("latest", {}),
    ("latest", {"packet": "MODE_PACKET"}),
    ("latest", {"parameters": ["ANGLE", "NOTE.TEXT"]}),
    ("console", {}),
    ("console", {"at": "2100-01-01"}),
    ("history", {"parameters": ["ANGLE"], "limit": 5}),
    ("alarms", {}),
    ("alarms", {"parameters": ["VOLTAGE"], "limit": 1}),
    ("history", {"parameters": ["ANGLE", "MODE"], "points": 10}),
    ("history", {"parameters": ["ANGLE"], "points": 10, "method": "lttb"}),
    ("packets", {"limit": 5}),
    ("packets", {"packet": "NOTE", "limit": 5}),
    ("frames", {"limit": 5}),
    ("frames", {"result": "quarantined"}),
    ("quarantine", {}),
    ("gaps", {}),
    ("sessions", {}),
    ("digests", {}),
    ("parameters", {}),
    ("parameters", {"packet": "NOTE"}),
    ("counts", {}),
    ("offsets", {}),
    ("generations", {}),
    ("operations", {}),
    ("operations", {"kinds": ["generation-promoted"], "limit": 1}),
    ("clock", {}),
    ("sql", {"query": "SELECT packet, count() AS n FROM packets GROUP BY packet"}),
    ("origin", {"frame_offset": 7}),
    ("origin", {"parameter": "ANGLE", "at": "2100-01-01"}),
]


@pytest.mark.parametrize(("name", "request_"), QUESTIONS, ids=lambda value: str(value)[:60])
def test_answers_fit_their_schema(filled: Ground, name: str, request_: dict[str, Any]) -> None:
    validator = Draft202012Validator(response_schema(name))
    rows = filled.ask(name, **request_)
    assert rows
    for row in rows:
        validator.validate(row)


def test_a_difference_between_a_generation_and_itself_is_nothing(filled: Ground) -> None:
    (generation,) = filled.ask("generations")
    name = generation["generation"]
    assert filled.ask("diff", a=name, b=name) == []


WRONG: list[tuple[str, bytes, str]] = [
    ("latest", b"not json", "not JSON"),
    ("latest", b"\xff\xfe", "not JSON"),
    ("latest", b"[1]", "not a JSON object"),
    ("latest", b'{"packt": "NAV"}', "unknown field packt (fields: packet"),
    ("latest", b'{"packet": 5}', "packet = '5' does not fit (type string)"),
    ("latest", b'{"packet": "NOPE"}', "there is no packet 'NOPE' (projected so far: ATTITUDE"),
    ("latest", b'{"parameters": ["ANGEL"]}', "there is no parameter 'ANGEL' (near names: ANGLE"),
    ("latest", b'{"parameters": [1]}', "parameters[0] = '1' does not fit"),
    ("latest", b'{"generation": "g-none"}', "there is no generation 'g-none' (known are: g-"),
    ("latest", b'{"as_of": "1999-01-01"}', "no generation was live at that time"),
    ("latest", b'{"as_of": "yesterday"}', "'yesterday' is not a time (like 2026-"),
    ("latest", b'{"as_of": 1e300}', "does not fit"),
    ("latest", b'{"as_of": 99999999999999999999999}', "does not fit"),
    ("latest", b'{"as_of": "9999-01-01"}', "outside of the years 1677 to 2262"),
    ("packets", b'{"limit": true}', "limit = 'True' does not fit (type integer"),
    ("packets", b'{"limit": -1}', "limit = '-1' does not fit"),
    ("packets", b'{"limit": 1.5}', "limit = '1.5' does not fit"),
    ("packets", b'{"limit": "5"}', "limit = '5' does not fit"),
    ("packets", b'{"limit": 18446744073709551616}', "does not fit"),
    ("packets", b'{"format": "xml"}', "format = 'xml' does not fit"),
    ("packets", b'{"format": "arrow"}', "the rows have different columns"),
    ("history", b"{}", "'parameters' is a required property"),
    ("history", b'{"parameters": ["ANGLE"], "points": 1000000000}', "points = '1000000000' does not fit"),
    ("history", b'{"parameters": ["ANGLE"], "method": "guess"}', "method = 'guess' does not fit"),
    ("history", b'{"parameters": ["ANGLE", "MODE"], "format": "arrow"}', "different columns"),
    ("diff", b'{"a": "x", "b": "y"}', "there is no generation 'x'"),
    ("origin", b"{}", "needs a frame's offset, or a parameter and a time"),
    ("origin", b'{"frame_offset": 0}', "frame_offset = '0' does not fit"),
    ("origin", b'{"frame_offset": 99999999}', "there is no frame with this offset"),
    ("origin", b'{"frame_offset": 9223372036854775807}', "there is no frame with this offset"),
    ("origin", b'{"frame_offset": 1, "packet": "NOTE"}', "no packet 'NOTE' starts in this frame"),
    ("origin", b'{"parameter": "ANGLE", "at": "1990-01-01"}', "no sample of 'ANGLE' at or before"),
    ("sql", b'{"query": ""}', "query = '' does not fit"),
    ("sql", b'{"query": "SELEC"}', "Syntax error"),
]


@pytest.mark.parametrize(("name", "data", "expected"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_request_has_a_clear_answer_on_one_line_and_the_service_goes_on(
    filled: Ground, name: str, data: bytes, expected: str
) -> None:
    answer = filled.request(f"query.{name}", data)
    assert answer.headers is not None
    assert expected in answer.headers[TEXT]
    assert answer.headers[CODE] == "400"
    assert "\n" not in answer.headers[TEXT]
    assert filled.request("query.offsets", b"").data


def test_a_field_that_is_null_counts_as_left_out_and_a_whole_float_as_an_integer(filled: Ground) -> None:
    answer = filled.request("query.packets", b'{"packet": null, "limit": 2.0}')
    assert len(answer.data.splitlines()) == 2


def test_a_small_answer_is_one_message_for_a_plain_request(filled: Ground) -> None:
    answer = filled.request("query.counts", b"")
    assert json.loads(answer.data)["packets"]["NOTE"] > 0
    assert not answer.reply


def test_no_rows_are_an_empty_answer(filled: Ground) -> None:
    assert filled.ask("packets", limit=0) == []
    assert filled.request("query.frames", b'{"session": "none"}').data == b""


def test_big_and_small_answers_at_the_same_time_are_complete(filled: Ground) -> None:
    async def both() -> list[list[bytes]]:
        return await asyncio.gather(
            *(asyncio.to_thread(filled.chunks, "packets") for _ in range(4)),
            *(asyncio.to_thread(filled.chunks, "counts") for _ in range(20)),
        )

    found = asyncio.run(both())
    for answer in found[:4]:
        assert len(answer) > 1
        assert len(b"".join(answer).splitlines()) == FRAMES - 10 + 1
        assert b"".join(answer) == b"".join(found[0])
    assert {b"".join(answer) for answer in found[4:]} == {b"".join(found[4])}


def served(ground: Ground, name: str) -> int:
    """How many requests an endpoint has come to an end with."""
    stats = json.loads(ground.request("$SRV.STATS.query", b"").data)
    return next(int(one["num_requests"]) for one in stats["endpoints"] if one["name"] == name)


def test_a_reader_that_goes_away_in_the_middle_leaves_the_service_as_it_was(
    filled: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_TAKEN_TIMEOUT_S", 0.05)
    big = b'{"query": "SELECT number, repeat(\'x\', 1000000) AS x FROM numbers(10)"}'
    before = served(filled, "sql")
    for _ in range(40):
        first = filled.request("query.sql", big)
        assert first.headers is not None
        assert first.headers[answers.CHUNK] == "1"
        assert answers.END not in first.headers
    wait_until(lambda: served(filled, "sql") == before + 40, 60.0, "all senders gave up")
    monkeypatch.undo()
    assert [row["number"] for row in filled.ask("sql", **json.loads(big))] == list(range(10))


def test_arrow_answers_have_columns_even_without_rows(filled: Ground) -> None:
    data = b"".join(filled.chunks("frames", session="none", format="arrow"))
    table = pa.ipc.open_stream(data).read_all()
    assert table.num_rows == 0
    assert table.schema.field("link").type == pa.string()
    assert table.schema.field("frame_offset").type == pa.uint64()


def test_latest_is_the_newest_packet_of_each_type(filled: Ground) -> None:
    rows = {(row["packet"], row["parameter"]): row for row in filled.ask("latest")}
    assert rows["ATTITUDE", "ANGLE"]["value"] == "NaN"
    newest = filled.ask("sql", query="SELECT max(frame_offset) AS n FROM packets WHERE packet = 'NOTE'")
    assert rows["NOTE", "TEXT"]["frame_offset"] == newest[0]["n"]


def test_a_database_that_was_killed_is_said_to_be_away_until_it_answers_again(filled: Ground) -> None:
    before = filled.ask("counts")
    servers = filled.system.servers
    kill_hard(servers.clickhouse_pid)

    def answered() -> bool:
        answer = filled.request("query.counts", b"")
        if answer.headers and TEXT in answer.headers:
            assert answer.headers[CODE] == "500"
            assert "ClickHouse does not answer" in answer.headers[TEXT]
            return False
        return bool(json.loads(answer.data) == before[0])

    wait_until(answered, 60.0, "the query service answers again")
    assert servers.restarts == 1
