"""The console: every parameter of the mission in one answer, with its newest sample, its age, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.made_mission import EPOCH_NS, FIRST_APID, HEADER, integer, limited, made_mission, packet
from support.projected import SECOND, Projected, Sent, recorded_at

from projections.describe import describe_generation
from projections.queries.console import console

NAV, HK = FIRST_APID, FIRST_APID + 1
OWN = ("ALT", "HAS", "EXTRA", "TEMP")


@pytest.fixture
def filled(projected: Projected, tmp_path: Path) -> Projected:
    """NAV at 1, 2, 4 and 5, EXTRA only at 2; HK at 3. At offset 5 the device says 10 s, else the offset."""
    fields = {
        "NAV": {"ALT": limited(8, 1, warning=100), "HAS": integer(8), "EXTRA": integer(8)},
        "HK": {"TEMP": integer(8)},
        "NEVER": {"SILENT": integer(8)},
    }
    mission = made_mission(tmp_path, fields, conditions={"EXTRA": ("HAS", 1)})
    projected.add_generation("g1", mission)
    describe_generation(projected.clickhouse, "g1", mission)
    bodies = [(NAV, b"\1\0"), (NAV, b"\xc8\1\7"), (HK, b"\x21"), (NAV, b"\2\0"), (NAV, b"\3\0")]
    sent = [
        Sent(n, packet(body, count=n, apid=apid, generated=EPOCH_NS + (10 if n == 5 else n) * SECOND))
        for n, (apid, body) in enumerate(bodies, 1)
    ]
    projected.write(mission, sent)
    return projected


def board(projected: Projected, at: int | None = None, **scope: Any) -> dict[str, dict[str, Any]]:
    rows = console(projected.clickhouse, projected.scope(**scope), now=recorded_at(100), at=at)
    return {row["parameter"]: row for row in rows if row["parameter"] in (*OWN, "SILENT")}


def test_every_parameter_has_a_row_also_one_that_never_had_a_sample(filled: Projected) -> None:
    rows = list(console(filled.clickhouse, filled.scope(), now=0))
    assert len(rows) == 3 * len(HEADER) + 5
    silent = board(filled)["SILENT"]
    assert (silent["packet"], silent["generation"], silent["unit"]) == ("NEVER", "g1", "")
    assert {key for key, value in silent.items() if value is not None} == {
        "packet", "parameter", "generation", "unit",
    }  # fmt: skip


def test_a_parameter_that_the_newest_packet_does_not_have_keeps_its_sample(filled: Projected) -> None:
    found = {name: (row["value"], row["frame_offset"]) for name, row in board(filled).items()}
    assert found == {
        "ALT": (3.0, 5), "HAS": (0, 5), "EXTRA": (7, 2), "TEMP": (33, 3), "SILENT": (None, None),
    }  # fmt: skip


def test_as_of_a_time_the_age_counts_from_when_a_sample_was_received(filled: Projected) -> None:
    then = board(filled, as_of=recorded_at(3))
    assert (then["ALT"]["value"], then["ALT"]["alarm"], then["ALT"]["age"]) == (200.0, "warning", 1.5)
    assert (then["TEMP"]["value"], then["TEMP"]["alarm"], then["TEMP"]["age"]) == (33, None, 0.5)
    before = board(filled, as_of=recorded_at(0))
    assert {row["value"] for row in before.values()} == {None}
    assert board(filled)["ALT"]["age"] == 95.5


def test_at_a_time_the_age_counts_from_the_time_of_the_sample(filled: Projected) -> None:
    """What we know today about a time: that of offset 5 was made by the device later."""
    at = board(filled, at=EPOCH_NS + 6 * SECOND)
    assert (at["ALT"]["value"], at["ALT"]["age"]) == (2.0, 2.0)
    assert board(filled, at=EPOCH_NS + 6 * SECOND, as_of=recorded_at(2))["ALT"]["value"] == 200.0


def test_a_session_is_a_board_of_its_own(filled: Projected) -> None:
    filled.write(filled.missions["g1"], [Sent(6, packet(b"\x09", apid=HK), session="dump")])
    values = {session: board(filled, session=session)["TEMP"]["value"] for session in ("s1", "dump", "none")}
    assert values == {"s1": 33, "dump": 9, "none": None}
    assert board(filled, session="dump")["ALT"]["value"] is None


def test_a_clock_of_the_ground_that_was_set_back_hides_only_what_it_recorded_later(
    projected: Projected, tmp_path: Path
) -> None:
    mission = made_mission(tmp_path, {"NAV": {"ALT": integer(8)}})
    times = [recorded_at(n) for n in (1, 5, 2, 3)]
    projected.write(
        mission,
        [Sent(n, packet(bytes([n]), count=n), recorded=time) for n, time in enumerate(times, 1)],
    )
    shown = [board(projected, as_of=recorded_at(n))["ALT"]["value"] for n in (1, 2, 3, 5)]
    assert shown == [1, 3, 4, 4]
