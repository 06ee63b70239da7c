"""`query …` and `origin` as a user runs them: tables, JSON lines, and files that analysts open."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from support import small_mission
from support.program import Program

from infra.cli.hex_dump import hex_dump

FRAMES = 1_500


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("commands")
    mission = small_mission.write_mission(folder / "mission")
    found = Program(folder / "data")
    flight = folder / "flight.bin"
    strange = small_mission.space_packet(
        small_mission.ATTITUDE, FRAMES, struct.pack(">dfI", -0.0, float("inf"), 2**32 - 1)
    )
    flight.write_bytes(b"".join([*small_mission.packets(FRAMES), strange]))
    found.imported(flight, mission)
    frames = folder / "frames.bin"
    frames.write_bytes(b"".join(small_mission.transfer_frames(small_mission.packets(50))))
    found.imported(frames, mission, "--link", "frames")
    with found.up("--only", "query"):
        yield found


def file_of(program: Program, tmp_path: Path, form: str, *question: object) -> Path:
    """The file that `query … --format FORM > file` writes."""
    file = tmp_path / f"answer.{form}"
    file.write_bytes(program.run("query", *question, "--format", form).stdout)
    return file


def test_the_console_has_the_whole_board_as_rows_and_as_a_table_for_people(program: Program) -> None:
    rows = program.query("console")
    known = program.query("sql", "SELECT uniqExact(packet, label) AS n FROM columns")
    assert len(rows) == known[0]["n"]
    angle = next(row for row in rows if row["parameter"] == "ANGLE")
    assert angle["age"] > 0
    (newest,) = program.query("latest", "ANGLE")
    assert {key: value for key, value in angle.items() if key != "age"} == newest
    shown = program.run("query", "console", "--as-of", angle["recorded"]).stdout.decode()
    assert "ANGLE" in shown
    assert "age" in shown
    early = program.query("console", "--at", "1999-01-01")
    assert {row["value"] for row in early} == {None}


def test_alarms_are_rows_a_table_and_files(program: Program, tmp_path: Path) -> None:
    rows = program.query("alarms", "VOLTAGE")
    voltages = [row["value"] for row in program.query("history", "VOLTAGE", "--session", session(program))]
    assert [row["value"] for row in rows] == [next(value for value in voltages if value > 50)]
    assert (rows[0]["level_before"], rows[0]["level"]) == ("normal", "warning")
    assert "warning" in program.run("query", "alarms").stdout.decode()
    table = pa.parquet.read_table(file_of(program, tmp_path, "parquet", "alarms"))
    assert table.column("number").to_pylist() == [row["value"] for row in rows]
    assert program.query("alarms", "ANGLE") == []


def test_json_is_one_object_a_line_and_the_rows_agree_with_every_file(
    program: Program, tmp_path: Path
) -> None:
    rows = program.query("packets", "--packet", "ATTITUDE", "--session", session(program))
    question = ("packets", "--packet", "ATTITUDE", "--session", session(program))
    arrow = pa.ipc.open_stream(file_of(program, tmp_path, "arrow", *question).read_bytes()).read_all()
    parquet = pa.parquet.read_table(file_of(program, tmp_path, "parquet", *question))
    assert arrow.num_rows == parquet.num_rows == len(rows) == 1_201
    kinds = {
        "ANGLE": pa.float64(), "RATE": pa.float32(), "NUMBER": pa.uint32(), "frame_offset": pa.uint64(),
        "packet": pa.string(), "session": pa.string(), "time": pa.timestamp("ns", "UTC"), "apid": pa.uint16(),
    }  # fmt: skip
    for table in (arrow, parquet):
        assert {name: table.schema.field(name).type for name in kinds} == kinds
        assert table.column("NUMBER").to_pylist() == [row["values"]["NUMBER"]["value"] for row in rows]
        assert str(table.column("ANGLE")[-1].as_py()) == "-0.0"
        assert table.column("RATE")[-1].as_py() == float("inf")
    frame = pd.read_parquet(tmp_path / "answer.parquet")
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert frame["frame_offset"].dtype == "uint64"


def session(program: Program) -> str:
    (found,) = program.query("sql", "SELECT DISTINCT session FROM frames WHERE link = 'radio'")
    return str(found["session"])


def test_csv_has_text_numbers_and_times_that_read_back(program: Program, tmp_path: Path) -> None:
    file = file_of(program, tmp_path, "csv", "packets", "--packet", "NOTE", "--limit", "20")
    rows = program.query("packets", "--packet", "NOTE", "--limit", "20")
    table = pa.csv.read_csv(file)
    assert table.column("TEXT").to_pylist() == [row["values"]["TEXT"]["value"] for row in rows]
    assert table.column("frame_offset").to_pylist() == [row["frame_offset"] for row in rows]
    assert [str(value)[:19] for value in table.column("time")] == [
        row["time"][:19].replace("T", " ") for row in rows
    ]
    frame = pd.read_csv(file_of(program, tmp_path, "csv", "history", "ATTITUDE.RATE"))
    rates = [row["value"] for row in program.query("history", "ATTITUDE.RATE")]
    assert frame["value"].astype("float32").tolist() == [
        float("inf") if rate == "Infinity" else rate for rate in rates
    ]


def test_bytes_are_hexadecimal_in_csv_and_bytes_elsewhere(program: Program, tmp_path: Path) -> None:
    question = ("history", "TEXT", "--limit", "1")
    table = pa.csv.read_csv(file_of(program, tmp_path, "csv", *question))
    assert bytes.fromhex(table.column("raw")[0].as_py()).decode() == table.column("value")[0].as_py()
    parquet = pa.parquet.read_table(file_of(program, tmp_path, "parquet", *question))
    assert parquet.schema.field("raw").type == pa.binary()


def test_an_answer_without_rows_is_a_file_with_columns(program: Program, tmp_path: Path) -> None:
    question = ("frames", "--session", "none")
    assert pd.read_csv(file_of(program, tmp_path, "csv", *question)).columns[0] == "generation"
    assert pa.parquet.read_table(file_of(program, tmp_path, "parquet", *question)).num_rows == 0
    assert program.query(*question) == []
    assert "nothing found" in program.run("query", *question).stdout.decode()


def test_sql_gives_files_too(program: Program, tmp_path: Path) -> None:
    query = "SELECT [1, 2] AS list, unhex('ff00') AS octets, 18446744073709551615 AS big, 'a\"b' AS text"
    (row,) = pd.read_csv(file_of(program, tmp_path, "csv", "sql", query)).to_dict("records")
    assert row == {"list": "[1,2]", "octets": "\\xff\x00", "big": 2**64 - 1, "text": 'a"b'}
    table = pa.parquet.read_table(file_of(program, tmp_path, "parquet", "sql", query))
    assert table.column("big").to_pylist() == [2**64 - 1]


def test_a_table_for_people_ends_with_what_it_left_out(program: Program) -> None:
    ended = program.run("query", "frames")
    assert "only 1000 rows are shown: give --limit, or --json for all" in ended.stderr
    assert len(ended.stdout.splitlines()) < 1_010
    assert "only" not in program.run("query", "frames", "--limit", "3").stderr
    assert len(program.query("frames")) > FRAMES


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("query", "history", "NOPE"), "there is no parameter 'NOPE' (near names: "),
        (("query", "packets", "--packet", "NOPE"), "there is no packet 'NOPE' (projected so far: ATTITUDE"),
        (("query", "packets", "--limit", "-1"), "limit = '-1' does not fit (type integer, minimum 0"),
        (("query", "latest", "--as-of", "then"), "as_of: 'then' is not a time"),
        (("query", "latest", "--generation", "g9"), "there is no generation 'g9' (known are: g-"),
        (("query", "packets", "--format", "parquet"), "the rows have different columns"),
        (("query", "sql", "DROP TABLE frames"), "DROP is not a question (give one SELECT"),
        (("query", "sql", "SELECT nope FROM frames"), "DESCRIBE a table for its columns"),
        (("origin",), "nothing is named (give --packet NAME --offset N, or --param P --at T)"),
        (("origin", "--offset", "999999"), "FRAMES offset 999999: there is no frame with this offset"),
    ],
)
def test_a_wrong_question_is_one_clear_line_and_exit_code_2(
    program: Program, arguments: tuple[str, ...], text: str
) -> None:
    ended = program.run(*arguments, code=2)
    assert text in ended.error
    assert ended.stdout == b""


def test_history_by_points_and_method_reads_as_a_table_too(program: Program) -> None:
    rows = program.query("history", "ATTITUDE.ANGLE", "--points", "10")
    assert 5 < len(rows) <= 10
    assert sum(row["count"] for row in rows) > FRAMES * 0.7
    shown = program.run(
        "query", "history", "ATTITUDE.ANGLE", "ATTITUDE.NUMBER", "--points", "4"
    ).stdout.decode()
    assert re.search(r"parameter +packet +bucket +count +min +max +mean", shown)
    curve = program.query("history", "ANGLE", "--points", "10", "--method", "lttb")
    assert set(curve[0]) == {"parameter", "packet", "time", "value"}


def test_the_origin_of_a_sample_marks_its_bits_in_the_bytes(program: Program) -> None:
    shown = program.run("origin", "--param", "NUMBER", "--at", "2100-01-01").stdout.decode()
    assert "ATTITUDE, number 0 of the frame" in shown
    assert "[ff ff ff ff]" in shown
    bits = program.run("origin", "--offset", "1", "--param", "APID").stdout.decode()
    assert "000000 [08 65]" in bits
    assert "000000  .....000" in bits


def test_the_origin_of_a_spanning_packet_shows_every_frame(program: Program) -> None:
    rows = program.query("packets", "--packet", "ATTITUDE")
    offsets = {row["frame_offset"] for row in rows if row["link"] == "frames"}
    for offset in sorted(offsets):
        answer = program.run("origin", "--offset", offset, "--packet", "ATTITUDE", "--json").row
        if len(answer["frames"]) > 1:
            break
    shown = program.run("origin", "--offset", offset, "--packet", "ATTITUDE").stdout.decode()
    for frame in answer["frames"]:
        assert f"frame {frame['frame_offset']}, received" in shown
    assert len(answer["frames"]) == 2


def test_a_hex_dump_marks_runs_across_lines() -> None:
    text = hex_dump(bytes(range(40)), [(8 * 14, 8 * 4), (8 * 20 + 2, 3)]).plain.splitlines()
    assert text[0].startswith("000000  00 01 02")
    assert " 0d[0e 0f] " in text[0]
    assert text[1].startswith("000010 [10 11]12 13[14]15")
    assert text[2] == "000014  ..010..."
