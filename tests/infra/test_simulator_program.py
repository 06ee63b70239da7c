"""A whole flight of the simulated device through the program: what arrived against what was sent, exactly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from support.kestrel import frames_of, gaps_in, mission_on_a_free_port, parsed, sequence_counts
from support.program import Program, Row

from infra.simulator import build_flight

DURATION = 300.0


def test_packets_gaps_and_quarantine_are_those_of_what_the_device_sent(tmp_path: Path) -> None:
    mission, port = mission_on_a_free_port(tmp_path / "mission")
    program = Program(tmp_path / "data")
    flight = ("--port", port, "--speed", 60, "--duration", DURATION, "--json")
    with program.up(mission) as up, program.started("simulate", mission, *flight) as simulate:
        report = simulate.wait().rows[-1]
        sent = build_flight(1, DURATION, start_ns=report["start_ns"])
        frames = frames_of(sent.to_bytes())
        up.until(lambda: program.rows_in("frames") >= len(frames), "all frames are projected")
        counts = program.query("counts")[0]
        gaps, quarantine = program.query("gaps"), program.query("quarantine", "--limit", 100_000)
        stored = program.query("frames", "--limit", 100_000)
    assert (report["bytes_sent"], report["unheard"], report["overrun"]) == (len(sent.to_bytes()), 0, 0)

    expected = parsed(frames)
    assert [row["size"] for row in stored] == [len(frame.data) for frame in frames]
    assert counts["packets"] == {table.packet: table.rows.num_rows for table in expected.tables}
    # A packet that damage made of two has a wrong clock: seen when the next one seems to jump back.
    quarantine = [row for row in quarantine if not row["reason"].startswith("the device clock jumped back")]
    wanted = Counter(reasons(expected.quarantine.to_pylist()))
    assert Counter(reasons(quarantine)) == wanted
    by_apid = sequence_counts(expected)
    missing = Counter((apid, *gap) for apid, seen in by_apid.items() for gap in gaps_in(seen))
    assert Counter((row["apid"], row["sequence_count"], row["missing"]) for row in gaps) == missing

    # And what is missing is what the device says it lost, but for what damage hid.
    lost = sum(len(ordinals) for ordinals in report["lost"].values())
    arrived, made = sum(counts["packets"].values()), sum(report["made"].values())
    damaged = sum(len(ordinals) for ordinals in report["damaged"].values())
    assert made - lost - 3 * len(report["damage"]) <= arrived <= made - lost
    assert len(quarantine) >= damaged / 2


def reasons(rows: list[Row]) -> list[tuple[int, str, str]]:
    return [(row["frame_offset"], row["stage"], row["reason"]) for row in rows]
