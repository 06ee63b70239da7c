"""Checks FRAMES against its seals (the seals: `streams/seal.py`), frame by frame in bounded memory.

Frames behind the last seal are counted, not judged: nothing vouches for them yet. Proven by
`tests/commands/test_seal_check.py`: of any single change of sealed frames the first broken offset is named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from commands.audit.findings import Findings
from commands.audit.heads import Pins
from infra.errors import StreamError
from streams import names
from streams.chain import GENESIS
from streams.heads import Head
from streams.operations import operation_of
from streams.read import Message
from streams.seal import COLUMNS, Seal, Sealing, following, seal_digest, seal_of

_WORDS = dict(zip(COLUMNS, ("recorded time", "length", "subject", "headers", "payload"), strict=True))


class _Expected(NamedTuple):
    event: int
    """Offset of the seal in OPERATIONS."""
    seal: Seal


class SealCheck:
    """Takes seals with `expect` and frames with `add`, seals first, both in their order."""

    def __init__(self, pins: Pins) -> None:
        self.findings = Findings(names.FRAMES)
        self.messages = self.seals = 0
        self.sealed_to = 0
        """The last offset that a seal covers."""
        self._proven = self._met = 0
        self._digest = GENESIS
        self._next = 1
        self._pins = pins
        self._waiting: deque[_Expected] = deque()
        self._run: Sealing | None = None

    @property
    def proven_to(self) -> int:
        """The last offset up to which every frame is what its seal says, provided that OPERATIONS is good."""
        return self._proven

    @property
    def head(self) -> Head | None:
        """The last sealed offset and its seal's digest."""
        return Head(names.FRAMES, self.sealed_to, self._digest) if self.sealed_to else None

    def expect(self, message: Message) -> int:
        """Take the next seal, an event of OPERATIONS, and check that it follows on the one before.

        Returns the offset up to which the frames can be checked now.
        """
        try:
            seal = seal_of(operation_of(message))
        except (StreamError, ValueError) as error:
            self._wrong_seal(message, f"is no seal that can be read: {error}")
            return self.sealed_to
        if seal.digest != seal_digest(seal.previous, seal.first, seal.last, seal.columns):
            self._wrong_seal(message, "was changed: the seal's digest is not the one over its own fields")
        if seal.previous != self._digest:
            self._wrong_seal(message, "does not follow: it names another seal than the one before it")
        if self.sealed_to < seal.first <= seal.last:
            self._take_seal(message, seal)
        else:
            what = f"seals {seal.first} to {seal.last}, though there is a seal up to {self.sealed_to}"
            self._wrong_seal(message, what)
        return self.sealed_to

    def add(self, frames: Sequence[Message]) -> None:
        """Check the frames that follow; the seals over them must have been given."""
        while frames:
            part = frames[: following(frames)]
            if part[0].offset < self._next:
                self.findings.add(part[0].offset, f"stands behind {self._next - 1}: out of order, or twice")
            else:
                self._lose(part[0].offset)
                self._add_run(part)
            frames = frames[len(part) :]

    def finish(self, end: int) -> None:
        """Say that FRAMES ends at the offset `end`; checks what was left open."""
        self._lose(end + 1)
        self._compare()
        if self.sealed_to > end:
            self.findings.truncated(end, self.sealed_to, f"seal up to {self.sealed_to}")
        for head in self._pins.left(names.FRAMES):
            if head.offset > self.sealed_to:
                self.findings.truncated(self.sealed_to, head.offset, head.noted)
            else:
                self.findings.add(head.offset, f"is the end of no seal, but of that of a {head.noted}")

    def _take_seal(self, message: Message, seal: Seal) -> None:
        for head in self._pins.meet(names.FRAMES, seal.last, seal.digest):
            if head.hash == seal.digest:
                self._met = self._met if self.findings.count else seal.last
            else:
                self._proven = min(self._proven, self._met)
                what = f"this frame or one up to {seal.last} was changed: the {head.noted} has another seal"
                self.findings.add(seal.first, what)
        self.seals += 1
        self._digest, self.sealed_to = seal.digest, seal.last
        self._waiting.append(_Expected(message.offset, seal))

    def _add_run(self, frames: Sequence[Message]) -> None:
        self.messages += len(frames)
        while frames:
            if not self._waiting:
                self._next = frames[-1].offset + 1
                return
            seal = self._waiting[0].seal
            if self._next < seal.first:
                part = frames[: seal.first - self._next]
                what = f"is in no seal, and so are all up to {part[-1].offset}, though later frames are"
                self.findings.add(self._next, what)
            else:
                part = frames[: seal.last + 1 - self._next]
                self._run = self._run or Sealing(self._next, seal.previous)
                self._run.add(part)
            self._next += len(part)
            frames = frames[len(part) :]
            if self._next > seal.last:
                self._compare()
                self._waiting.popleft()

    def _lose(self, found: int) -> None:
        """Note that the offsets up to the one before `found` are missing."""
        if found <= self._next:
            return
        self._compare()
        self.findings.missing(self._next, found - 1)
        self._next = found
        while self._waiting and self._waiting[0].seal.last < found:
            self._waiting.popleft()

    def _compare(self) -> None:
        """Compare the run with its seal: by digest when it is whole, else its frames by their marks."""
        if self._run is None:
            return
        (event, seal), found, self._run = self._waiting[0], self._run.seal(), None
        whole = (found.first, found.last) == (seal.first, seal.last)
        changed = [name for name in COLUMNS if found.columns[name] != seal.columns[name]]
        if whole and not changed:
            self._proven = self._proven if self.findings.count else seal.last
            return
        words = [_WORDS[name] for name in changed if name != "lengths"] or ["length"]
        what = f"{' and '.join(words)} that was" if whole else "mark that it was"
        sealed = f"{what} sealed with {seal.first} to {seal.last} (OPERATIONS offset {event})"
        if rows := _differing(found, seal):
            others = f"; {len(rows) - 1} more of them were changed" if len(rows) > 1 else ""
            self.findings.add(found.first + rows[0], f"does not have the {sealed}{others}")
        elif whole:
            self.findings.add(seal.first, f"this frame or one up to {seal.last} does not have the {sealed}")

    def _wrong_seal(self, message: Message, what: str) -> None:
        self.findings.add(message.offset, what, stream=names.OPERATIONS)


def _differing(found: Seal, seal: Seal) -> list[int]:
    """Return the rows of a part of a run whose marks are not those of its seal."""
    marks = seal.marks[found.first - seal.first :]
    shared = min(len(found.marks), len(marks))
    rows: list[int] = np.flatnonzero(found.marks[:shared] != marks[:shared]).tolist()
    return rows
