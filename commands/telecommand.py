"""One telecommand: its events, its state, and what they say about it; `commands/fold.py` makes it of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from commands.state import ON_ITS_WAY, WAITING, State

Fields = Mapping[str, Any]

MALFORMED = "malformed"
"""A field of an event whose payload is no JSON object or names nobody: what is wrong with it."""


class Event(NamedTuple):
    """One event of COMMANDS: offset, recorded time (ns UTC), telecommand id, name and JSON fields.

    Every event says in its fields who did it and whether the connection proved that (`who`,
    `authenticated`), from where (`from`), when by the writer's clock (`at`, ns UTC) and why (`why`).
    """

    offset: int
    recorded: int
    telecommand: str
    name: str
    fields: Fields

    def text(self, key: str) -> str:
        """Return a field as text, empty when there is none."""
        value = self.fields.get(key)
        return "" if value is None else str(value)

    def number(self, key: str) -> int | None:
        """Return a field that is an integer, None when there is none."""
        value = self.fields.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class Misfit(NamedTuple):
    """An event that did not fit the state it met, and why."""

    event: Event
    why: str


@dataclass(frozen=True)
class Telecommand:
    """One telecommand after some of its events; `steps` are those that fitted, in order.

    `last_offset` is that of its newest event: what the next append counts on.
    """

    id: str
    state: State = State.NONE
    steps: tuple[Event, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    last_offset: int = 0

    def first(self, name: str) -> Event | None:
        """Return the first event of a name."""
        return next((step for step in self.steps if step.name == name), None)

    def last(self, name: str) -> Event | None:
        """Return the last event of a name."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    @property
    def request(self) -> Fields:
        """The fields of its first event: what was asked for, by whom."""
        return self.steps[0].fields if self.steps else {}

    def _asked(self, key: str) -> int:
        return (self.steps[0].number(key) if self.steps else None) or 0

    @property
    def name(self) -> str:
        """The qualified name of its definition; empty for a request that named none."""
        return str(self.request.get("name") or "")

    @property
    def link(self) -> str:
        """The link that it leaves by."""
        return str(self.request.get("link") or "")

    @property
    def issuer(self) -> str:
        """Who submitted it."""
        return str(self.request.get("who") or "")

    @property
    def release_at(self) -> int:
        """When it may leave at the earliest, ns UTC; 0 for as soon as possible."""
        return self._asked("release_at")

    @property
    def expires(self) -> int:
        """When it may leave at the latest, ns UTC."""
        return self._asked("expires")

    @property
    def approvals_needed(self) -> int:
        """How many persons beside the issuer must approve."""
        return max(0, self._asked("approvals_needed"))

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who approved it, in order."""
        return tuple(step.text("who") for step in self.steps if step.name == "approved")

    @property
    def is_ready(self) -> bool:
        """Whether it waits for nobody's approval any more."""
        return self.state in WAITING and len(self.approvers) >= self.approvals_needed

    @property
    def packet(self) -> bytes:
        """The bytes that it is, empty before its release."""
        released = self.last("released")
        return _bytes(released.fields.get("packet")) if released else b""

    @property
    def units(self) -> tuple[bytes, ...]:
        """What leaves by the link, in order: the packet, or the frames that it is in."""
        released = self.last("released")
        units = released.fields.get("units") if released else None
        return tuple(map(_bytes, units)) if isinstance(units, list) else (self.packet,)

    @property
    def expects(self) -> tuple[str, ...]:
        """The reports that are expected of it once it is sent, such as accepted and completed."""
        released = self.last("released")
        found = released.fields.get("expects") if released else None
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The expected reports that did not come."""
        return tuple(name for name in self.expects if self.first(name) is None)

    @property
    def failure(self) -> tuple[str, str]:
        """Stage and reason of its failure; both empty when there is none."""
        if self.state is not State.FAILED:
            return "", ""
        step = next(step for step in reversed(self.steps) if step.name in ("failed", "resolved"))
        return (step.text("stage") if step.name == "failed" else "resolved"), step.text("why")

    @property
    def is_only_said_to_have_failed(self) -> bool:
        """Whether it failed only by a person's word, which a report or the uplink's own note outweighs."""
        return self.failure[0] == "resolved"

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done or waited for (a late report may still come)."""
        if self.state in WAITING or self.state in ON_ITS_WAY or self.state is State.UNCERTAIN:
            return False
        return self.state not in _UNDER_WAY or not self.missing


_UNDER_WAY = frozenset({State.SENT, State.ACCEPTED, State.STARTED, State.PROGRESSED})


def _bytes(value: Any) -> bytes:
    """Bytes from hex; nothing from what a forged event may have in their place."""
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return b""
