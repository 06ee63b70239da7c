"""`flightledger user …` and commands in a person's name, on a running system and on none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.operations import operations_of
from support.program import COMMAND, Ended, Program, environment, run_command
from support.small_mission import recording, write_mission

PASSWORD = "correct horse"


def with_password(program: Program, *arguments: object, password: str = PASSWORD) -> Ended:
    """Run `user …` with the password on standard input."""
    command = [*COMMAND, "--data", str(program.data), "user", *map(str, arguments), "--password-stdin"]
    done = subprocess.run(
        command,
        input=f"{password}\n".encode(),
        capture_output=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def as_person(
    program: Program, name: str, *arguments: object, code: int = 0, password: str = PASSWORD
) -> Ended:
    """Run a command in a person's name, by the address alone and in an empty folder's sight."""
    url = program.addresses["nats_url"]
    other = program.data.parent / "elsewhere"
    ended = run_command(
        "--data", other, "--nats-url", url, "--user", name, *arguments, NATS_PASSWORD=password
    )
    assert ended.code == code, ended.stderr
    assert not other.exists(), "a command at an address makes no data folder"
    return ended


def users_in_operations(program: Program) -> list[dict[str, object]]:
    """Return the events about users, by the embedded server's own account of the folder's owner."""
    return [event for kind, event in operations_of(program) if kind == "users-changed"]


def test_users_are_added_listed_changed_and_removed_without_a_running_system(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    assert "may do everything" in program.run("user", "list").stdout.decode()
    added = with_password(program, "add", "anna", "--role", "viewer")
    assert (
        added.code == 0
        and "anna: added as viewer; in force when the program is started" in added.stdout.decode()
    )
    assert program.run("user", "role", "anna", "approver", "--json").row["in_force"] == "at the start"
    (listed,) = program.run("user", "list", "--json").rows
    assert (listed["name"], listed["role"], set(listed)) == ("anna", "approver", {"name", "role", "added"})
    assert with_password(program, "password", "anna", password="another password").code == 0
    assert program.run("user", "remove", "anna", "--json").row["done"] == "removed"
    assert program.run("user", "list", "--json").rows == []


@pytest.mark.parametrize(
    ("arguments", "password", "text"),
    [
        (("add", "Anna", "--role", "viewer"), PASSWORD, "is no name of a user"),
        (("add", "anna", "--role", "viewer"), "short", "fewer than 8 characters"),
        (("password", "nobody"), PASSWORD, "there is no user 'nobody'"),
        (("add", "anna", "--role", "king"), PASSWORD, "invalid choice: 'king'"),
    ],
)
def test_a_user_that_can_not_be_is_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], password: str, text: str
) -> None:
    ended = with_password(Program(tmp_path / "data"), *arguments, password=password)
    assert ended.code == 2
    assert text in ended.error


def test_without_a_terminal_a_password_is_never_waited_for(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    assert "--password-stdin" in program.run("user", "add", "anna", "--role", "viewer", code=2).error
    assert with_password(program, "add", "anna", "--role", "viewer").code == 0
    ended = run_command("--data", program.data, "--user", "anna", "query", "latest")
    assert ended.code == 2 and "no password for anna" in ended.error


def test_persons_do_by_the_address_what_their_role_allows_and_the_owner_of_the_folder_everything(
    tmp_path: Path,
) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    for name, role in (("vera", "viewer"), ("adam", "admin")):
        assert with_password(program, "add", name, "--role", role).code == 0
    recorded = recording(tmp_path / "flight.bin", 50)
    with program.up(mission, "--only", "query,generation,writer,parser") as up:
        assert "users       adam, vera" in up.output
        counts = program.imported(recorded, mission)
        assert counts["frames_added"] == 50
        assert as_person(program, "vera", "query", "counts", "--json").row["frames"] == {"parsed": 50}
        many = as_person(program, "vera", "query", "packets", "--json")
        assert len(many.rows) == 50
        assert as_person(program, "vera", "parser", "status").row["offset"] == 50
        refused = as_person(program, "vera", "parser", "restart", "--from-offset", 1, code=2)
        assert 'vera may not publish to "parser.restart"' in refused.error
        refused = as_person(
            program, "vera", "import", recorded, "--mission", mission, "--session", "two", code=2
        )
        assert "vera may not" in refused.error
        refused = as_person(program, "vera", "generations", "promote", counts["generation"], code=2)
        assert "vera may not" in refused.error
        assert (
            as_person(program, "adam", "parser", "restart", "--from-offset", 1, "--json").row["from_offset"]
            == 1
        )
        promoted = as_person(program, "adam", "generations", "promote", counts["generation"], "--json").row
        assert promoted["generation"] == counts["generation"]
        assert (
            "refuses this user name"
            in as_person(program, "vera", "query", "counts", code=2, password="wrong horse").error
        )
        nobody = run_command("--nats-url", program.addresses["nats_url"], "query", "counts")
        assert nobody.code == 2 and "refuses" in nobody.error
        by_folder = run_command(
            "--data", program.data, "query", "counts", "--json", NATS_USER="vera", NATS_PASSWORD=PASSWORD
        )
        assert by_folder.row["frames"] == {"parsed": 50}
        (event,) = users_in_operations(program)
        assert event["users"] == {"adam": "admin", "vera": "viewer"}


def test_persons_verify_and_export_the_record_by_the_audit_service(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    for name, role in (("vera", "viewer"), ("oscar", "operator")):
        assert with_password(program, "add", name, "--role", role).code == 0
    with program.up(mission, "--only", "query,writer,parser,sealer,audit"):
        program.imported(recording(tmp_path / "flight.bin", 50), mission)
        heads = as_person(program, "vera", "audit", "head").stdout
        assert heads == program.run("audit", "head").stdout
        (tmp_path / "heads").write_bytes(heads)
        assert "may not" in as_person(program, "vera", "audit", "verify", code=2).error
        verdict = as_person(program, "oscar", "audit", "verify", "--head", tmp_path / "heads", "--json").row
        assert (verdict["good"], verdict["sealed_to"], verdict["heads_given"]) == (True, 50, 2)
        missed = as_person(program, "oscar", "audit", "verify", "--head", "0" * 64, code=1).stdout
        assert b"NOT FOUND" in missed and b"FRAMES     50 messages" in missed
        file = tmp_path / "record.jsonl"
        done = as_person(program, "oscar", "audit", "export", "--out", file, "--json").row
        assert (done["frames"], done["broken"]) == ({"first": 1, "last": 50}, "")
        assert (done["bytes"], done["fingerprint"]) == (
            file.stat().st_size,
            program.run("audit", "key", "--json").row["fingerprint"],
        )
        assert "exists" in as_person(program, "oscar", "audit", "export", "--out", file, code=2).error


def test_users_that_change_while_the_system_runs_count_at_once_and_are_noted(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    with program.up(mission, "--only", "query,parser") as up:
        assert "users       none: everybody on this machine may do everything" in up.output
        anyone = run_command("--nats-url", program.addresses["nats_url"], "query", "offsets")
        assert anyone.code == 0
        added = with_password(program, "add", "vera", "--role", "viewer", "--json")
        assert added.row["in_force"] == "now"
        assert as_person(program, "vera", "query", "offsets").code == 0
        assert run_command("--nats-url", program.addresses["nats_url"], "query", "offsets").code == 2
        program.run("user", "role", "vera", "admin")
        assert as_person(program, "vera", "parser", "status").code == 0
        removed = program.run("user", "remove", "vera")
        assert "nobody gets in until the program is started again" in removed.stdout.decode()
        as_person(program, "vera", "query", "offsets", code=2)
        assert program.query("offsets") == [], "the owner of the folder gets in all the time"
        changes = users_in_operations(program)
        assert [event["change"] for event in changes] == [
            "vera: added as viewer",
            "vera: is admin now",
            "vera: removed",
        ]
        assert [event["users"] for event in changes] == [{"vera": "viewer"}, {"vera": "admin"}, {}]
        assert up.alive
