"""What a second recording of the same flight, a recorder's dump above all, fills of the gaps of the first."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.made_mission import EPOCH_NS, FIRST_APID, integer, made_mission, packet
from support.projected import SECOND, Projected, Sent, recorded_at

from projections.queries.history import history
from projections.queries.records import gaps
from streams.mission import Mission, load_mission

PLACE_NS = SECOND // 100
Heard = tuple[str, int]
"""Which session heard the packet of which place: the device's number for it, before it wraps."""


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return made_mission(
        tmp_path_factory.mktemp("mission"), {"NAV": {"A": integer(8)}, "HK": {"B": integer(8)}}
    )


@pytest.fixture(scope="module")
def shared(clickhouse_server: Any) -> Projected:
    return Projected(clickhouse_server.url, "gap_filling_tests")


def frame(
    offset: int,
    place: int,
    session: str,
    *,
    link: str = "radio",
    apid: int = FIRST_APID,
    apart: int = PLACE_NS,
) -> Sent:
    """One packet as a session recorded it; the device makes one every `apart` nanoseconds."""
    data = packet(bytes([place % 256]), count=place % 16_384, generated=EPOCH_NS + place * apart, apid=apid)
    return Sent(offset, data, link, session)


def recorded(heard: list[Heard], first: int = 1) -> list[Sent]:
    return [frame(offset, place, session) for offset, (session, place) in enumerate(heard, first)]


def found(projected: Projected, **scope: Any) -> list[tuple[int, int, list[str], int]]:
    """(missing, filled, filled by, still missing) of each gap."""
    return [
        (row["missing"], row["filled"], row["filled_by"], row["still_missing"])
        for row in gaps(projected.clickhouse, projected.scope(**scope)).rows()
    ]


def test_a_dump_fills_what_it_has_and_only_since_it_was_imported(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, recorded([("radio", place) for place in (1, 2, 6, 7, 10)]))
    projected.write(mission, recorded([("card", place) for place in range(1, 9)], first=20))
    assert found(projected) == [(3, 3, ["card"], 0), (2, 1, ["card"], 1)]
    assert found(projected, as_of=recorded_at(19)) == [(3, 0, [], 3), (2, 0, [], 2)]
    assert found(projected, as_of=recorded_at(23)) == [(3, 2, ["card"], 1), (2, 0, [], 2)]
    assert found(projected, session="radio") == found(projected)
    assert found(projected, session="card") == []
    assert found(projected, limit=1) == [(3, 3, ["card"], 0)]
    view = projected.rows("SELECT filled, filled_by FROM gaps WHERE generation = 'g1' ORDER BY frame_offset")
    assert view == [{"filled": 3, "filled_by": ["card"]}, {"filled": 1, "filled_by": ["card"]}]


def test_two_recordings_with_holes_fill_each_other_and_a_third_is_named_as_well(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, recorded([("a", 1), ("a", 2), ("a", 5), ("b", 1), ("b", 3), ("b", 5), ("c", 3)]))
    assert found(projected) == [(2, 1, ["b", "c"], 1), (1, 1, ["a"], 0), (1, 0, [], 1)]


def test_a_count_that_comes_again_after_a_wrap_fills_nothing(projected: Projected, mission: Mission) -> None:
    once_more = 16_384
    radio = recorded([("radio", 16_380), ("radio", 16_386)])
    card = recorded([("card", place + once_more) for place in range(16_380, 16_387)], first=10)
    projected.write(mission, radio + card)
    assert found(projected) == [(5, 0, [], 5)]
    projected.write(mission, recorded([("card", place) for place in range(16_380, 16_387)], first=20))
    assert found(projected, session="radio") == [(5, 5, ["card"], 0)]


def test_a_count_alone_fills_nothing_whatever_other_packets_tell_of_the_time(
    projected: Projected, tmp_path: Path
) -> None:
    """Without a clock of the device the counts, the order and the received times would all fit."""
    made_mission(tmp_path, {"NAV": {"A": integer(8)}})
    settings_file = tmp_path / "mission.toml"
    settings_file.write_text(settings_file.read_text().split("[time]")[0])
    clockless = load_mission(tmp_path)
    projected.write(clockless, recorded([("radio", 1), ("card", 1), ("card", 2), ("card", 3), ("radio", 4)]))
    assert found(projected) == [(2, 0, [], 2)]


