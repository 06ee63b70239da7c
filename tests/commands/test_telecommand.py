import copy
from typing import Any

import pytest
from histories import (
    CLAIMED,
    RELEASED,
    SENT,
    SUBMITTED,
    UNCERTAIN,
    event,
    fields,
    forged_fields,
    full_fields,
    names,
    telecommand,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from commands.answers import life
from commands.fold import apply, fold
from commands.rows import state_row
from commands.rules import misfit
from commands.state import NEVER_LEFT, TRANSITIONS, State
from commands.telecommand import MALFORMED, Event, Telecommand

LEFT = (SUBMITTED, RELEASED, CLAIMED)


class Histories(RuleBasedStateMachine):
    """Whatever is appended, by rights or not, a telecommand is in a state that it can be in."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.states: list[Telecommand] = [Telecommand("t")]

    @rule(name=names, own=full_fields)
    def somebody_looks_before_appending(self, name: str, own: dict[str, Any]) -> None:
        if not misfit(self.states[-1], name, own):
            self._append(name, own)
            assert not self.states[-1].misfits[len(self.states[-2].misfits) :]

    @rule(name=names, own=forged_fields)
    def something_is_forged(self, name: str, own: dict[str, Any]) -> None:
        self._append(name, own)

    @rule()
    def something_malformed_is_appended(self) -> None:
        self._append("cancelled", {MALFORMED: "not JSON"})
        assert self.states[-1].state is self.states[-2].state

    def _append(self, name: str, own: dict[str, Any]) -> None:
        offset = len(self.events) + 1
        self.events.append(Event(offset, offset * 10**9, "t", name, own))
        self.states.append(apply(self.states[-1], self.events[-1]))

    @precondition(lambda self: len(self.states) > 1)
    @invariant()
    def the_last_event_moved_it_as_the_table_says(self) -> None:
        before, after = self.states[-2:]
        if len(after.steps) == len(before.steps):
            assert after.state is before.state
        else:
            assert after.state in TRANSITIONS[after.steps[-1].name][before.state]

    @invariant()
    def every_event_is_a_step_or_a_misfit(self) -> None:
        newest = self.states[-1]
        assert len(newest.steps) + len(newest.misfits) == len(self.events)
        assert newest.last_offset == len(self.events)

    @invariant()
    def it_is_claimed_and_sent_once_at_most(self) -> None:
        steps = [step.name for step in self.states[-1].steps]
        assert steps.count("claimed") <= 1
        assert steps.count("sent") <= 1
        assert steps.count("released") <= 1

    @invariant()
    def what_never_left_was_never_claimed(self) -> None:
        if self.states[-1].state in NEVER_LEFT:
            assert self.states[-1].last("claimed") is None

    @invariant()
    def it_left_with_all_approvals_of_others(self) -> None:
        newest = self.states[-1]
        if newest.last("released") is not None:
            assert len(set(newest.approvers)) == len(newest.approvers) >= newest.approvals_needed
            assert newest.issuer not in newest.approvers

    def teardown(self) -> None:
        untouched = copy.deepcopy(self.events)
        for length, seen in enumerate(self.states):
            assert fold("t", self.events[:length]) == seen
            if length:
                assert state_row(seen, self.events[length - 1])["state"] == seen.state
                assert life(seen)["settled"] is seen.is_settled
        assert self.events == untouched


Histories.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestHistories = Histories.TestCase


@given(st.lists(st.tuples(names, fields), max_size=8))
def test_folding_twice_gives_the_same(history: list[tuple[str, dict[str, Any]]]) -> None:
    events = [Event(number, number, "t", name, own) for number, (name, own) in enumerate(history, 1)]
    assert fold("t", events) == fold("t", iter(events))


def test_an_approval_counts_when_it_is_of_another_person_and_the_first_of_that_one() -> None:
    one = telecommand(("submitted", {"who": "anna", "approvals_needed": 2}))
    assert misfit(one, "approved", {"who": "anna"}) == "anna submitted it: another person has to approve"
    one = apply(one, event(2, "approved", who="ben"))
    assert (one.state, one.is_ready) == (State.SUBMITTED, False)
    assert misfit(one, "approved", {"who": "ben"}) == "ben has approved it already"
    assert misfit(one, "released", {}) == "1 more approvals are needed"
    one = apply(one, event(3, "approved", who="carla"))
    assert (one.state, one.is_ready) == (State.APPROVED, True)


def test_who_comes_second_is_told_who_was_first() -> None:
    one = telecommand(SUBMITTED, ("cancelled", {"who": "ben", "why": "wrong orbit"}))
    text = misfit(one, "cancelled", {"who": "carla"})
    assert text == "it can not be cancelled: it was cancelled by ben (wrong orbit)"


def test_a_report_that_comes_before_the_uplinks_own_note_counts() -> None:
    one = telecommand(*LEFT, ("accepted", {}), SENT)
    assert one.state is State.ACCEPTED


@pytest.mark.parametrize("late", ["accepted", "started", "progressed"])
def test_a_late_report_of_an_earlier_stage_completes_the_record_and_moves_nothing(late: str) -> None:
    one = telecommand(*LEFT, SENT, ("completed", {}), (late, {}))
    assert one.state is State.COMPLETED
    assert one.last(late) is not None


def test_a_report_shows_that_an_uncertain_one_did_arrive() -> None:
    assert telecommand(*LEFT, UNCERTAIN, ("accepted", {})).state is State.ACCEPTED


def test_the_uplink_that_was_given_up_may_still_say_that_it_sent() -> None:
    one = telecommand(*LEFT, UNCERTAIN)
    assert misfit(one, "sent", {"instance": "uplink-2"}) == "only who claimed it can say so"
    assert apply(one, event(5, "sent", instance="uplink-1")).state is State.SENT


def test_a_persons_word_decides_about_an_uncertain_one_until_the_device_says_otherwise() -> None:
    lost = telecommand(*LEFT, UNCERTAIN, ("resolved", {"arrived": False, "why": "antenna was off"}))
    assert (lost.state, lost.failure) == (State.FAILED, ("resolved", "antenna was off"))
    assert apply(lost, event(6, "accepted")).state is State.ACCEPTED
    arrived = telecommand(*LEFT, UNCERTAIN, ("resolved", {"arrived": True}))
    assert arrived.state is State.SENT


def test_a_report_after_the_time_out_counts() -> None:
    one = telecommand(*LEFT, SENT, ("timed-out", {"missing": ["accepted"]}), ("accepted", {}))
    assert (one.state, one.missing) == (State.ACCEPTED, ("completed",))


def test_what_the_device_failed_stays_failed() -> None:
    one = telecommand(*LEFT, SENT, ("failed", {"stage": "completion"}))
    assert misfit(one, "completed", {})
    assert apply(one, event(6, "accepted")).state is State.FAILED


def test_the_same_report_twice_is_one_also_when_a_recorders_dump_brings_it_again() -> None:
    report = {"frame_offset": 7, "packet_index": 0, "step": 1}
    one = telecommand(*LEFT, SENT, ("progressed", report))
    assert misfit(one, "progressed", report) == "that is known"
    assert misfit(one, "progressed", {**report, "frame_offset": 8}) == "that is known"
    assert not misfit(one, "progressed", {**report, "step": 2})
    nameless = {"frame_offset": 7, "packet_index": 0}
    one = telecommand(*LEFT, SENT, ("progressed", nameless))
    assert misfit(one, "progressed", nameless) == "that is known"
    assert not misfit(one, "progressed", {**nameless, "frame_offset": 8})


def test_a_late_report_does_not_change_when_and_why_it_ended() -> None:
    one = telecommand(*LEFT, SENT, ("completed", {"why": "reported by DONE"}))
    late = event(99, "progressed", step=1, why="reported by STEP")
    before, after = state_row(one, one.steps[-1]), state_row(apply(one, late), late)
    assert (after["ended"], after["reason"]) == (before["ended"], "reported by DONE")
    assert after["state"] == "completed" and after["event_offset"] == 99


def test_only_the_uplink_that_claimed_it_can_say_that_it_was_not_sent() -> None:
    one = telecommand(*LEFT)
    assert misfit(one, "failed", {"stage": "uplink", "instance": "uplink-2"})
    assert not misfit(one, "failed", {"stage": "uplink", "instance": "uplink-1"})


def test_it_is_settled_when_nothing_is_waited_for_any_more() -> None:
    assert not telecommand(*LEFT, SENT).is_settled
    assert not telecommand(*LEFT, UNCERTAIN).is_settled
    assert telecommand(*LEFT, SENT, ("completed", {})).is_settled
    assert telecommand(*LEFT, SENT, ("timed-out", {})).is_settled
    unverified = ("released", {"expects": []})
    assert telecommand(SUBMITTED, unverified, CLAIMED, SENT).is_settled
