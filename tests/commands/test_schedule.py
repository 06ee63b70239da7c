from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.fold import fold
from commands.schedule import due, queue
from commands.state import State
from commands.telecommand import Event, Telecommand

FOREVER = 10**18


def waiting(identity: str, offset: int, *more: tuple[str, dict[str, Any]], **own: Any) -> Telecommand:
    """A telecommand submitted at `offset` (ns UTC as well), and some events right behind."""
    first = {"who": "anna", "link": "radio", "expires": FOREVER, **own}
    events = [Event(offset, offset, identity, "submitted", first)]
    events += [Event(offset + n, offset + n, identity, name, f) for n, (name, f) in enumerate(more, 1)]
    return fold(identity, events)


def ids(telecommands: list[Telecommand]) -> list[str]:
    return [one.id for one in telecommands]


def test_each_link_gets_the_head_of_its_own_queue() -> None:
    board = [waiting("b", 2), waiting("a", 1), waiting("c", 3, link="other")]
    found = due(board, (), 10)
    assert ids(found.heads) == ["a", "c"]
    assert not found.expired


def test_nothing_passes_one_that_is_on_its_way() -> None:
    on_its_way = waiting("a", 1, ("released", {"until": FOREVER}))
    assert due([on_its_way, waiting("b", 2)], (), 10).heads == []


def test_one_whose_fate_is_open_does_not_hold_up_those_behind_it() -> None:
    claimed = waiting("a", 1, ("released", {}), ("claimed", {"instance": "u"}))
    assert ids(due([claimed, waiting("b", 9)], (), 10).heads) == []
    uncertain = waiting("a", 1, ("released", {}), ("claimed", {}), ("uncertain", {}))
    assert uncertain.state is State.UNCERTAIN
    assert ids(due([uncertain, waiting("b", 9)], (), 10).heads) == ["b"]


def test_a_held_queue_releases_nothing_and_still_expires() -> None:
    board = [waiting("a", 1, expires=5), waiting("b", 2)]
    found = due(board, {"radio"}, 10)
    assert found.heads == []
    assert [(one.id, why) for one, why in found.expired] == [("a", "its turn did not come in time")]


def test_one_that_waits_for_its_time_or_an_approval_does_not_hold_up_those_behind_it() -> None:
    board = [waiting("a", 1, release_at=50), waiting("b", 2, approvals_needed=1), waiting("c", 3)]
    found = due(board, (), 10)
    assert ids(found.heads) == ["c"]
    assert found.wake_at == 50


def test_who_was_approved_later_stands_behind() -> None:
    approved = waiting("a", 1, ("approved", {"who": "ben"}), approvals_needed=1)
    late = fold("a", [*approved.steps[:1], approved.steps[1]._replace(offset=7, recorded=7)])
    assert ids(queue([late, waiting("b", 5)], "radio", 10)) == ["b", "a"]


def test_a_released_one_that_nobody_claims_expires() -> None:
    forgotten = waiting("a", 1, ("released", {"until": 5}))
    (telecommand, why), *_ = due([forgotten], (), 5).expired
    assert (telecommand.id, why) == ("a", "no uplink claimed it in time; is the IO service running?")


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 60), st.integers(1, 80)), max_size=8),
    st.integers(0, 100),
)
def test_what_is_due_is_the_first_of_those_that_may_leave(
    drawn: list[tuple[int, int, int]], now: int
) -> None:
    unique = {offset: (release_at, expires) for offset, release_at, expires in drawn}
    board = [waiting(f"t{at}", at, release_at=r, expires=e) for at, (r, e) in unique.items()]
    found = due(board, (), now)
    assert {one.id for one, _ in found.expired} == {one.id for one in board if one.expires <= now}
    free = [one for one in board if one.expires > now and one.release_at <= now]
    order = sorted(free, key=lambda one: (max(one.release_at, one.last_offset), one.last_offset))
    assert ids(found.heads) == ids(order[:1])
    times = [one.expires for one in board if one.expires > now]
    times += [one.release_at for one in board if one.expires > now and one.release_at > now]
    assert found.wake_at == min(times, default=None)
