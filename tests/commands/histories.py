"""Events for tests of the fold: made by hand, or at random by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from commands.fold import fold
from commands.state import EVENTS, FAILURES
from commands.telecommand import Event, Telecommand

PERSONS = ("anna", "ben", "carla")
INSTANCES = ("uplink-1", "uplink-2")

_FIELDS: dict[str, Any] = {
    "who": st.sampled_from(PERSONS),
    "instance": st.sampled_from(INSTANCES),
    "approvals_needed": st.integers(0, 2),
    "arrived": st.booleans(),
    "stage": st.sampled_from([*FAILURES, "nonsense"]),
    "frame_offset": st.integers(1, 3),
    "expects": st.lists(st.sampled_from(["accepted", "started", "completed"]), unique=True),
    "link": st.just("radio"),
    "packet": st.just("10c8c000000100"),
}
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inside: st.lists(inside, max_size=2),
    max_leaves=3,
)
_KEYS = (
    *_FIELDS, "release_at", "expires", "units", "until", "step", "packet_index", "verifier", "apid",
    "sequence_count", "frame_recorded", "arguments", "authenticated", "at",
)  # fmt: skip
fields = st.fixed_dictionaries({}, optional=_FIELDS)
forged_fields = fields | st.dictionaries(st.sampled_from(_KEYS), _ANYTHING, max_size=4)
full_fields = st.fixed_dictionaries(_FIELDS)
names = st.sampled_from([*EVENTS, "unheard-of"])


def event(offset: int, name: str, **own: Any) -> Event:
    """An event recorded a second after the one before it."""
    return Event(offset, offset * 10**9, "t", name, {"who": "anna", "why": "", **own})


def telecommand(*events: tuple[str, dict[str, Any]]) -> Telecommand:
    """A telecommand after some events; the test fails unless each fits."""
    made = [event(offset, name, **own) for offset, (name, own) in enumerate(events, 1)]
    found = fold("t", made)
    assert not found.misfits, found.misfits
    return found


SUBMITTED: tuple[str, dict[str, Any]] = ("submitted", {"link": "radio", "expires": 10**18})
RELEASED: tuple[str, dict[str, Any]] = (
    "released", {"until": 10**17, "expects": ["accepted", "completed"], "packet": "10c8c000000100"},
)  # fmt: skip
CLAIMED: tuple[str, dict[str, Any]] = ("claimed", {"instance": "uplink-1"})
SENT: tuple[str, dict[str, Any]] = ("sent", {"instance": "uplink-1"})
UNCERTAIN: tuple[str, dict[str, Any]] = ("uncertain", {"instance": "uplink-1"})
