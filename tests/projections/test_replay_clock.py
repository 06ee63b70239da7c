from hypothesis import given
from hypothesis import strategies as st

from projections.replay.clock import AS_TAKEN, ReplayClock

times = st.integers(0, 10**18)
moments = st.floats(0, 1e5)
speeds = st.sampled_from([0.01, 0.5, 1.0, 5.0, 1000.0])
changes = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "speed", "seek"]), st.floats(0, 100), speeds, times)
)


@given(times, moments, speeds, changes)
def test_the_position_goes_on_from_where_it_was_at_every_change_but_a_seek(
    start: int, now: float, speed: float, many: list[tuple[str, float, float, int]]
) -> None:
    clock = ReplayClock(start, now, speed)
    for action, later, other_speed, position in many:
        now += later
        before = clock.at(now)
        if action == "seek":
            clock = clock.seek(position, now)
            assert clock.at(now) == position
            continue
        clock = {
            "pause": lambda clock=clock, now=now: clock.pause(now),
            "resume": lambda clock=clock, now=now: clock.resume(now),
            "speed": lambda clock=clock, now=now, other=other_speed: clock.with_speed(other, now),
        }[action]()
        assert clock.at(now) == before
        moved = clock.at(now + 1) - before
        assert moved == 0 if clock.paused else abs(moved - clock.speed * 1e9) < 1e3


@given(times, st.integers(0, 10**12), moments, speeds)
def test_what_is_waited_for_is_due_then_and_not_before(
    start: int, ahead: int, now: float, speed: float
) -> None:
    clock = ReplayClock(start, now, speed)
    wait = clock.wait(start + ahead, now)
    assert wait is not None
    assert clock.wait(start + ahead, now + wait) < 1e-6  # type: ignore[operator]
    assert abs(clock.at(now + wait) - (start + ahead)) <= 1e4 * max(speed, 1)
    assert clock.pause(now).wait(start + ahead, now) is None
    assert clock.with_speed(AS_TAKEN, now).wait(start + ahead, now) == 0.0
