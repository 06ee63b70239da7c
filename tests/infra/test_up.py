"""`flightledger up`: joined by others, for some services only, killed and started again, stopped in order."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from support.device import listening_device
from support.program import Program, Running, run_command
from support.small_mission import packets, recording, write_mission
from support.waiting import wait_until

from infra.embedded.ports import choose_ports

OTHERS = "query,writer,parser"


def live_mission(folder: Path, port: int) -> Path:
    file = write_mission(folder) / "mission.toml"
    text = file.read_text()
    only_radio = text[: text.index('[[links]]\nname = "frames"')].replace("port = 1\n", f"port = {port}\n")
    file.write_text(only_radio)
    return folder


def complaints(ended_errors: str) -> list[str]:
    return [line for line in ended_errors.splitlines() if " level=info " not in line]


def test_a_second_program_joins_the_first_and_a_second_up_is_told_that_there_is_one(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    with program.up(mission, "--only", OTHERS) as up:
        servers = program.server_pids()
        assert program.imported(recording(tmp_path / "flight.bin", 100), mission)["frames_added"] == 100
        assert program.query("counts")[0]["frames"] == {"parsed": 100}
        assert program.server_pids() == servers, "the joined commands started no servers"
        second = program.run("up", mission, code=2)
        assert "another program runs this data folder" in second.error and "--data" in second.error
        assert up.alive
    program.wait_until_gone(servers)


def test_only_the_named_services_run(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    with program.up(mission, "--only", "query") as up:
        assert "services    query " in up.output
        assert program.query("offsets") == []
        assert "does not answer" in program.run("parser", "status", code=2).error


def test_a_killed_program_goes_on_where_it_was(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    with listening_device() as device:
        mission = live_mission(tmp_path / "mission", device.port)
        with program.up(mission) as up:
            device.send(b"".join(packets(300)))
            up.until(lambda: program.rows_in("frames") >= 300, "the first frames are in the tables")
            servers = program.server_pids()
            up.kill()
        program.wait_until_gone(servers)
        with program.up() as up:
            up.until(lambda: program.messages("OPERATIONS") > 0, "the streams are there")
            wait_until(lambda: "link radio up" in up.errors, what="the link is up again")
            device.send(b"".join(packets(200, first=300)))
            up.until(lambda: program.rows_in("frames") >= 500, "all frames are in the tables")
            assert program.messages("FRAMES") == 500
            (counted,) = program.query(
                "sql", "SELECT count() AS n, uniqExact(frame_offset) AS d FROM frames FINAL"
            )
            assert (counted["n"], counted["d"]) == (500, 500)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_services_and_servers_in_order_and_without_a_complaint(
    tmp_path: Path, number: int
) -> None:
    program = Program(tmp_path / "data")
    with listening_device() as device:
        mission = live_mission(tmp_path / "mission", device.port)
        with program.up(mission) as up:
            device.send(b"".join(packets(100)))
            up.until(lambda: program.rows_in("frames") >= 100, "frames are in the tables")
            servers = program.server_pids()
            os.kill(up.pid, number)
            ended = up.wait(60)
        assert ended.code == 0
        assert complaints(ended.stderr) == []
        assert not program.addresses
        program.wait_until_gone(servers)


def test_the_mission_is_remembered_and_an_empty_folder_says_that_it_has_none(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    assert "no mission is named" in program.run("up", code=2).error
    generation = program.imported(recording(tmp_path / "flight.bin", 50), mission)["generation"]
    for file in mission.iterdir():
        file.unlink()
    with program.up("--only", OTHERS):
        assert program.run("parser", "status").row["generation"] == generation


def test_a_corrected_mission_folder_makes_a_new_generation_that_becomes_live_when_it_has_caught_up(
    tmp_path: Path,
) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    before = program.imported(recording(tmp_path / "flight.bin", 200), mission)["generation"]
    database = mission / "small.xml"
    database.write_text(database.read_text().replace('coefficient="0.5"', 'coefficient="0.25"'))
    with program.up(mission, "--only", OTHERS) as up:
        after = program.run("parser", "status").row["generation"]
        assert after != before

        def live() -> bool:
            return [
                row["generation"] for row in program.run("generations", "list", "--json").rows if row["live"]
            ] == [after]

        up.until(live, "the new generation is live")
        (volts,) = program.query("history", "VOLTAGE", "--limit", 1)
        (volts_before,) = program.query("history", "VOLTAGE", "--limit", 1, "--generation", before)
        assert volts["raw"] == volts_before["raw"] and volts["value"] == 0.25 * volts["raw"] - 1
        assert volts_before["value"] == 0.5 * volts["raw"] - 1
    (counted,) = program.query("sql", f"SELECT count() AS n FROM frames FINAL WHERE generation = '{after}'")
    assert counted["n"] == 200


def test_another_missions_folder_is_refused_and_the_streams_stay_as_they_are(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    program.imported(recording(tmp_path / "flight.bin", 10), mission)
    other = write_mission(tmp_path / "other") / "mission.toml"
    other.write_text(other.read_text().replace('name = "small"', 'name = "another"', 1))
    refused = program.run("up", other.parent, "--only", OTHERS, code=2)
    assert "holds the mission 'small', not 'another'" in refused.error
    assert program.query("counts")[0]["frames"] == {"parsed": 10}


def test_the_servers_of_a_program_are_reached_at_the_ports_that_were_asked_for(tmp_path: Path) -> None:
    program, mission = Program(tmp_path / "data"), write_mission(tmp_path / "mission")
    ports = dict(zip(("nats", "websocket", "clickhouse", "page"), choose_ports((0, 0, 0, 0)), strict=True))
    wanted = [word for name, port in ports.items() for word in (f"--{name}-port", port)]
    with program.up(mission, "--only", "query", *wanted) as up:
        found = program.addresses
        assert found["nats_url"].endswith(f":{ports['nats']}")
        assert found["websocket_url"].endswith(f":{ports['websocket']}")
        assert found["page_url"].endswith(f":{ports['page']}")
        assert run_command("--nats-url", found["nats_url"], "query", "offsets").code == 0
        assert isinstance(up, Running)
