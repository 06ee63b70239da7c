"""Alarms: a row for each change of a parameter's level, whoever wrote its packets, in whatever runs."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_mission import (
    EPOCH_NS,
    FIRST_APID,
    enumeration,
    floating,
    integer,
    limited,
    made_mission,
    packet,
)
from support.projected import SECOND, Projected, Sent, recorded_at

from infra.errors import QueryError
from projections.alarm_rows import Branch, Watched, alarms_query
from projections.queries.alarms import alarm_level, alarms
from projections.schema import create_fixed_tables, drop_all_tables
from streams.xtce.alarms import AlarmRange

FIELDS = {"VOLT": limited(8, 1, warning=100, critical=150), "PLAIN": integer(8)}


def sent(values: list[int], session: str = "s1", first: int = 1) -> list[Sent]:
    """A frame for each value, whose device time is that of its offset."""
    return [
        Sent(
            offset,
            packet(bytes([value, 0]), count=offset, generated=EPOCH_NS + offset * SECOND),
            session=session,
        )
        for offset, value in enumerate(values, first)
    ]


def changes(projected: Projected, names: list[str] | None = None, **scope: Any) -> list[tuple[Any, ...]]:
    rows = alarms(projected.clickhouse, projected.scope(**scope), names or []).rows()
    return [(row["frame_offset"], row["level_before"], row["level"], row["value"]) for row in rows]


def test_each_change_of_a_level_is_a_row_and_staying_in_it_is_none(
    projected: Projected, tmp_path: Path
) -> None:
    projected.write(made_mission(tmp_path, {"HK": FIELDS}), sent([0, 101, 120, 151, 152, 149, 100, 5]))
    assert changes(projected) == [
        (2, "normal", "warning", 101.0),
        (4, "warning", "critical", 151.0),
        (6, "critical", "warning", 149.0),
        (7, "warning", "normal", 100.0),
    ]
    (row,) = alarms(projected.clickhouse, projected.scope(limit=1)).rows()
    assert row["packet"] == "HK"
    assert row["parameter"] == "VOLT"
    assert (row["link"], row["session"], row["generation"], row["packet_index"]) == ("radio", "s1", "g1", 0)
    assert (row["time"], row["generated"]) == ("2020-01-01T00:00:02.000000000Z",) * 2


def test_a_change_across_runs_is_found_however_the_frames_were_cut_and_written_again(
    projected: Projected, tmp_path: Path
) -> None:
    mission = made_mission(tmp_path, {"HK": FIELDS})
    frames = sent([0, 200, 200, 0, 120, 200])
    projected.write(mission, frames, "whole")
    for first, last in ((3, 6), (0, 3), (2, 4), (5, 6), (1, 5)):
        projected.write(mission, frames[first:last], "cut")
    assert changes(projected, generation="cut") == changes(projected, generation="whole")
    assert len(changes(projected, generation="cut")) == 4
    view = projected.rows(
        "SELECT generation, count() AS n FROM alarms GROUP BY generation ORDER BY generation"
    )
    assert view == [{"generation": "cut", "n": 4}, {"generation": "whole", "n": 4}]


def test_a_dump_of_another_session_does_not_flap_with_the_radio(projected: Projected, tmp_path: Path) -> None:
    mission = made_mission(tmp_path, {"HK": FIELDS})
    radio, dump = sent([200, 200, 200]), sent([0, 200, 0], "dump", first=1)
    mixed = [
        Sent(2 * number + offset, one.data, session=one.session)
        for number, pair in enumerate(zip(radio, dump, strict=True))
        for offset, one in enumerate(pair, 1)
    ]
    projected.write(mission, mixed)
    assert [row[:3] for row in changes(projected, session="s1")] == [(1, "normal", "critical")]
    assert [row[:3] for row in changes(projected, session="dump")] == [
        (4, "normal", "critical"),
        (6, "critical", "normal"),
    ]
    assert len(changes(projected)) == 3


def test_as_of_a_time_there_are_the_changes_recorded_by_then(projected: Projected, tmp_path: Path) -> None:
    projected.write(made_mission(tmp_path, {"HK": FIELDS}), sent([0, 101, 151, 0]))
    assert [row[0] for row in changes(projected, as_of=recorded_at(3))] == [2, 3]
    assert changes(projected, as_of=recorded_at(1)) == []
    window = {"from": EPOCH_NS + 3 * SECOND, "to": EPOCH_NS + 3 * SECOND}
    assert changes(projected, **window) == [(3, "warning", "critical", 151.0)]


def test_each_generation_has_the_limits_of_its_own_mission(projected: Projected, tmp_path: Path) -> None:
    frames = sent([0, 120])
    strict = {**FIELDS, "VOLT": limited(8, 1, warning=10)}
    projected.write(made_mission(tmp_path / "a", {"HK": FIELDS}), frames, "a")
    projected.write(made_mission(tmp_path / "b", {"HK": strict}), sent([0, 20]), "b")
    projected.write(made_mission(tmp_path / "c", {"HK": {"VOLT": limited(8, 1, severe=1)}}), [], "c")
    assert [row[0] for row in changes(projected, generation="a")] == [2]
    assert [row[0] for row in changes(projected, generation="b")] == [2]
    assert changes(projected, generation="c") == []
    found = projected.rows("SELECT generation, number FROM alarms ORDER BY generation")
    assert found == [{"generation": "a", "number": 120.0}, {"generation": "b", "number": 20.0}]


def test_names_narrow_the_answer_and_an_unknown_one_is_refused(projected: Projected, tmp_path: Path) -> None:
    projected.write(made_mission(tmp_path, {"HK": FIELDS}), sent([200]))
    assert len(changes(projected, ["VOLT"])) == 1
    assert len(changes(projected, ["HK.VOLT"])) == 1
    assert changes(projected, ["PLAIN"]) == []
    with pytest.raises(QueryError, match="there is no parameter 'NOPE'"):
        changes(projected, ["NOPE"])


def test_a_row_without_the_parameter_changes_nothing(projected: Projected, tmp_path: Path) -> None:
    fields = {"HAS": integer(8), "VOLT": limited(8, 1, warning=100)}
    mission = made_mission(tmp_path, {"HK": fields}, conditions={"VOLT": ("HAS", 1)})
    bodies = [b"\1\xc8", b"\0", b"\1\xc8", b"\0", b"\1\0"]
    frames = [Sent(n, packet(body, count=n)) for n, body in enumerate(bodies, 1)]
    projected.write(mission, frames)
    assert changes(projected) == [(1, "normal", "warning", 200.0), (5, "warning", "normal", 0.0)]


def test_an_empty_answer_has_its_columns_and_tables_can_be_made_again(
    projected: Projected, tmp_path: Path
) -> None:
    assert projected.rows("SELECT * FROM alarms") == []
    projected.write(made_mission(tmp_path, {"HK": FIELDS}), sent([0]))
    table = pa.Table.from_batches(alarms(projected.clickhouse, projected.scope()).typed())
    assert (table.num_rows, table.column_names[:5]) == (
        0,
        ["generation", "packet", "parameter", "level_before", "level"],
    )
    drop_all_tables(projected.clickhouse)
    create_fixed_tables(projected.clickhouse)
    assert projected.rows("SELECT * FROM alarms") == []


LIMITS = st.one_of(st.none(), st.sampled_from([-math.inf, -1.5, 0.0, 0.1, 1.0, 2.0**53, 1e300, math.inf]))
RANGES = st.fixed_dictionaries({
    "level": st.sampled_from(["watch", "warning", "critical"]),
    "form": st.sampled_from(["outside", "inside"]),
    "minimum": LIMITS,
    "maximum": LIMITS,
    "min_inclusive": st.booleans(),
    "max_inclusive": st.booleans(),
    "label": st.just(""),
})  # fmt: skip
LABELS = st.fixed_dictionaries({
    "level": st.sampled_from(["normal", "watch", "warning"]),
    "form": st.sampled_from(["label", "otherwise"]),
    "label": st.sampled_from(["OFF", "it's", "ON", "nan"]),
})  # fmt: skip
DOUBLES = [0.0, -0.0, 0.1, -1.5, 1.0, 5e-324, 1e300, math.inf, -math.inf, math.nan, 2.0**53]
WHOLE = [0, 1, 2**53, 2**53 + 1, 2**64 - 1]


@pytest.fixture(scope="module")
def kinds(clickhouse_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Projected:
    """Packets of one floating, one whole and one text value, in sessions of their own."""
    projected = Projected(clickhouse_server.url, "alarm_kinds")
    fields = {"F": floating(64), "U": integer(64), "E": enumeration(["OFF", "it's", "ON"])}
    mission = made_mission(tmp_path_factory.mktemp("mission"), {"ALL": fields})
    bodies = [struct.pack(">dQB", f, WHOLE[n % 5], n % 4) for n, f in enumerate(DOUBLES)]
    projected.write(
        mission, [Sent(n, packet(body, count=n), session=f"s{n}") for n, body in enumerate(bodies, 1)]
    )
    return projected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RANGES, min_size=1, max_size=3), st.lists(LABELS, min_size=1, max_size=3))
def test_the_database_finds_the_level_that_python_finds(
    kinds: Projected, ranges: list[dict[str, Any]], labels: list[dict[str, Any]]
) -> None:
    watched = [
        Watched("F", "F", "double", ranges),
        Watched("U", "U", "uint64", ranges),
        Watched("E", "E", "dictionary<values=string, indices=int32, ordered=0>", labels),
    ]
    branch = Branch("ALL", "packet_ALL", ["g1"], watched)
    rows = kinds.rows(f"SELECT parameter, level, frame_offset FROM ({alarms_query([branch])})")
    found = {(row["parameter"], row["frame_offset"]): row["level"] for row in rows}
    texts = ["OFF", "it's", "ON", "UNDEFINED(3)"]
    for n, number in enumerate(DOUBLES):
        values = {"F": (number, ranges), "U": (WHOLE[n % 5], ranges), "E": (texts[n % 4], labels)}
        for label, (value, limits) in values.items():
            level = alarm_level([AlarmRange(**one) for one in limits], value)
            assert found.get((label, n + 1), "normal") == level, (label, value)


def test_plain_names_do_not_clash_with_those_of_the_query(projected: Projected, tmp_path: Path) -> None:
    fields = {name: limited(8, 1, warning=1) for name in ("level", "value", "number", "parameter", "packet")}
    projected.write(made_mission(tmp_path, {"HK": fields}), [Sent(1, packet(b"\2\0\2\0\2", apid=FIRST_APID))])
    found = {row["parameter"] for row in alarms(projected.clickhouse, projected.scope()).rows()}
    assert found == {"level", "number", "packet"}
