"""Each service a process of its own, on servers known by their addresses: the same answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.device import listening_device
from support.external_servers import ExternalServers, external_servers
from support.guarded_server import PASSWORD
from support.program import Program, Row
from support.small_mission import packets, recording, write_mission
from support.waiting import run_async, wait_until

from infra.connection import connect_nats
from infra.program.checks.services import ask_health

OWN_TIMES = ("received", "recorded", "time")
"""When a frame came in is different each time; everything else has to be the same."""


def mission_with_link_to(folder: Path, port: int) -> Path:
    file = write_mission(folder) / "mission.toml"
    file.write_text(file.read_text().replace("port = 1\n", f"port = {port}\n", 1))
    return folder


def health(servers: ExternalServers) -> list[Row]:
    """Ask for the health of all instances."""

    async def main() -> list[Row]:
        nc = await connect_nats(servers.nats.url, name="test", user="vera", password=PASSWORD)
        try:
            return await ask_health(nc)
        finally:
            await nc.close()

    return run_async(main)


def names_of_ready(answers: list[Row]) -> list[str]:
    return sorted(answer["name"] for answer in answers if answer["ready"])


def wait_for_all(servers: ExternalServers) -> None:
    expected = ["io", "parser", "query", "query", "writer", "writer"]
    wait_until(lambda: names_of_ready(health(servers)) == expected, 60, "all services are ready")


def without_times(rows: list[Row]) -> list[Row]:
    found = [{key: value for key, value in row.items() if key not in OWN_TIMES} for row in rows]
    return sorted(found, key=lambda row: (row["frame_offset"], row.get("packet_index", 0)))


def test_services_as_processes_of_their_own_give_the_answers_that_one_program_gives(tmp_path: Path) -> None:
    first, second = recording(tmp_path / "1.bin", 3000), recording(tmp_path / "2.bin", 2000, first=5000)
    with listening_device() as device, external_servers(tmp_path) as servers:
        mission = mission_with_link_to(tmp_path / "mission", device.port)
        for service, instance in (
            ("query", "-1"), ("query", "-2"), ("writer", "-1"), ("writer", "-2"), ("parser", ""), ("io", ""),
        ):  # fmt: skip
            servers.start(
                service, instance, **({"MISSION": str(mission)} if service in ("parser", "io") else {})
            )
        wait_for_all(servers)

        imported = servers.run("import", first, "--mission", mission, "--json", user="service-local").row
        assert imported["frames"] == {"parsed": 3000}
        servers.services["writer-1"].kill()
        for name in ("query-1", "query-2"):
            servers.services[name].kill()
        servers.start("query", "-3")  # which answers only while the import waits for it already
        again = servers.run("import", second, "--mission", mission, "--json", user="service-local").row
        assert again["frames"] == {"parsed": 2000}
        servers.start("writer", "-3")
        servers.start("query", "-4")
        wait_for_all(servers)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: servers.query("packets"), range(4)))
        assert all(answer == answers[0] for answer in answers) and len(answers[0]) == 5000

        one_program = Program(tmp_path / "data")
        with one_program.up(mission, "--only", "query,writer,parser"):
            for file in (first, second):
                one_program.imported(file, mission)
            assert without_times(answers[0]) == without_times(one_program.query("packets"))
            frames = servers.query("frames")
            assert without_times(frames) == without_times(one_program.query("frames"))
            assert servers.query("gaps", "--session", imported["session"]) == []

        device.send(b"".join(packets(500)))
        wait_until(
            lambda: (
                servers.query(
                    "sql",
                    "SELECT count() AS n FROM frames FINAL WHERE link = 'radio' AND session LIKE '%-radio-%'",
                )
                == [{"n": 500}]
            ),
            60,
            "what the device sends is in the tables",
        )
        figures = {answer["name"]: answer["figures"] for answer in health(servers)}
        assert figures["io"]["frames"] == 500
        assert (figures["parser"]["offset"], figures["parser"]["behind"]) == (5500, 0)
        assert figures["writer"]["behind"] == figures["writer"]["left_out"] == 0
        counted = servers.query(
            "sql", "SELECT count() AS n, uniqExact(frame_offset) AS different FROM frames"
        )
        assert counted[0]["different"] == 5500

        servers.command("TRUNCATE TABLE frames")
        servers.run("writer", "restart", "--from-offset", 1, user="service-local")
        wait_until(lambda: servers.query("frames")[:5000] == frames, 60, "the rows are there again")
        rebuild = ("rebuild", "--clickhouse-url", servers.clickhouse_url, "--json")
        refused = servers.run(*rebuild, user="service-local", code=2)
        assert "the tables are written to by writer" in refused.error
        ended = {name: servers.services[name].stop() for name in ("writer-2", "writer-3")}
        rebuilt = servers.run(*rebuild, user="service-local").rows
        assert len(rebuilt) == 2 and all(row["before"] == row["after"] for row in rebuilt)
        assert servers.query("frames")[:5000] == frames

        ended |= {name: service.stop() for name, service in servers.services.items() if service.alive}
        assert set(ended) == {"query-3", "query-4", "writer-2", "writer-3", "parser", "io"}
        for name, one in ended.items():
            assert one.code == 0 and "Traceback" not in one.stderr, (name, one.stderr)
            service = name.rpartition("-")[0] or name
            assert f"level=info service={service} " in one.stderr, "it logs under its own name"


def test_a_service_whose_clickhouse_is_away_or_unnamed_fails_clearly(tmp_path: Path) -> None:
    with external_servers(tmp_path) as servers:
        for settings, text in (
            ({"CLICKHOUSE_URL": "http://127.0.0.1:1"}, "ClickHouse can not be used"),
            ({"CLICKHOUSE_URL": ""}, "CLICKHOUSE_URL is missing"),
        ):
            ended = servers.start("query", **settings).wait()
            assert ended.code == 2 and text in ended.error, ended.stderr
        ended = servers.start("parser").wait()
        assert ended.code == 2 and "no mission is named" in ended.error
