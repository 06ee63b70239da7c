from pathlib import Path

from commands.schemas import EVENT_SCHEMAS
from commands.state import EVENTS, FAILURES, NEVER_LEFT, TRANSITIONS, State, transition_table

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documentation_has_the_table_that_the_code_goes_by() -> None:
    assert transition_table() in (DOCS / "telecommand-life.md").read_text(encoding="utf-8")


def test_every_event_has_a_schema_and_every_state_can_be_reached() -> None:
    assert set(EVENT_SCHEMAS) == set(EVENTS)
    reached = {state for moves in TRANSITIONS.values() for after in moves.values() for state in after}
    assert reached == set(State) - {State.NONE}


def test_nothing_leads_out_of_a_telecommand_that_never_left() -> None:
    for moves in TRANSITIONS.values():
        assert not NEVER_LEFT & set(moves)


def test_only_the_claim_leads_from_release_towards_the_link() -> None:
    before = {State.NONE, State.SUBMITTED, State.APPROVED, State.RELEASED}
    ends = NEVER_LEFT | {State.FAILED}
    for event, moves in TRANSITIONS.items():
        for state, after in moves.items():
            if state in before and not set(after) <= before | ends:
                assert (event, state) == ("claimed", State.RELEASED)


def test_nothing_leads_back_to_a_state_from_which_it_could_be_claimed_again() -> None:
    claimable = {State.SUBMITTED, State.APPROVED, State.RELEASED}
    for moves in TRANSITIONS.values():
        for state, after in moves.items():
            assert state in claimable | {State.NONE} or not claimable & set(after)


def test_a_failure_at_each_stage_fits_a_state_that_may_fail() -> None:
    for states in FAILURES.values():
        assert states <= set(TRANSITIONS["failed"])
