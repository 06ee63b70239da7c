"""The command line as a program: exit codes, where what is printed, broken pipes, JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.program import COMMAND, Program, environment, run_command
from support.small_mission import recording, write_mission
from support.waiting import wait_until

from infra.cli.main import COMMANDS, build_parser, main
from infra.program.runners import RUNNERS
from infra.program.service_names import SERVICE_NAMES


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], [], ["query"], ["query", "nonsense"], ["query", "latest", "--nonsense"], ["service"]],
)
def test_wrong_use_ends_with_two_and_says_what_is_known(arguments: list[str]) -> None:
    ended = run_command(*arguments)
    assert (ended.code, ended.stdout) == (2, b"")
    assert ended.error.startswith("flightledger"), ended.stderr
    assert "error: " in ended.error


def test_each_command_is_in_the_module_that_is_loaded_for_it() -> None:
    whole = _commands(build_parser([]))
    assert list(whole) == list(COMMANDS)
    for command in COMMANDS:
        alone = _commands(build_parser(["--data", "query", command, "--help"]))
        assert list(alone) == [name for name in COMMANDS if COMMANDS[name] == COMMANDS[command]]


def _commands(grammar: argparse.ArgumentParser) -> Mapping[str, object]:
    (found,) = (one for one in grammar._actions if isinstance(one, argparse._SubParsersAction))
    return found.choices


def test_the_services_that_are_named_are_those_that_can_run() -> None:
    assert tuple(RUNNERS) == SERVICE_NAMES


@pytest.mark.parametrize(
    "command", ["", "up", "service", "import", "query", "origin", "parser", "user", "replay"]
)
def test_help_is_an_answer(command: str) -> None:
    ended = run_command(*command.split(), "--help")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith(b"usage: flightledger")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["import", "{there}/none.bin", "--mission", "{there}"], "there is no such recording"),
        (["up", "{there}/none", "--only", "parser"], "there is no such mission folder"),
        (["up", "--only", "io,nonsense"], "there is no service 'nonsense'"),
        (["up", "--only", "parser"], "no mission is named and the streams have none"),
        (["query", "history", "NOTHING"], "nothing"),
        (["service", "query", "--NATS_URL=nats://127.0.0.1:1"], "missing configuration: DATA_DIR"),
        (["service", "nonsense"], "invalid choice: 'nonsense'"),
        (["--nats-url", "nats://127.0.0.1:1", "query", "latest"], "no NATS server answers"),
    ],
)
def test_what_does_not_work_is_one_line_on_standard_error_and_exit_code_two(
    tmp_path: Path, arguments: list[str], text: str
) -> None:
    filled = [argument.replace("{there}", str(tmp_path)) for argument in arguments]
    ended = run_command("--data", tmp_path / "data", *filled)
    assert (ended.code, ended.stdout) == (2, b""), ended.stderr
    assert text in ended.error
    assert "Traceback" not in ended.stderr


def test_a_data_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    ended = run_command("--data", tmp_path / "data", "query", "latest")
    assert ended.code == 2 and str(tmp_path / "data") in ended.error


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A running system with a recording of 5000 packets."""
    folder = tmp_path_factory.mktemp("system")
    program, mission = Program(folder / "data"), write_mission(folder / "mission")
    with program.up(mission, "--only", "query,writer,parser"):
        program.imported(recording(folder / "flight.bin", 5000), mission)
        yield program


def test_options_of_all_commands_may_stand_before_or_behind_the_command(system: Program) -> None:
    before = run_command("--json", "--data", system.data, "query", "counts")
    behind = run_command("query", "counts", "--json", "--data", system.data)
    assert before.row == behind.row and before.row["frames"] == {"parsed": 5000}


def test_json_is_one_document_or_one_line_for_each_row_and_nothing_else(system: Program) -> None:
    assert set(system.run("parser", "status", "--json").row) >= {"generation", "offset", "last_offset"}
    rows = system.query("packets", "--packet", "NOTE")
    assert len(rows) == 500 and {row["packet"] for row in rows} == {"NOTE"}
    assert system.query("quarantine") == []


def test_a_reader_that_has_enough_ends_the_command_without_a_complaint(system: Program) -> None:
    command = [*COMMAND, "--data", str(system.data), "query", "packets", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        assert json.loads(child.stdout.readline())["packet"]
        child.stdout.close()
        errors = child.stderr.read().decode()
        assert (child.wait(60), errors) == (0, "")


def test_an_interrupted_command_stops_its_servers_and_ends_quietly(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    with program.started("up", mission, "--only", "query") as up:
        up.until(lambda: program.server_pids().keys() >= {"nats-server"}, "a server runs")
        os.kill(up.pid, signal.SIGINT)  # while it is still starting
        ended = up.wait(60)
        assert ended.code == 0 and "Traceback" not in ended.stderr
    wait_until(lambda: not program.server_pids(), what="the servers are gone")


def test_a_mistake_of_ours_is_not_taken_for_the_answer_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("infra.cli.queries.open_system", broken)
    assert main(["--data", str(tmp_path), "query", "latest"]) == 2
    assert "RuntimeError: a mistake" in capsys.readouterr().err
