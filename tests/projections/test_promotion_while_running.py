"""New frames go to the generation that readers see, also when it changes while the system runs."""

from __future__ import annotations

from pathlib import Path

from support import small_mission
from support.program import Program
from support.waiting import wait_until


def test_the_parser_follows_a_promotion_without_a_hole_and_without_a_duplicate(tmp_path: Path) -> None:
    mission = small_mission.write_mission(tmp_path / "mission")
    corrected = small_mission.write_mission(tmp_path / "corrected")
    database = corrected / "small.xml"
    database.write_text(database.read_text().replace('coefficient="0.5"', 'coefficient="0.25"'))
    program = Program(tmp_path / "data")
    with program.up(mission):
        first = program.imported(small_mission.recording(tmp_path / "a.bin", 1_000), mission)["generation"]
        made = program.run("reprocess", "--mission", corrected, "--json").row["generation"]
        between = small_mission.recording(tmp_path / "b.bin", 500, 1_000)
        assert program.imported(between, mission)["generation"] == first
        program.run("generations", "promote", made)

        def caught_up() -> bool:
            status = program.run("parser", "status", "--json").row
            return bool(status["generation"] == made and status["offset"] == status["last_offset"])

        wait_until(caught_up, 60, "the parser follows the promoted generation")
        more = small_mission.recording(tmp_path / "c.bin", 300, 1_500)
        refused = program.run("import", more, "--mission", mission, code=2)
        assert "another version of this mission" in refused.error
        assert program.imported(more, corrected)["generation"] == made
        counts = program.query(
            "sql",
            "SELECT generation, count() AS n, uniqExact(frame_offset) AS frames, max(frame_offset) AS last "
            "FROM frames FINAL GROUP BY generation",
        )
        rows = {row["generation"]: row for row in counts}
        assert rows[made] == {"generation": made, "n": 1_800, "frames": 1_800, "last": 1_800}
        assert rows[first]["last"] == 1_500
    with program.up(mission):
        status = program.run("parser", "status", "--json").row
        assert status["generation"] == first, "the mission that was asked for decides at a start"
