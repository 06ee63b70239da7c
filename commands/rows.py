"""Events of COMMANDS as rows of the tables `telecommand_events` and `telecommands`.

A row is made from the events up to its own, whatever came later: the same events give the same rows, in one
go or over several restarts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from nats.aio.client import Client

from commands.fold import apply
from commands.log import parse_event, read_telecommand
from commands.telecommand import Event, Telecommand
from streams.read import Message

REMEMBERED = 10_000
"""Telecommands that are kept, the last ones that had an event."""

Row = dict[str, Any]


class Rows(NamedTuple):
    """Rows of both tables."""

    events: list[Row]
    states: list[Row]


class TelecommandRows:
    """Makes rows of events that come in order, from the offset `start` on."""

    def __init__(self, nc: Client, start: int) -> None:
        self._nc = nc
        self._known: OrderedDict[str, Telecommand] = OrderedDict()
        self._forgotten = start > 1  # whether there may be events that this has not seen

    async def rows(self, messages: Sequence[Message]) -> Rows:
        """Return the rows of the next messages."""
        found = Rows([], [])
        for event in map(parse_event, messages):
            before = await self._before(event)
            after = apply(before, event)
            self._remember(after)
            misfit = after.misfits[-1].why if len(after.misfits) > len(before.misfits) else ""
            found.events.append(event_row(event, misfit))
            found.states.append(state_row(after, event))
        return found

    async def _before(self, event: Event) -> Telecommand:
        if event.telecommand in self._known:
            return self._known[event.telecommand]
        if not self._forgotten:
            return Telecommand(event.telecommand)
        return await read_telecommand(self._nc, event.telecommand, before=event.offset)

    def _remember(self, telecommand: Telecommand) -> None:
        self._known[telecommand.id] = telecommand
        self._known.move_to_end(telecommand.id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
            self._forgotten = True


def _deciding(telecommand: Telecommand) -> Event | None:
    """Return the event that brought it where it is; a late report about what came before decides nothing."""
    decided = telecommand.last(telecommand.state) if telecommand.is_settled else None
    return decided or (telecommand.steps[-1] if telecommand.steps else None)


def event_row(event: Event, misfit: str) -> Row:
    """Return the row of one event; `misfit` says why it did not fit, empty when it did."""
    return {
        "event_offset": event.offset,
        "recorded": event.recorded,
        "telecommand": event.telecommand,
        "event": event.name,
        "misfit": misfit,
        "at": _time(event.number("at")),
        "who": event.text("who"),
        "authenticated": event.fields.get("authenticated") is True,
        "origin": event.text("from"),
        "client": event.text("client"),
        "why": event.text("why"),
        "frame_offset": _unsigned(event.number("frame_offset"), 64),
        "packet_index": _unsigned(event.number("packet_index"), 32),
        "packet": event.text("packet") if "frame_offset" in event.fields else "",
        "fields": orjson.dumps(dict(event.fields), option=orjson.OPT_SORT_KEYS).decode(),
    }


def state_row(telecommand: Telecommand, event: Event) -> Row:
    """Return the row of a telecommand's state behind an event."""
    stage, reason = telecommand.failure
    released = telecommand.last("released")
    last = _deciding(telecommand)
    return {
        "telecommand": telecommand.id,
        "event_offset": event.offset,
        "recorded": event.recorded,
        "name": telecommand.name,
        "request": str(telecommand.request.get("request") or "submit"),
        "state": str(telecommand.state),
        "settled": telecommand.is_settled,
        "issuer": telecommand.issuer,
        "link": telecommand.link,
        "significance": str(telecommand.request.get("significance") or ""),
        "arguments": orjson.dumps(telecommand.request.get("arguments") or {}).decode(),
        "approvals_needed": min(telecommand.approvals_needed, 255),
        "approvers": list(telecommand.approvers),
        "release_at": _time(telecommand.release_at),
        "expires": _time(telecommand.expires),
        **{name: _recorded(telecommand, name) for name in _STEPS},
        "submitted": telecommand.steps[0].recorded if telecommand.steps else None,
        "ended": last.recorded if last is not None and telecommand.is_settled else None,
        "missing": list(telecommand.missing),
        "failed_at": stage,
        "reason": reason or (last.text("why") if last else ""),
        "apid": _unsigned(released.number("apid"), 16) if released else None,
        "sequence_count": _unsigned(released.number("sequence_count"), 16) if released else None,
        "packet": telecommand.packet.hex(),
    }


_STEPS = ("approved", "released", "claimed", "sent", "accepted", "started", "completed")


def _recorded(telecommand: Telecommand, name: str) -> int | None:
    step = telecommand.last(name)
    return step.recorded if step else None


def _time(value: int | None) -> int | None:
    """A time that the database can hold; 0 stands for none."""
    return value if value is not None and 0 < value < 2**63 else None


def _unsigned(value: int | None, bits: int) -> int | None:
    return value if value is not None and 0 <= value < 2**bits else None
