"""Which event may be the next one of a telecommand, and why another may not.

The states alone are in `commands/state.py`; here is what they can not say: who approves, who claimed it, what
is known already.
"""

from __future__ import annotations

from typing import Any

from commands.state import FAILURES, TRANSITIONS, State
from commands.telecommand import MALFORMED, Fields, Telecommand


def misfit(telecommand: Telecommand, name: str, fields: Fields) -> str:
    """Return why an event can not be the next one, empty when it can; who asks may be shown the text."""
    moves = TRANSITIONS.get(name)
    if MALFORMED in fields:
        return str(fields[MALFORMED])
    if moves is None:
        return f"there is no event {name!r}"
    if telecommand.state not in moves:
        return f"it can not be {name}: {history(telecommand)}"
    check = _CHECKS.get(name)
    return check(telecommand, fields) if check else ""


def history(telecommand: Telecommand) -> str:
    """Say in one clause where a telecommand is and who brought it there."""
    if not telecommand.steps:
        return "there is no such telecommand"
    step = telecommand.steps[-1]
    by = f" by {step.text('who')}" if step.text("who") else ""
    why = f" ({step.text('why')})" if step.text("why") else ""
    return f"it was {step.name}{by}{why}"


def _approved(telecommand: Telecommand, fields: Fields) -> str:
    who = fields.get("who")
    if telecommand.approvals_needed == 0:
        return "it needs no approval"
    if who == telecommand.issuer:
        return f"{who} submitted it: another person has to approve"
    return f"{who} has approved it already" if who in telecommand.approvers else ""


def _released(telecommand: Telecommand, _fields: Fields) -> str:
    missing = telecommand.approvals_needed - len(telecommand.approvers)
    return f"{missing} more approvals are needed" if missing > 0 else ""


def _sent(telecommand: Telecommand, fields: Fields) -> str:
    if telecommand.first("sent"):
        return "that is known"
    return _not_claimed_by(telecommand, fields)


def _not_claimed_by(telecommand: Telecommand, fields: Fields) -> str:
    claimed = telecommand.last("claimed")
    is_other = claimed is not None and claimed.fields.get("instance") != fields.get("instance")
    return "only who claimed it can say so" if is_other else ""


def _once(name: str) -> Any:
    def check(telecommand: Telecommand, _fields: Fields) -> str:
        if telecommand.last("claimed") is None:
            return "it never left"
        has_failed = telecommand.state is State.FAILED and not telecommand.is_only_said_to_have_failed
        if has_failed and name == "completed":
            return f"it can not be completed: {history(telecommand)}"
        return "that is known" if telecommand.first(name) else ""

    return check


def _progressed(telecommand: Telecommand, fields: Fields) -> str:
    if telecommand.last("claimed") is None:
        return "it never left"
    what = _progress(fields)
    known = any(step.name == "progressed" and _progress(step.fields) == what for step in telecommand.steps)
    return "that is known" if known else ""


def _failed(telecommand: Telecommand, fields: Fields) -> str:
    stage = str(fields.get("stage"))
    if telecommand.state not in FAILURES.get(stage, ()):
        return f"it can not fail at the stage {stage!r}: {history(telecommand)}"
    if telecommand.state is State.FAILED and not telecommand.is_only_said_to_have_failed:
        return "that is known"
    return _not_claimed_by(telecommand, fields) if stage == "uplink" else ""


def _progress(fields: Fields) -> tuple[Any, ...]:
    """Return what tells one step from another: its number, for a recorder's dump brings the report again.

    A report without a number is told by its packet.
    """
    keys = (
        ("step", "verifier")
        if isinstance(fields.get("step"), int)
        else ("frame_offset", "packet_index", "verifier")
    )
    return tuple(fields.get(key) for key in keys)


_CHECKS = {
    "approved": _approved,
    "released": _released,
    "sent": _sent,
    "accepted": _once("accepted"),
    "started": _once("started"),
    "progressed": _progressed,
    "completed": _once("completed"),
    "failed": _failed,
}
