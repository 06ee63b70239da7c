"""Which events of OPERATIONS a question about them gets."""

from __future__ import annotations

from typing import Any

import pytest

from projections.operations_reader import select_operations
from streams.operations import Operation

EVENTS = [
    Operation(offset, offset * 10**9, kind, {"number": offset, "bundle": "long"})
    for offset, kind in enumerate(("session-opened", "link-down", "session-closed", "session-opened"), 1)
]


@pytest.mark.parametrize(
    ("question", "offsets"),
    [
        ({}, [1, 2, 3, 4]),
        ({"kinds": ["session-opened", "session-closed"]}, [1, 3, 4]),
        ({"from": 2 * 10**9, "to": 3 * 10**9}, [2, 3]),
        ({"as_of": "1970-01-01T00:00:02Z"}, [1, 2]),
        ({"as_of": 3 * 10**9, "to": 1}, []),
        ({"limit": 2}, [3, 4]),
        ({"limit": 0}, []),
        ({"limit": 9}, [1, 2, 3, 4]),
    ],
)
def test_events_are_chosen_by_kind_and_recorded_time_and_of_too_many_the_newest(
    question: dict[str, Any], offsets: list[int]
) -> None:
    assert [row["offset"] for row in select_operations(EVENTS, question)] == offsets


def test_a_row_tells_when_and_what_but_no_whole_mission_database() -> None:
    (row,) = select_operations(EVENTS, {"limit": 1})
    assert row == {
        "offset": 4,
        "recorded": "1970-01-01T00:00:04.000000000Z",
        "kind": "session-opened",
        "fields": {"number": 4},
    }
