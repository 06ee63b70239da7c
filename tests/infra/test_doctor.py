"""`flightledger doctor`: every finding says what to do, and only a problem ends with 1."""

from __future__ import annotations

import re
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import StreamConfig
from support.device import listening_device
from support.guarded_server import guarded_server
from support.program import Ended, Program, Row, run_command
from support.small_mission import packets, recording, write_mission
from support.waiting import run_async

from infra.access import AccessFolder, Role
from infra.embedded.folder import Addresses
from infra.embedded.ports import choose_ports
from infra.program.checks import State, folder, machine
from infra.program.checks.streams import check_streams, differences, losses
from streams.event_log import stream_configs

Usage = namedtuple("Usage", "total used free")


def found_by(ended: Ended, check: str) -> list[Row]:
    return [finding for finding in ended.row["findings"] if finding["check"] == check]


def test_a_healthy_system_has_no_problem_and_is_told_part_by_part(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    with program.up(mission):
        program.imported(recording(tmp_path / "flight.bin", 200), mission)
        ended = program.run("doctor", "--json")
        assert ended.row["problems"] == 0
        checks = {finding["check"] for finding in ended.row["findings"]}
        assert checks >= {
            "versions",
            "clock",
            "disk",
            "files",
            "users",
            "ports",
            "nats",
            "streams",
            "clickhouse",
        }
        assert all(finding["fix"] for finding in ended.row["findings"] if finding["state"] != "ok")
        streams = " ".join(finding["what"] for finding in found_by(ended, "streams"))
        assert "FRAMES: 200 messages" in streams and "TELEMETRY" in streams
        services = [finding["what"] for finding in found_by(ended, "services")]
        for name in ("io", "query", "writer", "parser"):
            assert any(text.startswith(f"{name} answers") for text in services)
        assert any("offset 200, behind 0" in text for text in services)
        assert "has all frames, up to offset 200" in found_by(ended, "projections")[0]["what"]
        text = program.run("doctor").stdout.decode()
        assert "nothing needs action" in text and "flightledger user add" in text


def test_without_a_running_system_the_servers_are_started_for_it(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    ended = program.run("doctor", "--json")
    assert ended.row["problems"] == 0
    assert "no program runs" in found_by(ended, "services")[0]["what"]
    assert found_by(ended, "clickhouse")[0]["what"].startswith("ClickHouse 2")


def test_frames_that_nobody_parses_are_a_problem(tmp_path: Path) -> None:
    program, data = Program(tmp_path / "data"), recording(tmp_path / "flight.bin", 50)
    with listening_device() as device:
        mission = write_mission(tmp_path / "mission")
        file = mission / "mission.toml"
        file.write_text(file.read_text().replace("port = 1\n", f"port = {device.port}\n", 1))
        program.imported(data, mission)
        with program.up(mission, "--only", "query,io") as up:
            device.send(b"".join(packets(20)))
            up.until(lambda: program.messages("FRAMES") == 70, "the frames are there")
            ended = program.run("doctor", "--json", code=1)
            (finding,) = found_by(ended, "projections")
            assert "at frame 50 of 70, and stands still" in finding["what"] and "parser" in finding["fix"]
            missing = [one["what"] for one in found_by(ended, "services") if one["state"] == "remark"]
            assert "parser does not answer" in missing and "io does not answer" not in missing
            assert "1 need action" in program.run("doctor", code=1).stdout.decode()


def test_secrets_that_others_can_read_are_a_problem(tmp_path: Path) -> None:
    AccessFolder(tmp_path).users.add("vera", Role.VIEWER, "correct horse", "now")
    assert [finding.state for finding in folder.check_files(tmp_path)] == [State.OK]
    (tmp_path / "users.json").chmod(0o644)
    tmp_path.chmod(0o777)
    whats = {finding.what: finding.fix for finding in folder.check_files(tmp_path)}
    assert whats[f"others can read {tmp_path / 'users.json'}"] == f"chmod 600 {tmp_path / 'users.json'}"
    assert f"others can write into {tmp_path}" in whats
    assert [finding.state for finding in folder.check_users(tmp_path)] == [State.OK]
    (tmp_path / "users.json").write_text("{")
    assert [finding.state for finding in folder.check_users(tmp_path)] == [State.PROBLEM]


def test_a_disk_that_is_nearly_full_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for usage, state in (
        (Usage(1000 * 10**9, 0, 100 * 10**9), State.OK),
        (Usage(1000 * 10**9, 0, 40 * 10**9), State.PROBLEM),
        (Usage(20 * 10**9, 0, 1.9 * 10**9), State.PROBLEM),
    ):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda path, usage=usage: usage)
        (finding,) = machine.check_disk(tmp_path)
        assert finding.state is state and bool(finding.fix) == (state is not State.OK)


def test_servers_that_are_not_where_the_folder_says_or_not_on_loopback_are_a_problem() -> None:
    (closed,) = choose_ports((0,))
    url = f"http://127.0.0.1:{closed}"
    addresses = Addresses(1, f"nats://127.0.0.1:{closed}", url, url, "http://192.0.2.1:8123", url)
    whats = [finding.what for finding in folder.check_ports(addresses)]
    assert f"NATS does not answer at nats://127.0.0.1:{closed}" in whats
    assert "ClickHouse listens on 192.0.2.1" in whats


def test_a_pinned_part_of_another_version_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.pinned(["chdb==4.4.0", "numpy<3,>=2.2", 'ruff<1; extra == "dev"']) == [("chdb", "4.4.0")]
    assert [finding.state for finding in machine.check_versions()] == [State.OK]
    monkeypatch.setattr(machine.metadata, "requires", lambda name: ["chdb==1.0.0"])
    (finding,) = machine.check_versions()
    assert finding.state is State.PROBLEM and finding.fix == "pip install chdb==1.0.0"


def as_found(config: StreamConfig, **changed: Any) -> dict[str, Any]:
    limits = {"max_msgs": -1, "max_bytes": -1, "max_age": 0, "max_msgs_per_subject": -1, "max_msg_size": -1}
    return limits | replace(config, **changed).as_dict()


def test_every_setting_of_a_stream_that_could_lose_something_is_compared() -> None:
    for config in stream_configs():
        assert differences(config, as_found(config)) == []
        assert differences(config, as_found(config) | {"max_bytes": 5, "deny_delete": not config.deny_delete})
    frames = stream_configs()[0]
    for key, value in {
        "deny_delete": False, "deny_purge": None, "max_msgs": 10, "max_age": 10**9, "discard": "old",
        "storage": "memory", "subjects": ["frame.*", "x"], "retention": "workqueue", "allow_atomic": False,
    }.items():  # fmt: skip
        (finding,) = differences(frames, as_found(frames) | {key: value})
        assert finding.state is State.PROBLEM and f"FRAMES: {key} is" in finding.what and finding.fix


def test_a_message_that_is_missing_in_the_truth_is_a_problem() -> None:
    assert losses("FRAMES", {"messages": 7, "last_seq": 7, "first_seq": 1}) == []
    (finding,) = losses("FRAMES", {"messages": 5, "last_seq": 7, "first_seq": 3})
    assert "2 of 7 messages are missing (first offset 3)" in finding.what and "audit" in finding.fix


def test_the_streams_of_a_real_server_are_as_they_should_be_and_a_wrong_one_is_found(tmp_path: Path) -> None:
    async def main(url: str) -> None:
        nc = await nats.connect(url)
        js = nc.jetstream()
        await js.add_stream(StreamConfig(name="COMMANDS", subjects=["command.*.*"], max_msgs=1))
        for _ in range(3):
            await js.publish("command.1.submitted", b"")
        missing = [finding.what for finding in await check_streams(nc) if finding.state is State.PROBLEM]
        assert "there is no stream FRAMES" in missing
        for config in stream_configs():
            if config.name != "COMMANDS":
                await js.add_stream(config)
        problems = [finding.what for finding in await check_streams(nc) if finding.state is State.PROBLEM]
        assert all(text.startswith("COMMANDS: ") for text in problems)
        assert "COMMANDS: 2 of 3 messages are missing (first offset 3)" in problems
        assert any("deny_delete" in text for text in problems) and any(
            "max_msgs" in text for text in problems
        )
        await nc.close()

    with guarded_server(tmp_path, {}) as guarded:
        run_async(main, guarded.url)


def test_a_server_that_does_not_answer_is_a_problem_and_the_rest_is_checked_nevertheless(
    tmp_path: Path,
) -> None:
    ended = run_command("--nats-url", "nats://127.0.0.1:1", "doctor", "--json")
    assert ended.code == 1
    (finding,) = found_by(ended, "servers")
    assert "no NATS server answers" in finding["what"] and finding["fix"]
    assert found_by(ended, "versions")


def test_a_person_is_told_that_a_system_is_examined_by_its_owner(tmp_path: Path) -> None:
    with guarded_server(tmp_path) as guarded:
        ended = run_command(
            "--nats-url", guarded.url, "--user", "adam", "doctor", "--json", NATS_PASSWORD="correct horse"
        )
    assert ended.code == 2 and "adam may not" in ended.error


BROKEN = """<CommandMetaData><ArgumentTypeSet>
<IntegerArgumentType name="small"><IntegerDataEncoding sizeInBits="8"/></IntegerArgumentType>
</ArgumentTypeSet><MetaCommandSet>
<MetaCommand name="HEADLESS"><CommandContainer name="G"><EntryList/></CommandContainer></MetaCommand>
<MetaCommand name="BROKEN"><ArgumentList><Argument name="RATE" argumentTypeRef="small" initialValue="500"/>
</ArgumentList><CommandContainer name="C"><EntryList><ArgumentRefEntry argumentRef="RATE"/></EntryList>
</CommandContainer></MetaCommand></MetaCommandSet></CommandMetaData>
<ServiceSet><Service name="S"/></ServiceSet></SpaceSystem>"""


def test_what_a_mission_database_has_that_is_not_done_is_remarked_with_file_and_line(tmp_path: Path) -> None:
    mission, program = write_mission(tmp_path / "mission"), Program(tmp_path / "data")
    file = mission / "small.xml"
    file.write_text(file.read_text().replace("</SpaceSystem>", BROKEN))
    program.imported(recording(tmp_path / "flight.bin", 10), mission)
    ended = program.run("doctor", "--json")
    whole, service = found_by(ended, "mission")
    headless, telecommand = found_by(ended, "telecommands")
    assert whole["state"] == "ok" and whole["what"].endswith(" 0 telecommands")
    assert re.match(r"/Small/HEADLESS can not be sent: small\.xml:\d+: ", headless["what"])
    assert re.match(r"small\.xml:\d+: ServiceSet ", service["what"])
    assert re.match(r"/Small/BROKEN can not be sent: small\.xml:\d+: ", telecommand["what"])
    assert {service["state"], telecommand["state"]} == {"remark"}
    assert "ServiceSet" in program.run("doctor").stdout.decode()
