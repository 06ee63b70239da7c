"""A generation whose packet types are known before its first packet."""

from __future__ import annotations

from pathlib import Path

from support.made_mission import EPOCH_NS, floating, integer, made_mission, packet
from support.projected import Projected, Sent

from projections.describe import describe_generation
from projections.queries.catalog import parameter_rows
from projections.queries.history import history
from projections.queries.latest import latest


def test_parameters_are_known_before_the_first_packet_and_are_the_same_behind_it(
    projected: Projected, tmp_path: Path
) -> None:
    mission = made_mission(tmp_path / "mission", {"FAST": {"A": integer(8)}, "NEVER": {"B": floating(32)}})
    projected.add_generation("g1", mission)
    describe_generation(projected.clickhouse, "g1", mission)
    known = parameter_rows(projected.clickhouse, "g1")
    assert {(row["packet"], row["parameter"]) for row in known} >= {("FAST", "A"), ("NEVER", "B")}
    scope = projected.scope()
    assert list(latest(projected.clickhouse, scope)) == []
    assert [list(answer.rows()) for answer in history(projected.clickhouse, scope, ["NEVER.B"])] == [[]]
    assert projected.rows("SELECT count() AS n FROM samples WHERE packet = 'NEVER'") == [{"n": 0}]

    projected.write(mission, [Sent(1, packet(b"\7", generated=EPOCH_NS))])
    describe_generation(projected.clickhouse, "g1", mission)
    assert parameter_rows(projected.clickhouse, "g1") == known
    values = {row["parameter"]: row["value"] for row in latest(projected.clickhouse, scope)}
    assert values["A"] == 7
