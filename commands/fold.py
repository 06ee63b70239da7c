"""A telecommand is a fold over its events: a pure function, defined for every history and every prefix.

An event that does not fit (which optimistic concurrency keeps out, a forged stream may not) moves nothing and
is kept with the reason in `misfits`. Proven by `tests/commands/test_telecommand.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from commands.rules import misfit
from commands.state import TRANSITIONS, State
from commands.telecommand import Event, Misfit, Telecommand


def fold(identity: str, events: Iterable[Event]) -> Telecommand:
    """Fold the events of one telecommand, in order, into its state."""
    found = Telecommand(identity)
    for event in events:
        found = apply(found, event)
    return found


def apply(before: Telecommand, event: Event) -> Telecommand:
    """Return the telecommand after one more event."""
    why = misfit(before, event.name, event.fields)
    if why:
        return replace(before, misfits=(*before.misfits, Misfit(event, why)), last_offset=event.offset)
    after = _after(before, event)
    return replace(before, state=after, steps=(*before.steps, event), last_offset=event.offset)


def _after(before: Telecommand, event: Event) -> State:
    choices = TRANSITIONS[event.name][before.state]
    if len(choices) == 1:
        return choices[0]
    if event.name == "approved":
        return choices[len(before.approvers) + 1 >= before.approvals_needed]
    if event.name == "resolved":
        return State.SENT if event.fields.get("arrived") else State.FAILED
    return choices[0] if before.is_only_said_to_have_failed else before.state
