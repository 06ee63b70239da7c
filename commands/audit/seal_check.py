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
        self.frames = self.seals = 0
        self.sealed_to = 0
        """The last offset that a seal covers."""
        self._digest = GENESIS
        self._next = 1
        self._pins = pins
        self._waiting: deque[_Expected] = deque()
        self._run: Sealing | None = None

    def expect(self, message: Message) -> None:
        """Take the next seal, an event of OPERATIONS, and check that it follows on the one before."""
        try:
            seal = seal_of(operation_of(message))
        except (StreamError, ValueError) as error:
            self._wrong_seal(message, f"is no seal that can be read: {error}")
            return
        if seal.digest != seal_digest(seal.previous, seal.first, seal.last, seal.columns):
            self._wrong_seal(message, "was changed: the seal's digest is not the one over its own fields")
        if seal.previous != self._digest:
            self._wrong_seal(message, "does not follow: it names another seal than the one before it")
        if not self.sealed_to < seal.first <= seal.last:
            self._wrong_seal(
                message, f"seals {seal.first} to {seal.last}, after a seal up to {self.sealed_to}"
            )
            return
        for head in self._pins.meet(names.FRAMES, seal.last, seal.digest):
            self.findings.add(
                seal.first, f"or a later one up to {seal.last} was changed: there is a {head.noted}"
            )
        self.seals += 1
        self._digest, self.sealed_to = seal.digest, seal.last
        self._waiting.append(_Expected(message.offset, seal))

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
        if self.sealed_to > end:
            self.findings.truncated(end, self.sealed_to, f"seal up to {self.sealed_to}")
        for head in self._pins.left(names.FRAMES):
            if head.offset > self.sealed_to:
                self.findings.truncated(self.sealed_to, head.offset, head.noted)
            else:
                self.findings.add(head.offset, f"is the end of no seal, but of that of a {head.noted}")

    def _add_run(self, frames: Sequence[Message]) -> None:
        self.frames += len(frames)
        while frames:
            if not self._waiting:
                self._next = frames[-1].offset + 1
                return
            event, seal = self._waiting[0]
            if self._next < seal.first:
                part = frames[: seal.first - self._next]
                what = f"is in no seal, and so are all up to {part[-1].offset}, though later frames are"
                self.findings.add(self._next, what)
            else:
                part = frames[: seal.last + 1 - self._next]
                if self._next == seal.first:
                    self._run = Sealing(seal.first, seal.previous)
                if self._run is not None:
                    self._run.add(part)
            self._next += len(part)
            frames = frames[len(part) :]
            if self._next > seal.last:
                self._compare(event, seal)

    def _lose(self, found: int) -> None:
        """Note that the offsets up to the one before `found` are missing, with the runs they were in."""
        if found <= self._next:
            return
        self.findings.missing(self._next, found - 1)
        self._next, self._run = found, None
        while self._waiting and self._waiting[0].seal.last < found:
            self._waiting.popleft()

    def _compare(self, event: int, seal: Seal) -> None:
        self._waiting.popleft()
        run, self._run = self._run, None
        if run is None:
            return  # a frame of it is missing, which is the finding
        found = run.seal()
        changed = [name for name in COLUMNS if found.columns[name] != seal.columns[name]]
        if not changed:
            return
        words = [_WORDS[name] for name in changed if name != "lengths"] or ["length"]
        sealed = f"{' and '.join(words)} that was sealed with {seal.first} to {seal.last}"
        where = f"(OPERATIONS offset {event})"
        shared = min(len(found.marks), len(seal.marks))
        rows = np.flatnonzero(found.marks[:shared] != seal.marks[:shared])
        if len(rows):
            others = f"; {len(rows) - 1} more of them were changed" if len(rows) > 1 else ""
            self.findings.add(seal.first + int(rows[0]), f"does not have the {sealed} {where}{others}")
        else:
            self.findings.add(seal.first, f"this frame or one up to {seal.last} has not the {sealed} {where}")

    def _wrong_seal(self, message: Message, what: str) -> None:
        self.findings.add(message.offset, what, stream=names.OPERATIONS)
