"""Rates as a service shows them, over a clock of the test's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra.meter import WINDOW_S, Meter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_stream_has_its_rate_and_a_stream_that_ended_has_none() -> None:
    clock = Clock()
    meter = Meter(clock)
    for _ in range(300):
        clock.now += 0.1
        meter.add(5)
    assert meter.total == 1500
    assert 47.5 <= meter.rate() <= 52.5
    clock.now += WINDOW_S + 1
    assert (meter.rate(), meter.total) == (0.0, 1500)


def test_the_rate_of_the_first_seconds_is_not_diluted_by_the_time_before() -> None:
    clock = Clock()
    meter = Meter(clock)
    clock.now += 2.0
    meter.add(100)
    assert meter.rate() == 50.0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 1000)), max_size=50))
def test_a_rate_never_counts_more_than_came_and_nothing_older_than_its_window(
    events: list[tuple[float, int]],
) -> None:
    clock = Clock()
    meter, came = Meter(clock), []
    for pause, count in events:
        clock.now += pause
        meter.add(count)
        came.append((clock.now, count))
    recent = sum(count for moment, count in came if moment > clock.now - WINDOW_S - 0.5)
    assert meter.total == sum(count for _, count in came)
    assert 0 <= meter.rate() * min(WINDOW_S, max(0.5, clock.now - 1000.0)) <= recent + 1
