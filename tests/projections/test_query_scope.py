"""Times as people and programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import QueryError
from projections.queries.answer import iso_time
from projections.queries.scope import EARLIEST, LATEST, parse_time


@given(st.integers(EARLIEST, LATEST))
def test_a_time_is_the_same_after_writing_and_reading_it(time: int) -> None:
    assert parse_time(iso_time(time), "at") == time
    assert parse_time(time, "at") == time
    assert parse_time(str(time), "at") == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 10**9),
        ("1970-01-01 00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.0000000019Z", 1),
        (" 5 ", 5),
        ("-5", -5),
        (None, None),
        ("", None),
    ],
)
def test_iso_8601_and_nanoseconds_are_read(text: str | None, time: int | None) -> None:
    assert parse_time(text, "from") == time


@pytest.mark.parametrize(
    "text",
    [
        "soon", "2026-13-01", "1.5", "1e9", "9999-01-01", "0001-01-01", str(2**63), str(-(2**63) - 1), "٣",
        "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_where_and_what_to_do(text: str) -> None:
    with pytest.raises(QueryError, match=r"^from: .* \(.*since 1970\)$") as refused:
        parse_time(text, "from")
    assert len(str(refused.value)) < 300
