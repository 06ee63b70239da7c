"""kill -9 of the parser and of the whole program: nothing is lost and nothing counts twice."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import small_mission
from support.own_nats import OwnNats, own_nats
from support.parsed import message
from support.program import Program, Running
from support.telemetry import check_telemetry, parsed_up_to, wait_until_parsed
from support.waiting import run_async, wait_until

from infra.connection import connect_nats
from streams import names
from streams.append import Appender, Outgoing
from streams.event_log import ensure_streams
from streams.generations import generation_name
from streams.mission import Mission, load_mission
from streams.read import last_offset

pytestmark = pytest.mark.faults

DYING_PARSER = Path(__file__).parents[1] / "support" / "dying_parser.py"


def stream(count: int) -> list[Outgoing]:
    """Frames of two links and two sessions, some damaged; most of the transfer frames' packets span."""
    packets = small_mission.packets(count)
    spanning = small_mission.transfer_frames(packets[:3_000])
    found = []
    for number in range(count):
        session = "ab"[number // 7 % 2]
        link, data = "radio", packets[number]
        if number % 3 == 0:
            link, data = "frames", spanning[number // 3 % len(spanning)]
        sent = message(number + 1, data[:-1] if number % 97 == 0 else data, link=link, session=session)
        found.append(Outgoing(sent.subject, sent.data, sent.headers))
    return found


@contextmanager
def flight(folder: Path, count: int) -> Iterator[tuple[OwnNats, Mission]]:
    """A server whose FRAMES are full, and the mission beside it."""
    mission = load_mission(small_mission.write_mission(folder / "m"))

    async def fill(url: str) -> None:
        nc = await connect_nats(url, name="test")
        await ensure_streams(nc.jetstream())
        async with Appender(nc) as appender:
            await appender.append(stream(count))
        await nc.close()

    with own_nats(folder / "data", sync_interval=None) as server:
        run_async(fill, server.url)
        yield server, mission


@contextmanager
def parser(server: OwnNats, folder: Path, number: int) -> Iterator[Running]:
    """The parser as a service of its own."""
    arguments = ["service", "parser", f"--NATS_URL={server.url}", f"--DATA_DIR={folder}"]
    running = Running([*arguments, f"--MISSION={folder / 'm'}"], folder / f"parser-{number}")
    try:
        yield running
    finally:
        running.kill()


@pytest.mark.parametrize("dies_in", [1, 2])
def test_a_parser_killed_between_rows_and_position_makes_the_same_rows_again(
    tmp_path: Path, dies_in: int
) -> None:
    total = 12_000
    with flight(tmp_path, total) as (server, mission):
        command = [
            sys.executable,
            str(DYING_PARSER),
            server.url,
            str(tmp_path),
            str(tmp_path / "m"),
            str(dies_in),
        ]
        dying = subprocess.run(command, timeout=120, check=False, capture_output=True)
        assert dying.returncode == -9, dying.stderr.decode()

        async def position_and_rows() -> tuple[int, int]:
            nc = await connect_nats(server.url, name="test")
            found = await parsed_up_to(nc, mission), await last_offset(nc, names.TELEMETRY)
            await nc.close()
            return found

        position, rows = run_async(position_and_rows)
        assert position < total and rows > 0, "it should have died with rows and without their position"
        with parser(server, tmp_path, 1):
            wait_until_parsed(server.url, mission, total)
        found = check_telemetry(server.url, mission)
    assert max(found.values()) == 2, "the rows of the run in which it died are there twice, identical"


def test_a_parser_killed_again_and_again_makes_the_same_rows_in_the_end(tmp_path: Path) -> None:
    total, chance = 12_000, random.Random(5)
    with flight(tmp_path, total) as (server, mission):
        for number in range(3):
            with parser(server, tmp_path, number) as running:
                wait_until_parsed(server.url, mission, chance.randrange(1, total * (number + 1) // 4))
                running.kill()
        with parser(server, tmp_path, 9):
            wait_until_parsed(server.url, mission, total)
        check_telemetry(server.url, mission)


def test_a_parser_goes_on_by_itself_when_the_server_is_killed_under_it(tmp_path: Path) -> None:
    total = 12_000
    with flight(tmp_path, total) as (server, mission), parser(server, tmp_path, 1) as running:
        wait_until_parsed(server.url, mission, 1)
        server.kill()
        wait_until_parsed(server.url, mission, total)
        assert running.alive
        check_telemetry(server.url, mission)


def test_the_program_killed_during_an_import_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    """Two kills at different places, then one import that is let finish, on the same folder."""
    mission, total = small_mission.write_mission(tmp_path / "m"), 60_000
    recording = small_mission.recording(tmp_path / "recording", total)
    program, chance = Program(tmp_path / "data"), random.Random(3)
    for part in (0.02, 0.5):
        with program.started("import", recording, "--mission", mission, "--json") as running:
            wanted = int(total * part + chance.randrange(500))
            running.until(lambda wanted=wanted: program.messages("FRAMES") >= wanted, "frames are stored")
            pids = program.server_pids()
            running.kill()
            program.wait_until_gone(pids, 30)
    done = program.imported(recording, mission, deadline=300)
    assert done["frames_in_file"] == total
    assert done["frames_added"] < total
    assert done["frames"] == {"parsed": total}
    assert sum(done["packets"].values()) == total
    assert (done["quarantine"], done["gaps"]) == ({}, 0)
    again = program.imported(recording, mission, deadline=120)
    assert (again["frames_added"], again["packets"]) == (0, done["packets"])


def test_a_position_that_makes_no_sense_lets_the_parser_begin_again(tmp_path: Path) -> None:
    """Anybody may publish to TELEMETRY."""
    total = 300
    with flight(tmp_path, total) as (server, mission):

        async def publish() -> None:
            nc = await connect_nats(server.url, name="test")
            subject = names.parsed_subject(generation_name(mission), "frames")
            for headers in ({}, {"Fl-Last": "9999999", "Fl-Resume": "9999999"}, {"Fl-Last": "x"}):
                await nc.jetstream().publish(subject, b"", headers=headers)
            await nc.close()

        run_async(publish)
        with parser(server, tmp_path, 1) as running:
            wait_until_parsed(server.url, mission, total)
            wait_until(lambda: "no position of the parser" in running.errors, 20)
        check_telemetry(server.url, mission)
