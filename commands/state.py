"""The states of a telecommand and the events that lead from one to the next: the one place that says so.

An event of `command.<id>.<event>` is appended only where `TRANSITIONS` has it for the state that the
telecommand is in; `commands/telecommand.py` folds events by the same table, and docs/telecommand-life.md
shows it (`transition_table`). Proven by `tests/commands/test_state.py`.

To the events of the first design two were added: `expired`, because a telecommand that waited too long was
given up by nobody (`cancelled` names a person) and never left (`timed-out` speaks of one that did); and
`resolved`, the decision of a person about an uncertain one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a telecommand is; `NONE` before its first event."""

    NONE = "none"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RELEASED = "released"
    CLAIMED = "claimed"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    STARTED = "started"
    PROGRESSED = "progressed"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_NONE, _SUBMITTED, _APPROVED, _RELEASED = State.NONE, State.SUBMITTED, State.APPROVED, State.RELEASED
_CLAIMED, _SENT, _UNCERTAIN, _TIMED_OUT = State.CLAIMED, State.SENT, State.UNCERTAIN, State.TIMED_OUT
_ACCEPTED, _STARTED, _PROGRESSED = State.ACCEPTED, State.STARTED, State.PROGRESSED
_COMPLETED, _FAILED = State.COMPLETED, State.FAILED

WAITING = frozenset({_SUBMITTED, _APPROVED})
"""Not yet released: a person may still approve or cancel."""

ON_ITS_WAY = frozenset({_RELEASED, _CLAIMED})
"""Between release and the link: nothing passes it in its link's queue."""

NEVER_LEFT = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED})
"""Ends of telecommands of which no byte was ever handed to a link."""

_LEFT = (_CLAIMED, _SENT, _UNCERTAIN, _TIMED_OUT)
_BEGUN = (_ACCEPTED, _STARTED, _PROGRESSED)
_UNCHANGED = {state: (state,) for state in (*_BEGUN, _COMPLETED)}

Moves = dict[State, tuple[State, ...]]


def _all_to(after: State, *before: State) -> Moves:
    return dict.fromkeys(before, (after,))


def _report(reached: State, *outranked: State) -> Moves:
    """A success: leads on from what it outranks; where more is known already, only the record grows."""
    return {**_UNCHANGED, **_all_to(reached, *_LEFT, *outranked), _FAILED: (reached, _FAILED)}


TRANSITIONS: Mapping[str, Moves] = {
    "submitted": _all_to(_SUBMITTED, _NONE),
    "rejected": _all_to(State.REJECTED, _NONE),
    "approved": {_SUBMITTED: (_SUBMITTED, _APPROVED)},
    "cancelled": _all_to(State.CANCELLED, _SUBMITTED, _APPROVED, _RELEASED),
    "expired": _all_to(State.EXPIRED, _SUBMITTED, _APPROVED, _RELEASED),
    "released": _all_to(_RELEASED, _SUBMITTED, _APPROVED),
    "claimed": _all_to(_CLAIMED, _RELEASED),
    "sent": {
        **_all_to(_SENT, _CLAIMED, _UNCERTAIN, _SENT),
        **_UNCHANGED,
        _TIMED_OUT: (_TIMED_OUT,),
        _FAILED: (_SENT, _FAILED),
    },
    "uncertain": _all_to(_UNCERTAIN, _CLAIMED),
    "resolved": {_UNCERTAIN: (_SENT, _FAILED)},
    "accepted": _report(_ACCEPTED),
    "started": _report(_STARTED, _ACCEPTED),
    "progressed": _report(_PROGRESSED, _ACCEPTED, _STARTED),
    "completed": _all_to(_COMPLETED, *_LEFT, *_BEGUN, _FAILED),
    "failed": _all_to(_FAILED, _SUBMITTED, _APPROVED, _RELEASED, *_LEFT, *_BEGUN, _FAILED),
    "timed-out": _all_to(_TIMED_OUT, _SENT, *_BEGUN),
}
"""Event -> state before -> states after. Where there are several, `telecommand.apply` says which.

`claimed` takes reports too: the device may answer before the uplink has noted that it sent. A report counts
more than a clock or a person: it leads out of `timed-out`, `uncertain`, and a `failed` that was only a
person's word.
"""

EVENTS = tuple(TRANSITIONS)

FAILURES: Mapping[str, frozenset[State]] = {
    "release": WAITING,
    "uplink": frozenset({_RELEASED, _CLAIMED, _UNCERTAIN}),
    **dict.fromkeys(
        ("acceptance", "start", "progress", "completion", "execution"), frozenset({*_LEFT, *_BEGUN, _FAILED})
    ),
}
"""Stage of a `failed` event -> states in which it may happen.

`release`: it could not be encoded, or a transmission constraint was not met. `uplink`: it was not sent, not
a byte has left. The others are the device's word: `execution` by a verifier of the mission database, the
rest by reports of ECSS-E-ST-70-41C, service 1.
"""


def transition_table() -> str:
    """Return the table as Markdown, as docs/telecommand-life.md has it."""
    lines = ["| event | in state | leads to |", "|---|---|---|"]
    for event, moves in TRANSITIONS.items():
        grouped: dict[str, list[State]] = {}
        for state, after in moves.items():
            leads_to = "unchanged" if after == (state,) else " or ".join(after)
            grouped.setdefault(leads_to, []).append(state)
        lines += [f"| {event} | {', '.join(states)} | {to} |" for to, states in grouped.items()]
    return "\n".join(lines) + "\n"
