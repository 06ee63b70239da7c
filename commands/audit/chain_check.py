"""Checks a hash chain event by event (the chain: `streams/chain.py`) and tells what happened where it breaks.

A changed event shows in the next one, which carries its hash. So the last event of a chain is only as sure as
a head of it that was written down elsewhere. Proven by `tests/commands/test_chain_check.py`: of any single
change of a chain the first broken offset is named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from commands.audit.findings import Findings
from commands.audit.heads import Pins
from streams import names
from streams.chain import GENESIS, event_hash
from streams.heads import Head
from streams.read import Message

UNKNOWN = ""
"""Hash of an event that is missing."""


class _Seen(NamedTuple):
    event: Message
    hash: str

    @property
    def carried(self) -> str | None:
        return self.event.headers.get(names.PREVIOUS_HASH)

    def hash_at(self, offset: int) -> str:
        """Return the hash that this event would have at another offset."""
        return event_hash(self.event._replace(offset=offset))


_NOTHING = Message(0, 0, "", {}, b"")


class ChainCheck:
    """Takes the events of a chained stream in ascending offsets, from 1 on, and collects findings."""

    def __init__(self, stream: str, pins: Pins) -> None:
        self.findings = Findings(stream)
        self.messages = 0
        self._stream, self._pins = stream, pins
        self._window = deque([_Seen(_NOTHING, GENESIS)], maxlen=3)
        self._fits = self._unbroken = True
        self._vouched = self._met = 0

    @property
    def proven_to(self) -> int:
        """The last offset up to which every event has the hash that the next one, or a head, says of it.

        A head that says otherwise means another history, which is then proven by no link of its own.
        """
        return self._vouched

    @property
    def head(self) -> Head | None:
        """The last event's offset and hash, if there is an event and it is there."""
        last = self._window[-1]
        return Head(self._stream, last.event.offset, last.hash) if last.event.subject else None

    def add(self, events: Sequence[Message]) -> None:
        """Check the events that follow."""
        for event in events:
            expected = self._window[-1].event.offset + 1
            if event.offset < expected:
                self.findings.add(event.offset, f"stands behind {expected - 1}: out of order, or twice")
                continue
            if event.offset > expected:
                self._lose(expected, event.offset - 1)
            self._append(event)

    def finish(self, end: int) -> None:
        """Say that the stream ends at the offset `end`; checks what was left open."""
        last = self._window[-1].event.offset
        if last < end:
            self._lose(last + 1, end)
        else:
            self._judge(list(self._window), None)
            if self._unbroken and self._met == last:
                self._vouched = last
        for head in self._pins.left(self._stream):
            if head.offset > end:
                self.findings.truncated(end, head.offset, head.noted)
        self.findings.kept.sort(key=lambda finding: finding.offset)  # a head is compared before its chain

    def _append(self, event: Message) -> None:
        seen = _Seen(event, event_hash(event))
        self.messages += 1
        self._judge(list(self._window), seen)
        self._window.append(seen)
        for head in self._pins.meet(self._stream, event.offset, seen.hash):
            self._meet(head, event.offset, seen.hash)

    def _meet(self, head: Head, offset: int, digest: str) -> None:
        if head.hash == digest:
            self._met = offset if self._unbroken else self._met
            return
        self.findings.pinned(offset, head.noted)
        if self._unbroken:
            self._unbroken, self._vouched = False, self._met

    def _lose(self, first: int, last: int) -> None:
        self._judge(list(self._window), None)
        self._unbroken = False
        self.findings.missing(first, last)
        self._window.clear()
        self._window.append(_Seen(_NOTHING._replace(offset=last), UNKNOWN))

    def _judge(self, window: list[_Seen], following: _Seen | None) -> None:
        """Check that the last event of the window fits behind the one before it."""
        if len(window) < 2 or window[-2].hash == UNKNOWN:
            self._fits = True
            return
        *earlier, before, event = window
        fits = event.carried == before.hash
        if not fits and self._fits:  # where a whole stretch does not fit, its beginning is the finding
            self.findings.add(*_diagnosis(earlier, before, event, following))
        self._fits = fits
        self._unbroken &= fits
        if self._unbroken:
            self._vouched = before.event.offset


def _diagnosis(
    earlier: Sequence[_Seen], before: _Seen, event: _Seen, following: _Seen | None
) -> tuple[int, str]:
    """Return the first broken offset and what happened, where `event` does not carry the hash of `before`."""
    at = event.event.offset
    if event.carried is None:
        return at, "carries no hash of the event before it: appended past the chain, or it was removed"
    if at == 1:
        return at, "does not begin a chain: it names an event before it"
    if following is None:
        return at - 1, f"does not have the hash that {at} carries: it was changed, or {at}, the last one, was"
    if following.carried == event.hash:
        return at - 1, f"was changed: {at} carries the hash that it had"
    return _diagnosis_of_two(earlier, before, event, following)


def _diagnosis_of_two(
    earlier: Sequence[_Seen], before: _Seen, event: _Seen, following: _Seen
) -> tuple[int, str]:
    """The same where `following` does not carry the hash of `event` either: where would each of them fit?"""
    at = event.event.offset
    if following.carried == before.hash:
        return at, f"does not belong here, {at + 1} follows on {at - 1}: inserted, or out of order"
    if earlier and event.carried == earlier[-1].hash:
        return at - 1, f"does not belong here, {at} follows on {at - 2}: inserted, or out of order"
    if following.carried == event.hash_at(at + 1):
        return at, f"is not the event that followed on {at - 1}: one was removed here, the others moved up"
    return at, (
        f"was changed: it does not carry the hash of {at - 1} (unless that was changed too),"
        f" and {at + 1} does not carry its hash"
    )
