"""A reprocess that is killed goes on where it was, and its content is the one of an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import small_mission
from support.program import Program

pytestmark = pytest.mark.faults

FRAMES = 60_000


def test_a_killed_reprocess_goes_on_and_has_the_identical_content(tmp_path: Path) -> None:
    mission = small_mission.write_mission(tmp_path / "mission")
    program = Program(tmp_path / "data")
    program.imported(small_mission.recording(tmp_path / "flight.bin", FRAMES), mission)
    with program.started("reprocess", "--name", "again", "--workers", "2") as under_way:
        under_way.until(lambda: program.rows_in("frames WHERE generation = 'again'") > 0, "rows are there")
        under_way.kill()
    done = program.run("reprocess", "--name", "again", "--workers", "2", "--json").row
    assert (done["first"], done["last"]) == (1, FRAMES)
    assert done["content"]["rows"]["frames"] == FRAMES
    (live,) = (row for row in program.run("generations", "list", "--json").rows if row["live"])
    assert program.run("generations", "diff", live["generation"], "again", "--json").rows == []
    assert program.run("generations", "verify", "again", "--json").row["same"]
