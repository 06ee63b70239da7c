"""A reprocess that is killed goes on where it was, and its content is the one of an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flights import imported_flight
from support.program import Program

from infra.embedded.servers import EmbeddedServers
from projections.clickhouse import connect

pytestmark = pytest.mark.faults

FRAMES = 60_000


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program, _ = imported_flight(tmp_path_factory.mktemp("reprocess-kill"), FRAMES)
    return program


@pytest.mark.parametrize("more", [(), ("--from-archive",)], ids=["stream", "archive"])
def test_a_killed_reprocess_goes_on_and_has_the_identical_content(
    imported: Program, more: tuple[str, ...]
) -> None:
    program, name = imported, f"again{len(more)}"
    again = ("reprocess", "--name", name, "--workers", "2", *more)
    with program.started(*again) as under_way:
        there = f"frames WHERE generation = '{name}'"
        under_way.until(lambda: program.rows_in(there) > 0, "rows are there")
        under_way.kill()
    done = program.run(*again, "--json").row
    assert (done["first"], done["last"]) == (1, FRAMES)
    assert done["content"]["rows"]["frames"] == FRAMES
    (live,) = (row for row in program.run("generations", "list", "--json").rows if row["live"])
    assert program.run("generations", "diff", live["generation"], name, "--json").rows == []
    assert program.run("generations", "verify", name, "--json").row["same"]


def test_a_killed_rebuild_of_the_archive_leaves_nothing_out_when_it_is_run_again(imported: Program) -> None:
    program = imported
    with EmbeddedServers(program.data) as servers:
        clickhouse = connect(servers.clickhouse_url)
        clickhouse.command("TRUNCATE TABLE archive")
        clickhouse.command("DELETE FROM offsets WHERE consumer = 'frame-archive'")
        clickhouse.close()
    with program.started("archive", "rebuild") as under_way:
        under_way.until(lambda: program.rows_in("archive") > 0, "rows are there")
        under_way.kill()
    program.run("archive", "rebuild")
    verified = program.run("archive", "verify", "--json").row
    assert (verified["good"], verified["frames"], verified["missing"]) == (True, FRAMES, 0)


def test_a_killed_rebuild_is_made_good_by_another_one_and_the_writer(tmp_path: Path) -> None:
    frames = 20_000
    program, mission = imported_flight(tmp_path, frames)
    digest = program.run("reprocess", "--name", "beside", "--json").row["content"]["digest"]
    with program.started("rebuild") as under_way:
        under_way.until(lambda: 0 < program.rows_in("frames") < 2 * frames, "some rows are there again")
        under_way.kill()
    again = {row["generation"]: row for row in program.run("rebuild", "--json").rows}
    assert (again["beside"]["before"], again["beside"]["after"]) == (None, digest)
    assert program.imported(tmp_path / "flight.bin", mission)["frames_added"] == 0  # the writer goes on
    after = [row for row in program.run("rebuild", "--json").rows if row["generation"] != "archive"]
    assert [(row["before"], row["after"]) for row in after] == [(digest, digest)] * 2
