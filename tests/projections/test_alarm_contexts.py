"""Alarms by context: in each packet those of the first that holds, else the default, wherever one asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_mission import (
    boolean,
    by_context,
    enumeration,
    integer,
    limited,
    linear,
    made_mission,
    packet,
)
from support.projected import Projected, Sent, batch_of, recorded_at

from infra.cli.live.board import Board
from infra.program.checks.mission import findings_of
from projections.queries.alarms import alarms
from projections.queries.catalog import parameter_rows
from projections.queries.console import console
from projections.queries.latest import latest
from projections.query_requests import response_schema
from streams.mission import Mission
from streams.parser import Parser
from streams.telemetry import pack

DEFAULT = {"warning": 100.0, "critical": 200.0}
SAFE, HOT = {"severe": 10.0}, {"watch": 50.0, "distress": 150.0}
VOLT = by_context(limited(8, 1, **DEFAULT), (("MODE", "SAFE"), SAFE), (("HEATER", "True"), HOT))
FIELDS = {"MODE": enumeration(["OFF", "SAFE"]), "HEATER": boolean(), "HAS": integer(8), "VOLT": VOLT}


def body(mode: int, heater: int, volt: int | None) -> bytes:
    return bytes([mode, heater]) + (b"\0" if volt is None else bytes([1, volt]))


def sent(rows: list[tuple[int, int, int | None]]) -> list[Sent]:
    return [Sent(number, packet(body(*row), count=number)) for number, row in enumerate(rows, 1)]


def level(mode: int, heater: int, volt: int) -> str:
    """The level by the words of the standard: the first context that holds, else the default alarm."""
    limits: Mapping[str, float] = SAFE if mode == 1 else HOT if heater else DEFAULT
    held = [name for name, limit in limits.items() if volt > limit]
    return held[-1] if held else "normal"


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return made_mission(tmp_path_factory.mktemp("contexts"), {"HK": FIELDS}, conditions={"VOLT": ("HAS", 1)})


@pytest.fixture(scope="module")
def kept(clickhouse_server: Any) -> Projected:
    return Projected(clickhouse_server.url, "alarm_contexts")


ROWS = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.none() | st.sampled_from([0, 10, 11, 50, 51, 100, 101, 151, 201])
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=12), st.integers(1, 12))
def test_changes_and_newest_levels_agree_with_a_brute_force_model_at_every_time(
    kept: Projected, mission: Mission, rows: list[tuple[int, int, int | None]], known: int
) -> None:
    name = f"g{len(kept.missions)}"
    kept.write(mission, sent(rows), name)
    before, wanted, newest = "normal", [], None
    for offset, (mode, heater, volt) in enumerate(rows[:known], 1):
        if volt is not None:
            newest = now = level(mode, heater, volt)
            wanted += [(offset, before, now)] * (now != before)
            before = now
    scope = kept.scope(generation=name, as_of=recorded_at(min(known, len(rows))))
    found = alarms(kept.clickhouse, scope, ["VOLT"]).rows()
    assert [(row["frame_offset"], row["level_before"], row["level"]) for row in found] == wanted
    shown = [row["alarm"] for row in latest(kept.clickhouse, scope, parameters=["VOLT"])]
    assert shown == ([newest] if newest else [])
    (cell,) = (
        row for row in console(kept.clickhouse, scope, now=recorded_at(99)) if row["parameter"] == "VOLT"
    )
    assert cell["alarm"] == newest


def test_the_view_has_the_same_changes(projected: Projected, mission: Mission) -> None:
    projected.write(mission, sent([(0, 0, 60), (0, 1, 60), (1, 1, 60), (0, 0, 60)]))
    view = projected.rows("SELECT frame_offset, level_before, level FROM alarms ORDER BY frame_offset")
    assert [tuple(row.values()) for row in view] == [
        (2, "normal", "watch"),
        (3, "watch", "severe"),
        (4, "severe", "normal"),
    ]


def test_the_catalog_tells_contexts_in_words_and_samples_stay_samples(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, sent([(1, 0, 60)]))
    rows = {row["parameter"]: row for row in parameter_rows(projected.clickhouse, "g1")}
    for row in rows.values():
        jsonschema.validate(row, response_schema("parameters"))
    volt = rows["VOLT"]
    assert volt["context_column"] == "VOLT__context"
    assert [one["when"] for one in volt["context_alarms"]] == ["MODE == SAFE", "HEATER == True"]
    assert [alarm["level"] for alarm in volt["context_alarms"][1]["alarms"]] == ["distress", "watch"]
    assert (rows["MODE"]["context_column"], rows["MODE"]["context_alarms"]) == (None, [])
    labels = projected.rows("SELECT DISTINCT parameter FROM samples WHERE packet = 'HK'")
    assert {row["parameter"] for row in labels} >= {"VOLT", "MODE"}
    assert not any("context" in row["parameter"] for row in labels)


def test_a_parameter_that_has_alarms_in_contexts_alone_is_normal_outside_of_them(
    projected: Projected, tmp_path: Path
) -> None:
    fields = {**FIELDS, "VOLT": by_context(linear(8, 0, 1), (("MODE", "SAFE"), SAFE))}
    projected.write(made_mission(tmp_path, {"HK": fields}), sent([(0, 0, 60), (1, 0, 60), (0, 0, 60)]))
    found = alarms(projected.clickhouse, projected.scope()).rows()
    assert [(row["frame_offset"], row["level"]) for row in found] == [(2, "severe"), (3, "normal")]
    (row,) = latest(projected.clickhouse, projected.scope(), parameters=["VOLT"])
    assert row["alarm"] == "normal"


def test_another_generation_without_contexts_shares_the_table(projected: Projected, tmp_path: Path) -> None:
    frames = sent([(1, 0, 60)])
    plain = {**FIELDS, "VOLT": limited(8, 1, **DEFAULT)}
    projected.write(made_mission(tmp_path / "b", {"HK": plain}), frames, "without")
    projected.write(made_mission(tmp_path / "a", {"HK": FIELDS}), frames, "with")
    rows = projected.rows("SELECT generation, level FROM alarms")
    assert rows == [{"generation": "with", "level": "severe"}]
    tables = projected.rows("SELECT DISTINCT table FROM columns WHERE packet = 'HK'")
    assert len(tables) == 1


def test_the_live_board_goes_by_the_context_of_the_packet(mission: Mission) -> None:
    board = Board(mission)
    for row, wanted in (((1, 0, 60), "severe"), ((0, 1, 60), "watch"), ((0, 0, 60), "normal")):
        (table,) = Parser(mission).parse(batch_of(sent([row]))).tables
        for message in pack(table.packet, table.rows):
            board.take(message)
        assert board.cells["HK"]["VOLT"].level == wanted


def test_a_context_that_another_packet_would_have_to_tell_is_a_remark_of_the_doctor(tmp_path: Path) -> None:
    mission = made_mission(
        tmp_path, {"HK": {"VOLT": VOLT}, "STATE": {key: FIELDS[key] for key in ("MODE", "HEATER")}}
    )
    (remark,) = (found for found in findings_of(mission) if found.state == "remark")
    assert remark.what.startswith("made.xml:")
    assert "refers to /Made/MODE, which is not in the same packet" in remark.what
    assert "in packets HK only the default alarm of /Made/VOLT is watched" in remark.what
