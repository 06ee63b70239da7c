import json
from pathlib import Path

from rich.console import Console
from support.kestrel import MISSION, mission_on_a_free_port
from support.program import Program

from infra.cli.live import Board
from streams.mission import load_mission

LAST = "toUnixTimestamp64Nano(max(recorded)) AS recorded"


def test_the_demo_flies_and_says_what_was_recorded_parsed_and_projected(tmp_path: Path) -> None:
    program, (mission, _) = Program(tmp_path / "data"), mission_on_a_free_port(tmp_path / "mission")
    ended = program.run("demo", mission, "--speed", 100, "--duration", 60, "--until-landed")
    text = ended.stdout.decode()
    (frames,) = program.query(
        "sql", f"SELECT count() AS n, max(session) AS session, {LAST} FROM frames FINAL"
    )
    assert f"recorded   {frames['n']} frames (offsets 1 to {frames['n']} of FRAMES)" in text
    assert f"session    {frames['session']}" in text
    counts = program.query("counts")[0]
    assert frames["n"] > 5000
    for packet in ("IMU", "NAV", "POWER", "STATUS", "EVENT"):
        assert f"{packet} {counts['packets'][packet]}" in text
    assert "query latest" in text

    (line,) = [line for line in text.splitlines() if " import " in line]
    done = program.run(*line.split()[3:], "--json").row
    made = sum(done["packets"].values())
    assert (made, done["gaps"]) == (done["frames_added"], 0)
    assert done["packets"]["IMU"] > counts["packets"]["IMU"]
    gaps = program.query("gaps")
    assert sum(row["filled"] for row in gaps) == sum(row["missing"] for row in gaps) > 0
    assert {(row["session"], *row["filled_by"]) for row in gaps} == {(frames["session"], done["session"])}
    before = program.query("gaps", "--as-of", frames["recorded"])
    assert [row["missing"] for row in before] == [row["still_missing"] for row in before]
    assert sum(row["missing"] for row in before) > 0
    both = [program.query("history", "PHASE", "--session", one["session"]) for one in (frames, done)]
    assert len(program.query("history", "PHASE")) == sum(map(len, both)) > len(both[1]) > 50


def test_the_board_shows_the_newest_values_with_units_and_alarms() -> None:
    board = Board(load_mission(MISSION))
    columns = {column.name: [0, 1] for packet in board.columns.values() for column in packet}
    columns |= {"BATTERY_VOLTAGE": [12.5, 3.25], "HEATER": True}
    board.take(json.dumps({"table": "POWER", "rows": 2, "columns": columns}).encode())
    console = Console(width=150, record=True)
    with console.capture() as shown:
        console.print(board.render("head"))
    assert board.value("BATTERY_VOLTAGE") == 3.25
    assert board.packets == 2
    for text in ("head", "BATTERY_VOLTAGE", "3.25", " V", "HEATER", "true", "BATTERY_VOLTAGE (critical)"):
        assert text in shown.get()
    assert "CLOCK_S" not in shown.get()
