"""Missing sequence counts, as they were known at a time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_mission import EPOCH_NS, FIRST_APID, integer, made_mission, packet
from support.projected import SECOND, Projected, Sent, recorded_at

from projections.queries.records import counts, gaps, quarantine
from streams.mission import Mission


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    packets = {"NAV": {"A": integer(8)}, "HK": {"B": integer(8)}}
    return made_mission(tmp_path_factory.mktemp("mission"), packets)


@pytest.fixture(scope="module")
def shared(clickhouse_server: Any) -> Projected:
    return Projected(clickhouse_server.url, "gaps_tests")


def sent(
    *numbers: int,
    link: str = "radio",
    session: str = "s1",
    first: int = 1,
    apid: int = FIRST_APID,
    apart: int = 0,
) -> list[Sent]:
    """Frames with these sequence counts; by the device's clock the packets are `apart` seconds per count."""
    return [
        Sent(
            first + place,
            packet(b"\0", count=number, generated=EPOCH_NS + number * apart * SECOND, apid=apid),
            link,
            session,
        )
        for place, number in enumerate(numbers)
    ]


def found(projected: Projected, **scope: Any) -> list[tuple[int, int, int]]:
    """(count before, count after, missing) of each gap."""
    return [
        (row["previous_count"], row["sequence_count"], row["missing"])
        for row in gaps(projected.clickhouse, projected.scope(**scope)).rows()
    ]


@pytest.mark.parametrize(
    ("counts_sent", "expected"),
    [
        ((1, 2, 3), []),
        ((1, 2, 5, 6), [(2, 5, 2)]),
        ((1, 5, 9), [(1, 5, 3), (5, 9, 3)]),
        ((16_382, 16_383, 0, 1), []),
        ((16_382, 1), [(16_382, 1, 2)]),
        ((1, 2, 2, 3), []),
        ((1, 2, 5, 3, 4, 6), []),
        ((1, 2, 5, 3, 6), [(3, 5, 1)]),
        ((1, 2, 6, 4, 7), [(2, 4, 1), (4, 6, 1)]),
        ((1, 2, 8, 9, 3, 4, 5, 10), [(5, 8, 2)]),
        ((16_380, 2, 16_382, 3), [(16_380, 16_382, 1), (16_382, 2, 3)]),
        ((5000, 5001, 0, 1, 2), []),
        ((5000, 5001, 0, 2), [(0, 2, 1)]),
        ((7,), []),
    ],
)
def test_gaps_are_what_is_missing_between_the_counts(
    projected: Projected, mission: Mission, counts_sent: tuple[int, ...], expected: list[tuple[int, int, int]]
) -> None:
    projected.write(mission, sent(*counts_sent))
    assert found(projected) == sorted(expected, key=lambda gap: counts_sent.index(gap[1]))


def test_a_late_packet_fills_the_gap_but_not_in_what_was_known_before(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, sent(1, 2, 6, 7))
    projected.write(mission, sent(4, 3, 5, 8, first=10))
    assert found(projected) == []
    known_then = {offset: found(projected, as_of=recorded_at(offset)) for offset in (2, 3, 9, 10, 11, 12)}
    assert known_then == {
        2: [],
        3: [(2, 6, 3)],
        9: [(2, 6, 3)],
        10: [(4, 6, 1), (2, 4, 1)],
        11: [(4, 6, 1)],
        12: [],
    }


def test_a_device_that_counts_anew_is_not_late_when_its_clock_went_on(
    projected: Projected, mission: Mission
) -> None:
    times = [(5, 1), (6, 2), (0, 3), (1, 4), (4, 5)]
    frames = [
        Sent(offset, packet(b"\0", count=count, generated=EPOCH_NS + second * SECOND))
        for offset, (count, second) in enumerate(times, 1)
    ]
    projected.write(mission, frames)
    assert found(projected) == [(1, 4, 2)]


