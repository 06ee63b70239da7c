"""`flightledger command …` and `query telecommands` as a user has them, on a system that is up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.program import Program
from support.telecommand_mission import Device, accept_and_complete, write_mission
from support.waiting import run_async, wait_until

from infra.program.system import open_system
from projections.query_requests import response_schema
from streams.answers import ask_once

PROCEDURE = """\
title = "Up to the check"
[[steps]]
send = "NOOP"
arguments = { NUMBER = 11 }
[[steps]]
check = "LEVEL > 100"
say = "enough"
[[steps]]
send = "NOOP"
arguments = { NUMBER = 12 }
"""


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with Device(accept_and_complete) as made:
        yield made


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, device: Device) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("commands")
    mission = write_mission(folder / "mission", device.port)
    made = Program(folder / "data")
    with made.up(mission):
        wait_until(lambda: device.connected)
        yield made


def test_a_telecommand_is_sent_followed_and_found_again_with_its_frames(program: Program) -> None:
    send = ("command", "send", "NOOP", "NUMBER=1", "--wait", "--json", "--user", "anna", "--why", "to see")
    events = program.run(*send).rows
    assert {event["event"] for event in events} >= {"submitted", "released", "claimed", "completed"}
    identity = events[0]["id"]
    life = program.run("command", "log", identity, "--json").row
    assert (life["state"], life["issuer"], life["request"]["why"]) == ("completed", "anna", "to see")
    frame = next(event["frame_offset"] for event in life["events"] if event["event"] == "completed")
    (packet,) = [
        row for row in program.query("packets", "--packet", "REPORT") if row["frame_offset"] == frame
    ]
    assert packet["values"]["SUBSERVICE"]["value"] == 7
    wait_until(lambda: program.query("telecommands", "--id", identity, "--state", "completed"))
    (row,) = program.query("telecommands", "--issuer", "anna", "--name", "NOOP", "--id", identity)
    assert row["arguments"] == {"NUMBER": "1"}
    Draft202012Validator(response_schema("telecommands")).validate(row)
    told = program.query("telecommand_events", "--id", identity)
    for event in told:
        Draft202012Validator(response_schema("telecommand_events")).validate(event)
    recorded = {event["event"]: event for event in told}
    as_of = recorded["claimed"]["recorded"]
    (then,) = program.query("telecommands", "--id", identity, "--as-of", as_of)
    assert (then["state"], then["completed"]) == ("claimed", None)
    before = program.query("telecommands", "--id", identity, "--as-of", "2020-01-01T00:00:00Z")
    assert before == []


def test_the_last_ones_come_first_where_they_are_asked_for_like_that(program: Program) -> None:
    ids = [program.run("command", "send", "NOOP", f"NUMBER={n}", "--json").row["id"] for n in (20, 21)]

    async def newest() -> list[str]:
        async with open_system(program.data) as system:
            answer = await ask_once(system.nc, "query.telecommands", {"newest": True, "limit": 2})
        return [json.loads(line)["telecommand"] for line in answer.splitlines()]

    wait_until(lambda: run_async(newest) == ids[::-1], what="the last two, newest first")


def test_what_is_refused_is_the_answer_no(program: Program) -> None:
    refused = program.run("command", "send", "NOOP", "NUMBER=-1", "--json", code=1).row
    assert "NUMBER" in refused["problems"]
    program.run("command", "approve", "unknown234", code=1)
    program.run("command", "send", "NOOP", "NUMBER", code=2)
    wait_until(lambda: program.query("telecommands", "--id", refused["id"]))
    (row,) = program.query("telecommands", "--id", refused["id"])
    assert (row["state"], row["request"]) == ("rejected", "submit")


def test_a_critical_one_is_approved_by_a_second_user(program: Program) -> None:
    submitted = program.run("command", "send", "ARM", "--user", "anna", "--json").row
    program.run("command", "approve", submitted["id"], "--user", "anna", code=1)
    assert program.run("command", "approve", submitted["id"], "--user", "ben", "--json").row["done"]
    life = wait_until(lambda: _in_state(program, submitted["id"], "completed"))
    assert life["approvers"] == ["ben"]


def _in_state(program: Program, identity: str, state: str) -> dict[str, object] | None:
    life = program.run("command", "log", identity, "--json").row
    return life if life["state"] == state else None


def test_a_queue_is_held_and_resumed(program: Program, device: Device) -> None:
    program.run("command", "hold", "radio", "--why", "wind")
    waiting = program.run("command", "send", "NOOP", "NUMBER=5", "--json").row
    queues = program.run("command", "queues", "--json").row
    assert queues["links"][0]["queue"] == [waiting["id"]]
    assert 5 not in device.numbers
    program.run("command", "resume", "radio")
    wait_until(lambda: 5 in device.numbers)


def test_a_procedure_stops_at_the_first_check_that_fails_and_every_step_is_kept(
    program: Program, device: Device, tmp_path: Path
) -> None:
    file = tmp_path / "procedure.toml"
    file.write_text(PROCEDURE)
    steps = program.run("command", "run", file, "--json", code=1).rows
    assert [(step["step"], step["result"]) for step in steps] == [
        (0, "begun"), (1, "begun"), (1, "done"), (2, "begun"), (2, "failed"), (0, "failed"),
    ]  # fmt: skip
    assert "LEVEL has no sample" in steps[4]["text"]
    assert 11 in device.numbers
    assert 12 not in device.numbers
    file.write_text("steps = 3")
    program.run("command", "run", file, code=2)


def test_what_can_be_sent_is_listed(program: Program) -> None:
    listed = program.run("command", "list", "--json").row
    assert [one["name"] for one in listed] == ["NOOP", "ARM", "FIRE", "SAFE", "DEPLOY", "DIVE"]
    (one,) = program.run("command", "list", "ARM", "--json").row
    assert one["significance"] == "critical"
    assert b"NOOP" in program.run("command", "list").stdout


def test_where_no_system_runs_nothing_is_sent_the_log_can_be_read_and_the_tables_rebuilt(
    tmp_path: Path, device: Device
) -> None:
    mission = write_mission(tmp_path / "mission", device.port)
    program = Program(tmp_path / "data")
    with program.up(mission):
        sent = program.run("command", "send", "ARM", "--json").row
        wait_until(lambda: program.query("telecommands", "--id", sent["id"]))
    refused = program.run("command", "send", "NOOP", code=2)
    assert "no system runs on this data folder" in refused.error
    life = program.run("command", "log", sent["id"], "--json").row
    assert life["state"] == "submitted"
    rebuilt = {row["generation"]: row for row in program.run("rebuild", "--json").rows}
    assert rebuilt["telecommands"]["same"]
    assert rebuilt["telecommands"]["rows"] == {"telecommand_events": 1, "telecommands": 1}