def test_another_run_of_a_device_that_began_to_count_anew_fills_nothing(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, [frame(1, 1, "radio"), frame(2, 4, "radio")])
    later = 3_600 * SECOND // 2
    projected.write(mission, [frame(10, 2, "card", apart=later), frame(11, 3, "card", apart=later)])
    assert found(projected) == [(2, 0, [], 2)]


def test_other_apids_generations_and_the_session_itself_fill_nothing_but_another_link_does(
    projected: Projected, mission: Mission
) -> None:
    radio = [frame(1, 1, "s1"), frame(2, 4, "s1")]
    projected.write(mission, [*radio, frame(3, 2, "card", apid=FIRST_APID + 1)])
    assert found(projected) == [(2, 0, [], 2)]
    projected.write(mission, [*radio, frame(4, 2, "card")], "g2")
    assert found(projected) == [(2, 0, [], 2)]
    assert found(projected, generation="g2") == [(2, 1, ["card"], 1)]
    projected.write(mission, [frame(5, 3, "s1", link="backup")])
    assert found(projected) == [(2, 1, ["s1"], 1)]


def test_the_same_sample_of_two_sessions_is_two_samples_that_tell_their_session(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, recorded([("radio", 7), ("card", 7)]))
    (answer,) = history(projected.clickhouse, projected.scope(), ["A"])
    both = [(row["session"], row["value"], row["frame_offset"]) for row in answer.rows()]
    assert both == [("radio", 7, 1), ("card", 7, 2)]
    (answer,) = history(projected.clickhouse, projected.scope(session="card"), ["A"])
    assert [row["session"] for row in answer.rows()] == ["card"]
    (answer,) = history(projected.clickhouse, projected.scope(), ["A"], points=1)
    assert [(row["count"], row["sessions"]) for row in answer.rows()] == [(2, ["card", "radio"])]


def brute_force(heard: list[Heard]) -> set[tuple[str, int, int, tuple[str, ...]]]:
    """(session, count after the gap, filled, filled by), from the places that only the device knows."""
    sessions = {session: sorted({place for one, place in heard if one == session}) for session, _ in heard}
    expected = set()
    for session, places in sessions.items():
        for low, high in itertools.pairwise(places):
            between = {
                (place, other)
                for other, others in sessions.items()
                for place in others
                if other != session and low < place < high
            }
            if high - low > 1:
                by = tuple(sorted({other for _, other in between}))
                expected.add((session, high % 16_384, len({place for place, _ in between}), by))
    return expected


steps = st.one_of(st.integers(1, 3), st.sampled_from([700, 4_000, 8_000]))
flights = st.lists(steps, min_size=2, max_size=20).map(
    lambda all_of: list(itertools.accumulate(all_of, initial=16_370))
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flights, st.data())
def test_fillings_agree_with_a_brute_force_model_at_every_time(
    shared: Projected, mission: Mission, places: list[int], data: st.DataObject
) -> None:
    """Each session hears some packets in their order; its frames come in any order among the others'."""
    heard: list[Heard] = []
    for session in ("radio", "backup", "card"):
        mine = [place for place in places if data.draw(st.booleans(), label=f"{session} hears {place}")]
        # Farther apart the count alone does not tell how many packets are missing.
        assume(all(high - low < 8_192 for low, high in itertools.pairwise(mine)))
        at = data.draw(st.integers(0, len(heard)), label="among the others'")
        heard[at:at] = [(session, place) for place in mine]
    assume(heard)
    generation = f"g{len(shared.missions)}"
    shared.write(mission, recorded(heard), generation)
    known = data.draw(st.integers(1, len(heard)), label="as of")
    rows = list(gaps(shared.clickhouse, shared.scope(generation=generation, as_of=recorded_at(known))).rows())
    assert all(row["filled"] + row["still_missing"] == row["missing"] for row in rows)
    assert {
        (row["session"], row["sequence_count"], row["filled"], tuple(row["filled_by"])) for row in rows
    } == brute_force(heard[:known])
