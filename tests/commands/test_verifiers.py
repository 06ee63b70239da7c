from typing import Any

from histories import CLAIMED, RELEASED, SENT, SUBMITTED, telecommand

from commands.settings import CommandSettings
from commands.verifiers import Window, deadline, expected_stages, open_verifiers, passing, window_of
from streams.xtce.verifiers import CheckWindow, Verifier

SETTINGS = CommandSettings(accept_within_s=2, complete_within_s=5)
S = 10**9
CLAIM = 3 * S  # the third event of each history here, a second after the one before it


def verifier(stage: Any, place: str, window: CheckWindow | None = None) -> Verifier:
    return Verifier(stage, None, "/T/STATUS", window, None, place)


def test_a_window_begins_with_the_claim_or_with_the_last_evidence() -> None:
    sent = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT)
    plain = verifier("completed", "a:1")
    from_release = verifier("completed", "a:2", CheckWindow(1 * S, 4 * S, True))
    from_last = verifier("completed", "a:3", CheckWindow(1 * S, 4 * S, False))
    assert window_of(sent, plain, SETTINGS) == Window(CLAIM, CLAIM + 5 * S)
    assert window_of(sent, from_release, SETTINGS) == Window(CLAIM + 1 * S, CLAIM + 4 * S)
    assert window_of(sent, from_last, SETTINGS) == Window(CLAIM + 1 * S, CLAIM + 4 * S)
    evidence = {"verifier": "a:9", "frame_recorded": 20 * S}
    accepted = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT, ("accepted", evidence))
    assert window_of(accepted, from_last, SETTINGS) == Window(21 * S, 24 * S)
    assert window_of(telecommand(SUBMITTED), plain, SETTINGS) is None


def test_a_stage_with_several_verifiers_is_reached_with_the_last_of_them() -> None:
    both = (verifier("completed", "a:1"), verifier("completed", "a:2"), verifier("received", "a:3"))
    sent = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT)
    assert [one.place for one in open_verifiers(sent, both)] == ["a:1", "a:2"]
    assert passing(sent, both[0], both).event == "progressed"
    half = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT, ("progressed", {"verifier": "a:1"}))
    assert passing(half, both[1], both).event == "completed"
    assert passing(half, verifier("failed", "a:4"), both) == ("failed", "execution")
    assert expected_stages(both) == ("completed",)


def test_the_first_report_that_is_overdue_ends_the_waiting() -> None:
    sent = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT)
    assert deadline(sent, (), SETTINGS) == CLAIM + 2 * S
    accepted = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT, ("accepted", {}))
    assert deadline(accepted, (), SETTINGS) == CLAIM + 5 * S
    own = (verifier("completed", "a:1", CheckWindow(0, 60 * S, True)),)
    assert deadline(accepted, own, SETTINGS) == CLAIM + 60 * S
    done = telecommand(SUBMITTED, RELEASED, CLAIMED, SENT, ("accepted", {}), ("completed", {}))
    assert deadline(done, (), SETTINGS) is None
