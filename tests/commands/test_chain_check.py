"""Any single change of a chain is found, and the first broken offset is named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import batches, chain, renumbered

from commands.audit.chain_check import ChainCheck
from commands.audit.findings import Finding
from commands.audit.heads import Pins
from streams import names
from streams.chain import event_hash
from streams.heads import Head
from streams.read import Message

chains = st.lists(st.binary(max_size=5), min_size=1, max_size=8).map(chain)
long_chains = st.lists(st.binary(max_size=5), min_size=3, max_size=8).map(chain)


def check(
    events: Sequence[Message], pins: Sequence[Head] = (), end: int | None = None, cut: Sequence | None = None
) -> list[Finding]:
    found = ChainCheck("OPERATIONS", Pins(pins))
    for batch in cut or [events]:
        found.add(batch)
    found.finish(end if end is not None else max((event.offset for event in events), default=0))
    return found.findings.kept


def head_of(event: Message) -> Head:
    return Head("OPERATIONS", event.offset, event_hash(event), "head on paper")


def changed(event: Message, data: st.DataObject) -> Message:
    """Another event with the same hash of the one before it."""
    field = data.draw(st.sampled_from(["recorded", "subject", "data", "header", "new header"]))
    match field:
        case "recorded":
            return event._replace(recorded=event.recorded ^ 1 << data.draw(st.integers(0, 62)))
        case "subject":
            return event._replace(subject=event.subject + "x")
        case "data":
            flips = bytearray(event.data or b"\0")
            flips[data.draw(st.integers(0, len(flips) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            return event._replace(data=bytes(flips))
        case "header":
            return event._replace(headers={**event.headers, "Fl-Who": "another"})
    return event._replace(headers={**event.headers, "Fl-More": ""})


def relinked(event: Message, digest: str) -> Message:
    return event._replace(headers={**event.headers, names.PREVIOUS_HASH: digest})


@given(chains, st.data())
def test_an_unchanged_chain_is_good_and_all_its_heads_are_part_of_it(
    events: list[Message], data: st.DataObject
) -> None:
    pins = [head_of(event) for event in events]
    bare = [Head("", 0, pin.hash) for pin in pins]
    assert check(events, [*pins, *bare], cut=batches(events, data)) == []
    assert check([]) == []


@given(long_chains, st.data())
def test_a_changed_event_is_named(events: list[Message], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(events) - 2))
    events[row] = changed(events[row], data)
    (found,) = check(events, cut=batches(events, data))
    assert found.offset == row + 1
    assert "was changed" in found.what


@given(chains, st.data())
def test_a_change_of_the_last_event_is_found_by_a_head_alone(
    events: list[Message], data: st.DataObject
) -> None:
    pin = head_of(events[-1])
    events[-1] = changed(events[-1], data)
    assert check(events) == []
    (found,) = check(events, [pin])
    assert found.offset == len(events)
    assert "head on paper" in found.what


@given(long_chains, st.data())
def test_an_event_whose_mark_was_changed_is_named(events: list[Message], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(events) - 2))
    events[row] = relinked(events[row], data.draw(st.sampled_from(["0" * 63 + "1", "", "é"])))
    (found,) = check(events)
    assert found.offset == row + 1


@given(long_chains)
def test_where_the_last_events_mark_was_changed_both_that_may_be_are_named(events: list[Message]) -> None:
    events[-1] = relinked(events[-1], "0" * 64)
    (found,) = check(events)
    assert found.offset == len(events) - 1
    assert f"or {len(events)}, the last one" in found.what


@given(chains, st.data())
def test_a_missing_event_is_named(events: list[Message], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(events) - 1))
    left = events[:row] + events[row + 1 :]
    (found,) = check(left, end=len(events), cut=batches(left, data))
    assert found == Finding("OPERATIONS", row + 1, "is missing")


@given(long_chains, st.data())
def test_events_that_moved_up_into_the_place_of_a_removed_one_are_found(
    events: list[Message], data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, len(events) - 2))
    (found,) = check(renumbered(events[:row] + events[row + 1 :]))
    if 0 < row == len(events) - 2:  # nothing behind it that would tell which of the last two is wrong
        assert (found.offset, f"or {row + 1}, the last one" in found.what) == (row, True)
    else:
        assert found.offset == row + 1
        assert row == 0 or "removed" in found.what


@given(long_chains, st.data(), st.sampled_from(["linked", "a copy", "not linked", "without a mark"]))
def test_an_inserted_event_is_named(events: list[Message], data: st.DataObject, kind: str) -> None:
    row = data.draw(st.integers(1, len(events) - 1))
    new = events[row - 1]._replace(data=b"forged")
    match kind:
        case "linked":
            new = relinked(new, event_hash(events[row - 1]))
        case "a copy":
            new = events[row - 1]
        case "not linked":
            new = relinked(new, "0" * 64)
        case "without a mark":
            new = new._replace(headers={})
    (found,) = check(renumbered([*events[:row], new, *events[row:]]))
    assert found.offset == row + 1


@given(long_chains, st.data())
def test_two_events_in_each_others_place_are_found(events: list[Message], data: st.DataObject) -> None:
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(events) - 1), min_size=2, max_size=2, unique=True))
    )
    events[one], events[other] = events[other], events[one]
    assert check(renumbered(events))[0].offset == one + 1
    assert check(events)[0].offset == one + 1  # each with its own offset still


@given(long_chains, st.data())
def test_an_end_that_was_cut_off_is_found_by_a_head(events: list[Message], data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(events) - 1))
    assert check(events[:kept]) == []
    (found,) = check(events[:kept], [head_of(events[-1])])
    assert found.offset == kept + 1
    assert f"up to {len(events)}" in found.what


def test_a_chain_that_was_made_anew_from_the_beginning_is_found_by_a_head_alone() -> None:
    pin = head_of(chain([b"a", b"b", b"c"])[1])
    forged = chain([b"a", b"x", b"c"])
    assert check(forged) == []
    assert [found.offset for found in check(forged, [pin])] == [2]
    left = Pins([Head("", 0, pin.hash)])
    ChainCheck("OPERATIONS", left).add(forged)
    assert [head.hash for head in left.left("")] == [pin.hash]


@given(long_chains, st.data())
def test_whatever_was_changed_none_of_it_is_proven(events: list[Message], data: st.DataObject) -> None:
    rows = data.draw(st.sets(st.integers(0, len(events) - 1), min_size=1))
    for row in rows:
        events[row] = changed(events[row], data)
        if data.draw(st.booleans()):
            events[row] = relinked(events[row], data.draw(st.sampled_from(["0" * 64, ""])))
    found = ChainCheck("OPERATIONS", Pins())
    found.add(events)
    found.finish(len(events))
    assert found.proven_to <= min(rows)  # rows count from 0: the event before the first changed one


def test_the_last_event_is_proven_by_a_head() -> None:
    events = chain([b"a", b"b"])
    for pins, proven in (([], 1), ([head_of(events[1])], 2), ([head_of(events[0])], 1)):
        found = ChainCheck("OPERATIONS", Pins(pins))
        found.add(events)
        found.finish(2)
        assert found.proven_to == proven


def test_a_head_of_another_history_leaves_proven_what_an_earlier_head_vouches_for() -> None:
    events = chain([b"a", b"b", b"c", b"d"])
    other = Head("OPERATIONS", 3, "0" * 64, "head on paper")
    for pins, proven in (([other], 0), ([head_of(events[1]), other], 2), ([other, head_of(events[3])], 0)):
        found = ChainCheck("OPERATIONS", Pins(pins))
        found.add(events)
        found.finish(4)
        assert found.proven_to == proven
        assert [one.offset for one in found.findings.kept] == [3]


def test_each_place_is_told_once_and_a_ruined_stream_is_counted() -> None:
    events = chain([bytes([n]) for n in range(200)])
    ruined = [event._replace(data=b"?") if event.offset % 3 == 0 else event for event in events]
    found = ChainCheck("OPERATIONS", Pins())
    found.add(ruined)
    found.finish(200)
    assert [one.offset for one in found.findings.kept] == list(range(3, 63, 3))
    assert found.findings.count == 66


@pytest.mark.parametrize("at", [1, 2, 3])
def test_two_holes_are_two_findings(at: int) -> None:
    events = chain([b"x"] * 9)
    left = [event for event in events if event.offset not in {at, at + 3, at + 4}]
    assert [(found.offset, found.what) for found in check(left)] == [
        (at, "is missing"),
        (at + 3, f"is missing, and so are all up to {at + 4}"),
    ]
