"""Tables that are of another event log than the streams beside them: refused, and made anew by a rebuild."""

from __future__ import annotations

from pathlib import Path

from support.program import Program
from support.small_mission import recording, write_mission


def sessions_of(program: Program) -> dict[str, int]:
    query = "SELECT generation, session, count() AS n FROM packets GROUP BY ALL"
    return {f"{row['generation']} {row['session']}": row["n"] for row in program.query("sql", query)}


def test_tables_of_another_event_log_are_refused_until_they_are_rebuilt(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    first, second = recording(tmp_path / "1.bin", 300), recording(tmp_path / "2.bin", 200, first=5000)
    counts = program.imported(first, mission)
    again = program.run("reprocess", "--name", "again", "--json").row
    known = sessions_of(program)

    streams, kept = program.data / "nats", tmp_path / "streams of the first"
    streams.rename(kept)
    refused = program.run("import", second, "--mission", mission, code=2)
    assert "the tables are of another event log than the streams" in refused.error
    findings = program.run("doctor", "--json", code=1).row["findings"]
    (problem,) = (finding for finding in findings if finding["state"] == "problem")
    assert "another event log" in problem["what"] and "flightledger rebuild" in problem["fix"]
    program.run("rebuild")
    assert program.imported(second, mission)["frames"] == {"parsed": 200}
    assert list(sessions_of(program).values()) == [200], "nothing of the other log's is left"
    assert "what was sealed" in program.run("archive", "verify").stdout.decode()

    streams.rename(tmp_path / "streams of the second")
    kept.rename(streams)
    rebuilt = {row["generation"]: row for row in program.run("rebuild", "--json").rows}
    assert rebuilt["again"]["before"] is None
    assert rebuilt["again"]["after"] == again["content"]["digest"]
    assert program.imported(first, mission) == counts | {"frames_added": 0}
    assert sessions_of(program) == known
