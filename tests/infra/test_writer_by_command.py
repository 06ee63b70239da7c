"""`writer restart` and `writer status` as a user runs them, beside the running program and without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import small_mission
from support.ground import Ground, ground
from support.program import Program, Row
from support.waiting import wait_until

from infra.embedded.servers import EmbeddedServers
from projections.clickhouse import connect
from streams.operations import read_operations

FRAMES = 2_000


def status(program: Program) -> Row:
    return program.run("writer", "status", "--json").row


def empty(program: Program, tables: list[str]) -> None:
    clickhouse = connect(program.addresses["clickhouse_url"])
    for table in tables:
        clickhouse.command(f"TRUNCATE TABLE `{table}`")
    clickhouse.close()


def test_rows_that_were_lost_are_written_again_and_nothing_is_there_twice(tmp_path: Path) -> None:
    mission, program = small_mission.write_mission(tmp_path / "m"), Program(tmp_path / "data")
    with program.up(mission, "--only", "query,writer,parser"):
        program.imported(small_mission.recording(tmp_path / "1", FRAMES), mission)
        first = status(program)
        program.imported(small_mission.recording(tmp_path / "2", FRAMES, first=FRAMES), mission)
        before, end = program.content(), status(program)["last_offset"]
        assert status(program) == {"offset": end, "last_offset": end, "lag": 0}
        between = program.select(f"SELECT toString(min(recorded)) FROM frames WHERE frame_offset > {FRAMES}")
        for where, offset, lost in (
            (("--from-offset", 1), 1, True),
            (("--from-offset", end + 1), end + 1, False),
            (("--from-time", between.replace(" ", "T") + "Z"), first["offset"] + 1, False),
        ):
            if lost:
                empty(program, list(before))
                assert program.content() != before
            answer = program.run("writer", "restart", *where, "--json").row
            assert answer == {"from_offset": offset, "was_at": end}
            wait_until(lambda: status(program)["lag"] == 0, 60, "the writer has caught up")
            assert program.content() == before

    with EmbeddedServers(program.data):
        empty(program, list(before))
    told = program.run("writer", "restart", "--from-offset", 1).stdout.decode()
    assert "the writer goes on from offset 1 of TELEMETRY" in told
    with EmbeddedServers(program.data):
        assert program.content() == before, "the command waits until all is written again"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("ground")
    mission = small_mission.write_mission(folder / "mission")
    with ground(folder / "data", mission) as made:
        for _ in range(3):
            made.append(small_mission.packets(20))
        yield made


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (b"{", "the request is not JSON"),
        (b"{}", "give from_offset or from_time"),
        (b'{"from_offset": 1.5}', "a whole number"),
        (b'{"from_offset": 1, "from_time": 1}', "give from_offset or from_time"),
        (b'{"from_offset": 0}', "TELEMETRY has the offsets 1 to"),
        (b'{"from_offset": 99999}', "TELEMETRY has the offsets 1 to"),
    ],
)
def test_a_wrong_place_is_refused_and_leaves_no_event(system: Ground, request_: bytes, words: str) -> None:
    answer = system.request("writer.restart", request_)
    assert words in (answer.headers or {})["Nats-Service-Error"]
    assert system.run(read_operations(system.system.nc, kinds=["writer-restarted"])) == []


def test_what_telemetry_no_longer_has_is_refused_with_who_can_make_it_again(system: Ground) -> None:
    system.run(system.system.nc.jetstream().purge_stream("TELEMETRY", seq=3))
    error = (system.request("writer.restart", b'{"from_offset": 2}').headers or {})["Nats-Service-Error"]
    assert "TELEMETRY has the offsets from 3 on, not 2" in error and "parser restart" in error
    answer = system.request("writer.restart", b'{"from_offset": 3}')
    assert b'"from_offset":3' in answer.data
    (event,) = system.run(read_operations(system.system.nc, kinds=["writer-restarted"]))
    assert event.fields["from_offset"] == 3
