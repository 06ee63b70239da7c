"""The answer to a request: made from the event that the request became, so that it is always the same."""

from __future__ import annotations

from typing import Any

from commands.fold import fold
from commands.telecommand import Event, Telecommand


def answer(telecommand: Telecommand, event: Event) -> dict[str, Any]:
    """Return what became of a request, as `answer_schemas.DONE` has it; `event` is what it became."""
    after = fold(telecommand.id, (*(s for s in telecommand.steps if s.offset < event.offset), event))
    found = {"id": after.id, "event": event.name, "offset": event.offset, "state": str(after.state)}
    if event.name == "rejected":
        optional = {key: event.fields.get(key) for key in ("telecommand", "fix", "problems")}
        return {
            **found,
            "done": False,
            "reason": event.text("why"),
            **{key: value for key, value in optional.items() if value},
        }
    return {
        **found,
        "done": True,
        "name": after.name,
        "link": after.link,
        "approvals_needed": max(0, after.approvals_needed - len(after.approvers)),
        "release_at": after.release_at,
        "expires": after.expires,
    }


def hold_answer(kind: str, link: str, offset: int) -> dict[str, Any]:
    """Return the answer to a hold or a resume."""
    return {"done": True, "id": link, "event": kind, "offset": offset, "link": link}


def life(telecommand: Telecommand) -> dict[str, Any]:
    """Return a telecommand with its whole life as JSON."""
    return {
        **summary(telecommand),
        "request": dict(telecommand.request),
        "packet": telecommand.packet.hex(),
        "events": [_event(step) for step in telecommand.steps],
        "misfits": [{**_event(misfit.event), "misfit": misfit.why} for misfit in telecommand.misfits],
    }


def summary(telecommand: Telecommand) -> dict[str, Any]:
    """Return the state of a telecommand as JSON."""
    stage, reason = telecommand.failure
    return {
        "id": telecommand.id,
        "name": telecommand.name,
        "state": str(telecommand.state),
        "settled": telecommand.is_settled,
        "issuer": telecommand.issuer,
        "submitted": telecommand.steps[0].recorded if telecommand.steps else 0,
        "significance": telecommand.request.get("significance", ""),
        "link": telecommand.link,
        "arguments": telecommand.request.get("arguments", {}),
        "approvals_needed": telecommand.approvals_needed,
        "approvers": list(telecommand.approvers),
        "release_at": telecommand.release_at,
        "expires": telecommand.expires,
        "missing": list(telecommand.missing),
        "failed_at": stage,
        "reason": reason or (telecommand.steps[-1].text("why") if telecommand.steps else ""),
    }


def _event(event: Event) -> dict[str, Any]:
    return {"event": event.name, "offset": event.offset, "recorded": event.recorded, **event.fields}
