"""What is to happen next: which telecommand expires and which may leave, by the states and the time alone.

Each link has a queue. A telecommand joins it when it is approved and its time has come; the queue keeps that
order. Nothing passes one that is on its way: the next is released when the one before was sent, failed,
expired or became uncertain. Pure; proven by `tests/commands/test_schedule.py`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from commands.state import ON_ITS_WAY, WAITING, State
from commands.telecommand import Telecommand


class Due(NamedTuple):
    """What is due now: those to expire with the reason, the head of each free queue, and when to look again
    (ns UTC; None: when something has changed)."""

    expired: list[tuple[Telecommand, str]]
    heads: list[Telecommand]
    wake_at: int | None


def due(telecommands: Iterable[Telecommand], held: Container[str], now: int) -> Due:
    """Return what is due at `now` (ns UTC); `held` are the links whose queue is held."""
    expired: list[tuple[Telecommand, str]] = []
    queues: dict[str, list[Telecommand]] = {}
    busy: set[str] = set()
    times: list[int] = []
    for one in telecommands:
        until, why = _limit(one)
        if until is not None and until <= now:
            expired.append((one, why))
            continue
        if until is not None:
            times.append(until)
        if one.state in ON_ITS_WAY:
            busy.add(one.link)
        elif one.is_ready and one.release_at <= now:
            queues.setdefault(one.link, []).append(one)
        elif one.is_ready:
            times.append(one.release_at)
    heads = [
        min(queue, key=queue_key) for link, queue in queues.items() if link not in held and link not in busy
    ]
    return Due(expired, heads, min(times, default=None))


def queue(telecommands: Iterable[Telecommand], link: str, now: int) -> list[Telecommand]:
    """Return the queue of a link: those that may leave, in order."""
    ready = (one for one in telecommands if one.link == link and one.is_ready and one.release_at <= now)
    return sorted(ready, key=queue_key)


def queue_key(telecommand: Telecommand) -> tuple[int, int]:
    """Where a ready telecommand stands: when it became ready (ns UTC), then its offset."""
    needed = telecommand.approvals_needed
    approvals = [step for step in telecommand.steps if step.name == "approved"]
    ready = approvals[needed - 1] if needed else telecommand.steps[0]
    return max(ready.recorded, telecommand.release_at), telecommand.steps[0].offset


def _limit(telecommand: Telecommand) -> tuple[int | None, str]:
    """Until when it may go on waiting, and what to say when that is over."""
    if telecommand.state is State.RELEASED:
        released = telecommand.last("released")
        until = released.number("until") if released else None
        return until, "no uplink claimed it in time; is the IO service running?"
    if telecommand.state not in WAITING:
        return None, ""
    missing = telecommand.approvals_needed - len(telecommand.approvers)
    waited = f"{missing} approvals were missing" if missing > 0 else "its turn did not come in time"
    return telecommand.expires, waited
