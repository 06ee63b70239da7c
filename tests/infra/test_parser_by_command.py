"""`parser restart` and `parser status` as a user runs them, beside the running program and without one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import small_mission
from support.program import Program, Row, Running
from support.waiting import wait_until

GOOD = 3_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good packets, noise between them, and a torn end."""
    chance, folder = random.Random(4), tmp_path_factory.mktemp("recording")
    pieces = small_mission.packets(GOOD)
    for at in range(300, GOOD, 300):
        pieces[at] = b"\xff" + chance.randbytes(50) + pieces[at]
    (folder / "r").write_bytes(b"".join(pieces) + b"\x08")
    return folder / "r"


@pytest.fixture
def flight(tmp_path: Path, recording: Path) -> Iterator[tuple[Program, Running, Row]]:
    """The running program with the recording imported, and what the import counted."""
    mission, program = small_mission.write_mission(tmp_path / "m"), Program(tmp_path / "data")
    with program.up(mission, "--only", "query,writer,parser") as up:
        yield program, up, program.imported(recording, mission, "--link", "radio")


def status(program: Program) -> Row:
    return program.run("parser", "status", "--json").row


def restarted(program: Program, *where: object) -> Row:
    return program.run("parser", "restart", *where, "--json").row


def wait_until_written_again(program: Program, end: int) -> None:
    wait_until(lambda: status(program)["lag"] == 0, 60, "the parser has caught up")
    query = "SELECT offset FROM offsets WHERE stream = 'FRAMES' AND consumer = 'database-writer'"
    wait_until(lambda: program.select(query) == str(end), 60, "the writer has caught up")


def test_going_back_and_forwards_changes_no_table_and_doubles_no_row(
    flight: tuple[Program, Running, Row],
) -> None:
    program, up, done = flight
    end = status(program)["last_offset"]
    before = program.content()
    assert before["packets"].split()[0] == str(sum(done["packets"].values()))
    recorded = program.select("SELECT toString(recorded) FROM frames WHERE frame_offset = 1000")
    where: list[tuple[tuple[object, ...], int]] = [
        (("--from-offset", 1), 1),
        (("--from-offset", 1_234), 1_234),
        (("--from-time", recorded.replace(" ", "T") + "Z"), 1_000),
        (("--from-offset", end + 1), end + 1),
    ]
    for arguments, offset in where:
        answer = restarted(program, *arguments)
        assert (answer["from_offset"], answer["was_at"]) == (offset, end)
        wait_until_written_again(program, end)
        assert program.content() == before
    assert up.alive


def test_the_status_says_how_far_the_parser_is(flight: tuple[Program, Running, Row]) -> None:
    program, _, done = flight
    found = status(program)
    assert found["offset"] == found["last_offset"] == done["frames_in_file"]
    assert found["lag"] == 0
    assert found["generation"] == done["generation"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from-offset", "0"), "FRAMES has the offsets 1 to"),
        (("--from-offset", "99999999"), "FRAMES has the offsets 1 to"),
        (("--from-time", "yesterday"), "--from-time"),
        ((), "required"),
        (("--from-offset", "1", "--from-time", "2020-01-01"), "not allowed with"),
    ],
)
def test_a_wrong_place_is_refused(flight_free: Program, arguments: tuple[str, ...], words: str) -> None:
    ended = flight_free.run("parser", "restart", *arguments, code=2)
    assert words in ended.error


@pytest.fixture(scope="module")
def flight_free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A running program with a few frames."""
    folder = tmp_path_factory.mktemp("free")
    mission, program = small_mission.write_mission(folder / "m"), Program(folder / "data")
    with program.up(mission, "--only", "query,writer,parser"):
        program.imported(small_mission.recording(folder / "r", 10), mission)
        yield program


def test_without_a_running_program_it_waits_until_all_is_written_again(
    tmp_path: Path, recording: Path
) -> None:
    mission, program = small_mission.write_mission(tmp_path / "m"), Program(tmp_path / "data")
    done = program.imported(recording, mission, "--link", "radio")
    answer = restarted(program, "--from-offset", 1)
    assert answer["from_offset"] == 1
    rows = program.query("sql", "SELECT packet, count() AS n FROM packets FINAL GROUP BY packet")
    assert {row["packet"]: row["n"] for row in rows} == done["packets"]
    assert answer["generation"] == done["generation"]
