"""The latest sample of each parameter: what was recorded last, of every packet type, however rare."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from support.made_mission import (
    EPOCH_NS,
    FIRST_APID,
    enumeration,
    floating,
    integer,
    made_mission,
    packet,
)
from support.projected import SECOND, Projected, Sent, recorded_at

from infra.errors import QueryError
from projections.queries import newest as module
from projections.queries.latest import latest
from projections.queries.newest import newest_packets
from projections.queries.scope import Scope

FAST, RARE, LONE = FIRST_APID, FIRST_APID + 1, FIRST_APID + 2


@pytest.fixture(scope="module")
def filled(clickhouse_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Projected:
    """200 FAST packets; RARE ones at 10 and 90; LONE at 1; the device's clock is wrong at 150."""
    projected = Projected(clickhouse_server.url, "latest_tests")
    fields = {
        "FAST": {"A": integer(8), "F": floating(32)},
        "RARE": {"B": integer(8)},
        "LONE": {"MODE": enumeration(["OFF"])},
    }
    mission = made_mission(tmp_path_factory.mktemp("mission"), fields)
    sent = []
    for offset in range(1, 201):
        generated = EPOCH_NS + (offset if offset != 150 else 100_000) * SECOND
        data = packet(struct.pack(">Bf", offset, offset / 3), count=offset, generated=generated, apid=FAST)
        if offset in (10, 90):
            data += packet(bytes([offset]), count=offset, generated=generated, apid=RARE)
        if offset == 1:
            data += packet(b"\7", generated=generated, apid=LONE)
        sent.append(Sent(offset, data, session="s2" if offset > 100 else "s1"))
    projected.write(mission, sent)
    projected.write(mission, sent[-5:])
    return projected


def values(projected: Projected, **scope: Any) -> dict[str, Any]:
    rows = latest(projected.clickhouse, projected.scope(**scope))
    return {row["parameter"]: row["value"] for row in rows if row["parameter"] in ("A", "B", "MODE")}


@pytest.mark.parametrize("recent", [1, 5, 50, 150, 20_000])
def test_the_answer_does_not_depend_on_how_far_back_is_looked_first(
    filled: Projected, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(module, "_FIRST_FRAMES", recent)
    assert values(filled) == {"A": 200, "B": 90, "MODE": "UNDEFINED(7)"}
    assert values(filled, as_of=recorded_at(89)) == {"A": 89, "B": 10, "MODE": "UNDEFINED(7)"}
    assert values(filled, as_of=recorded_at(9)) == {"A": 9, "MODE": "UNDEFINED(7)"}
    assert values(filled, as_of=recorded_at(0)) == {}
    assert values(filled, session="s2") == {"A": 200}
    assert values(filled, session="s1") == {"A": 100, "B": 90, "MODE": "UNDEFINED(7)"}


@pytest.mark.parametrize("recent", [5, 20_000])
def test_an_end_leaves_out_what_the_device_made_later(
    filled: Projected, monkeypatch: pytest.MonkeyPatch, recent: int
) -> None:
    monkeypatch.setattr(module, "_FIRST_FRAMES", recent)
    assert values(filled, to=EPOCH_NS + 89 * SECOND) == {"A": 89, "B": 10, "MODE": "UNDEFINED(7)"}
    assert values(filled, to=EPOCH_NS + 150 * SECOND)["A"] == 149
    assert values(filled, to=EPOCH_NS) == {}


def test_a_clock_that_jumped_ahead_does_not_hide_what_follows(filled: Projected) -> None:
    assert values(filled, as_of=recorded_at(150))["A"] == 150
    assert values(filled, as_of=recorded_at(151))["A"] == 151


def test_a_value_without_a_label_shows_its_raw_value(filled: Projected) -> None:
    (row,) = (row for row in latest(filled.clickhouse, filled.scope(), parameters=["MODE"]))
    assert (row["raw"], row["value"], row["packet"], row["frame_offset"]) == (7, "UNDEFINED(7)", "LONE", 1)


def test_packet_and_parameters_narrow_the_answer(filled: Projected) -> None:
    clickhouse, scope = filled.clickhouse, filled.scope()
    assert {row["packet"] for row in latest(clickhouse, scope, packet="RARE")} == {"RARE"}
    assert [row["parameter"] for row in latest(clickhouse, scope, parameters=["F", "RARE.B"])] == ["F", "B"]
    rows = list(latest(clickhouse, scope, packet="RARE", parameters=["COUNT"]))
    assert [(row["packet"], row["parameter"]) for row in rows] == [("RARE", "COUNT")]
    with pytest.raises(QueryError, match="there is no packet 'NOPE'"):
        list(latest(clickhouse, scope, packet="NOPE"))
    with pytest.raises(QueryError, match="there is no parameter 'NOPE'"):
        list(latest(clickhouse, scope, parameters=["NOPE"]))


def test_rare_types_and_times_are_looked_up_by_indexes(filled: Projected) -> None:
    plan = filled.rows(
        "EXPLAIN indexes = 1 SELECT max(frame_offset) FROM packets "
        "WHERE generation = 'g1' AND packet IN ('RARE') AND recorded <= now64(9) SETTINGS final = 0"
    )
    text = "\n".join(str(next(iter(row.values()))) for row in plan)
    assert "packet_types" in text
    assert "recorded_range" in text


def test_newest_packets_of_nothing_is_nothing(projected: Projected) -> None:
    assert newest_packets(projected.clickhouse, Scope("g1"), ["NAV"]) == {}
