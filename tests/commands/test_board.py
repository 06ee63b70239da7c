from typing import Any

from histories import forged_fields, names
from hypothesis import given
from hypothesis import strategies as st

from commands.board import REMEMBERED, Board
from commands.fold import fold
from commands.telecommand import Event


def life(identity: str, first: int, count: int, apid: int = 200) -> list[Event]:
    """Submitted, released and claimed, from an offset on; recorded at ten times the offset."""
    own: list[tuple[str, dict[str, Any]]] = [
        ("submitted", {"link": "radio"}),
        ("released", {"apid": apid, "sequence_count": count, "expects": []}),
        ("claimed", {"instance": "u"}),
    ]
    return [
        Event(first + n, 10 * (first + n), identity, name, fields) for n, (name, fields) in enumerate(own)
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), names, forged_fields), max_size=12))
def test_the_board_has_what_folding_each_telecommand_gives(history: list[tuple[str, str, Any]]) -> None:
    events = [Event(n, n, identity, name, own) for n, (identity, name, own) in enumerate(history, 1)]
    board = Board()
    for event in events:
        board.add(event)
        board.add(event)  # once more: nothing changes
    known = {event.telecommand for event in events if event.name in ("submitted", "rejected")}
    for identity in known:
        own_events = [event for event in events if event.telecommand == identity]
        first = next(n for n, event in enumerate(own_events) if event.name in ("submitted", "rejected"))
        found = fold(identity, own_events[first:])
        assert board.find(identity) == found
        assert (identity in [one.id for one in board.open]) is not found.is_settled


def test_counts_go_on_behind_the_last_release_of_an_apid_and_wrap() -> None:
    board = Board()
    assert board.next_count(200) == 0
    for event in life("a", 1, 16_383):
        board.add(event)
    assert board.next_count(200) == 0
    assert board.next_count(7) == 0


def test_a_report_is_about_the_last_one_with_that_packet_that_was_claimed_by_then() -> None:
    board = Board()
    for event in [*life("a", 1, 5), *life("b", 4, 5), *life("c", 7, 6)]:
        board.add(event)
    assert board.sender_of((200, 5), 29) is None  # before the first claim
    assert board.sender_of((200, 5), 30) == "a"
    assert board.sender_of((200, 5), 59) == "a"
    assert board.sender_of((200, 5), 60) == "b"
    assert board.sender_of((200, 7), 99) is None


def test_settled_ones_are_forgotten_after_a_while_and_found_by_their_packet_still() -> None:
    board = Board()
    offset = 1
    for number in range(REMEMBERED + 10):
        for event in life(f"t{number}", offset, number):
            board.add(event)
        board.add(Event(offset + 3, 10 * offset + 35, f"t{number}", "sent", {"instance": "u"}))
        offset += 4
    assert board.find("t0") is None
    assert board.sender_of((200, 0), 10**9) == "t0"
    assert list(board.open) == []
