"""Sessions: what each has, from when to when, as of a time, and which have something of a stretch of time."""

from __future__ import annotations

from typing import Any

import pytest
from support.made_mission import EPOCH_NS, integer, made_mission, packet
from support.projected import SECOND, Projected, Sent, recorded_at

from projections.queries.scope import parse_time
from projections.queries.sessions import sessions
from streams.mission import Mission


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return made_mission(tmp_path_factory.mktemp("mission"), {"NAV": {"A": integer(8)}})


def sent(offset: int, second: float, session: str, link: str = "radio") -> Sent:
    data = packet(b"\0", count=offset, generated=EPOCH_NS + int(second * SECOND))
    return Sent(offset, data, link, session)


def asked(projected: Projected, **scope: Any) -> dict[str, dict[str, Any]]:
    rows = sessions(projected.clickhouse, projected.scope(**scope)).rows()
    return {f"{row['session']} on {row['link']}": row for row in rows}


def seconds(row: dict[str, Any]) -> list[float | None]:
    """The times of a row's packets, in seconds of the device's clock."""
    names = ("first_time", "early_time", "late_time", "last_time")
    times = [parse_time(row[name], name) for name in names]
    return [None if time is None else (time - EPOCH_NS) / SECOND for time in times]


def test_each_link_and_session_is_a_row_in_the_order_of_their_frames(
    projected: Projected, mission: Mission
) -> None:
    projected.write(mission, [sent(10, 5, "b"), sent(11, 6, "b"), sent(12, 6, "b", link="backup")])
    projected.write(mission, [sent(1, 1, "a"), Sent(2, b"\xff", "radio", "a"), sent(3, 3, "a")])
    found = asked(projected)
    assert list(found) == ["a on radio", "b on radio", "b on backup"]
    row = found["a on radio"]
    assert (row["frames"], row["packets"], row["quarantined"]) == (3, 2, 1)
    assert (row["first_frame"], row["last_frame"], seconds(row)) == (1, 3, [1, 1, 3, 3])
    assert list(asked(projected, session="b")) == ["b on radio", "b on backup"]
    assert asked(projected, as_of=recorded_at(1))["a on radio"]["frames"] == 1


def test_a_clock_that_was_wrong_once_moves_the_ends_but_not_where_nearly_all_are(
    projected: Projected, mission: Mission
) -> None:
    usual = [sent(offset, 90_000 + offset, "a") for offset in range(1, 1_101)]
    projected.write(mission, [*usual, sent(1_101, 7, "a")])
    first, early, late, last = seconds(asked(projected)["a on radio"])
    assert first == 7 and last == 91_100
    assert early is not None and late is not None and 90_000 < early < 90_005 and 91_095 < late <= 91_100


def test_from_and_to_choose_sessions_that_have_something_then_as_a_whole(
    projected: Projected, mission: Mission
) -> None:
    strange = Sent(9, b"\xff", "radio", "noise")
    projected.write(mission, [sent(1, 1, "a"), sent(2, 9, "a"), sent(3, 20, "b"), strange])
    found = asked(projected, **{"from": EPOCH_NS + 8 * SECOND, "to": EPOCH_NS + 10 * SECOND})
    assert list(found) == ["a on radio"]
    assert found["a on radio"]["packets"] == 2
    noise = asked(projected, **{"from": recorded_at(8), "to": recorded_at(9)})
    assert seconds(noise["noise on radio"]) == [None] * 4