def test_links_sessions_apids_and_generations_count_for_themselves(
    projected: Projected, mission: Mission
) -> None:
    frames = [
        *sent(1, 2, 5, first=1),
        *sent(1, 3, first=10, link="backup"),
        *sent(6, 7, first=20, session="s2"),
        *sent(1, 4, first=30, apid=FIRST_APID + 1),
    ]
    projected.write(mission, frames)
    projected.write(mission, frames[:2], "g2")
    rows = list(gaps(projected.clickhouse, projected.scope()).rows())
    assert [(row["link"], row["session"], row["apid"], row["missing"]) for row in rows] == [
        ("radio", "s1", 100, 2),
        ("backup", "s1", 100, 1),
        ("radio", "s1", 101, 2),
    ]
    assert found(projected, generation="g2") == []
    assert found(projected, session="s2") == []
    assert found(projected, limit=1) == [(2, 5, 2)]
    assert counts(projected.clickhouse, projected.scope())["missing"] == 5
    view = "SELECT link, missing FROM gaps WHERE generation = 'g1' ORDER BY frame_offset"
    assert [row["missing"] for row in projected.rows(view)] == [2, 1, 2]


def test_from_and_to_bound_the_time_after_the_gap(projected: Projected, mission: Mission) -> None:
    projected.write(mission, sent(1, 3, 5, 7, apart=1))
    window = {"from": EPOCH_NS + 4 * SECOND, "to": EPOCH_NS + 6 * SECOND}
    assert found(projected, **window) == [(3, 5, 1)]


def test_a_clock_that_jumped_back_is_a_remark_and_counted(projected: Projected, mission: Mission) -> None:
    projected.write(mission, sent(10, 11, 12, apart=1))
    late = [Sent(9, packet(b"\0", count=13, generated=EPOCH_NS + 2 * SECOND))]
    projected.write(mission, late)
    (remark,) = quarantine(projected.clickhouse, projected.scope()).rows()
    assert remark["reason"] == "the device clock jumped back by 10 s"
    assert (remark["frame_offset"], remark["stage"], remark["decoded"]) == (9, "time", True)
    assert counts(projected.clickhouse, projected.scope())["quarantine"] == {"time": 1}
    assert list(quarantine(projected.clickhouse, projected.scope(as_of=recorded_at(8))).rows()) == []


@dataclass(frozen=True)
class Arrival:
    link: str
    session: str
    count: int


def brute_force(arrivals: list[Arrival]) -> set[tuple[str, str, int, int, int]]:
    """Gaps by sets: unwrap each count by its distance to the one before it, then look for holes."""
    holes: set[tuple[str, str, int, int, int]] = set()
    streams: dict[tuple[str, str], list[int]] = {}
    for arrival in arrivals:
        streams.setdefault((arrival.link, arrival.session), []).append(arrival.count)
    for (link, session), numbers in streams.items():
        place, places = numbers[0], {numbers[0]: numbers[0]}
        for before, count in itertools.pairwise(numbers):
            step = (count - before + 8192) % 16_384 - 8192
            place += step
            if step < -4096:
                holes |= _holes(link, session, places)
                places = {}
            places[place] = count
        holes |= _holes(link, session, places)
    return holes


def _holes(link: str, session: str, places: dict[int, int]) -> set[tuple[str, str, int, int, int]]:
    ordered = sorted(places)
    return {
        (link, session, places[low], places[high], high - low - 1)
        for low, high in itertools.pairwise(ordered)
        if high - low > 1
    }


near = st.integers(0, 30).map(lambda count: (count + 16_370) % 16_384)
far = st.sampled_from([0, 3000, 8000, 8191, 8192, 12_000])
arrivals = st.builds(
    Arrival, st.sampled_from(["radio", "backup"]), st.sampled_from(["s1", "s2"]), st.one_of(near, near, far)
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(arrivals, min_size=1, max_size=25), st.data())
def test_gaps_agree_with_a_brute_force_model_at_every_time(
    shared: Projected, mission: Mission, history: list[Arrival], data: st.DataObject
) -> None:
    """The device has no clock here, so only counts tell: generated time is the same in all packets."""
    generation = f"g{len(shared.missions)}"
    frames = [
        Sent(offset, packet(b"\0", count=one.count), one.link, one.session)
        for offset, one in enumerate(history, 1)
    ]
    shared.write(mission, frames, generation)
    known = data.draw(st.integers(1, len(history)), label="as of")
    rows = gaps(shared.clickhouse, shared.scope(generation=generation, as_of=recorded_at(known))).rows()
    assert {
        (row["link"], row["session"], row["previous_count"], row["sequence_count"], row["missing"])
        for row in rows
    } == brute_force(history[:known])
