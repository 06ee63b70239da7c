"""Generations as a user makes and compares them: reprocess, diff, promote, drop, verify, rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.flights import imported_mixture
from support.program import Program, Row

from infra.embedded.servers import EmbeddedServers

FRAMES = 3_000


@pytest.fixture
def running(imported: tuple[Program, Path]) -> Iterator[tuple[Program, Path]]:
    with imported[0].up("--only", "query,generation"):
        yield imported


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path]:
    return imported_mixture(tmp_path_factory.mktemp("generations"), FRAMES)


def generations(program: Program) -> dict[str, Row]:
    return {row["generation"]: row for row in program.run("generations", "list", "--json").rows}


def live(program: Program) -> str:
    (name,) = (name for name, row in generations(program).items() if row["live"])
    return name


def test_a_reprocess_has_the_content_of_the_live_generation_however_it_is_shared_out(
    running: tuple[Program, Path],
) -> None:
    program, _ = running
    total = program.query("sql", "SELECT count() AS n FROM frames FINAL")[0]["n"]
    found = [
        program.run("reprocess", "--workers", workers, "--name", f"w{workers}", "--json").row
        for workers in (1, 3)
    ]
    assert [row["frames"] for row in found] == [total, total]
    assert len({row["content"]["digest"] for row in found}) == 1
    assert found[0]["content"]["rows"]["ATTITUDE"] > FRAMES * 0.7
    assert found[0]["content"]["rows"]["quarantine"] > 0
    for name in ("w1", "w3"):
        assert program.run("generations", "diff", live(program), name, "--json").rows == []
    verified = program.run("generations", "verify", live(program), "--json").row
    assert verified["same"]
    assert verified["content"]["digest"] == found[0]["content"]["digest"]
    for name in ("w1", "w3"):
        program.run("generations", "drop", name)
    assert list(generations(program)) == [live(program)]


def test_a_corrected_mission_shows_what_it_changed_and_can_be_promoted_and_taken_back(
    running: tuple[Program, Path],
) -> None:
    program, mission = running
    corrected = mission.with_name("corrected")
    corrected.mkdir()
    for file in mission.iterdir():
        text = file.read_text()
        (corrected / file.name).write_text(text.replace('coefficient="0.5"', 'coefficient="0.25"'))
    first = live(program)
    before = program.query("latest", "VOLTAGE")[0]
    made = program.run("reprocess", "--mission", corrected, "--json").row["generation"]
    differences = program.run("generations", "diff", first, made, "--json", code=1).rows
    (difference,) = differences
    assert (difference["kind"], difference["packet"], difference["parameter"]) == (
        "values",
        "MODE_PACKET",
        "VOLTAGE",
    )
    assert 0 < difference["differ"] < difference["of"]  # a raw zero gives the same value
    assert float(difference["a"]) != float(difference["b"])
    assert program.query("latest", "VOLTAGE")[0] == before
    program.run("generations", "drop", first, code=2)
    program.run("generations", "promote", made)
    after = program.query("latest", "VOLTAGE")[0]
    assert after["generation"] == made
    assert (after["value"] + 1) * 2 == before["value"] + 1
    assert program.query("latest", "VOLTAGE", "--as-of", before["recorded"])[0] == before
    program.run("generations", "promote", first)
    assert program.query("latest", "VOLTAGE")[0] == before
    program.run("generations", "drop", made)


def test_a_rebuild_gives_the_identical_content(imported: tuple[Program, Path]) -> None:
    program, _ = imported
    packets = program.query("packets", "--packet", "NOTE")
    row, archive = program.run("rebuild", "--json").rows
    assert row["same"]
    assert row["before"] == row["after"]
    assert archive["same"]
    assert archive["rows"] == {"archive": row["rows"]["frames"]}
    assert row["rows"]["frames"] == program.query("sql", "SELECT count() AS n FROM frames FINAL")[0]["n"]
    assert program.query("packets", "--packet", "NOTE") == packets


def test_wrong_requests_say_what_to_do(running: tuple[Program, Path]) -> None:
    program, _ = running
    for arguments, words in (
        (("generations", "promote", "nix"), "there is no generation 'nix'"),
        (("generations", "drop", "nix"), "known are"),
        (("generations", "diff", "nix", live(program)), "there is no generation 'nix'"),
        (("reprocess", "--from", "2100-01-01"), "there are no frames"),
        (("reprocess", "--from", "sometime"), "is not a time"),
        (("reprocess", "--name", live(program)), "there is a generation"),
    ):
        ended = program.run(*arguments, code=2)
        assert words in ended.error, arguments


def test_a_rebuild_is_refused_while_the_system_runs(imported: tuple[Program, Path]) -> None:
    program, _ = imported
    with EmbeddedServers(program.data):
        assert "stop it first" in program.run("rebuild", code=2).error
