"""Steps: what the packet-by-packet decoder does, one small thing at the current bit each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from streams.decode.faults import CannotDecodeError
from streams.decode.predicates import Test
from streams.decode.quick import quick_test
from streams.decode.sizes import Count
from streams.decode.text import find_terminator
from streams.decode.walk import Walk
from streams.xtce.encodings import StringEncoding


class Step(Protocol):
    """One step; `run` answers how many of the following steps to leave out."""

    def run(self, walk: Walk) -> int:
        """Do it; raises CannotDecodeError where the packet does not allow it."""


@dataclass
class ReadNumbers:
    """Numbers of fixed sizes that follow each other: (slot index, bits, parameter name)."""

    fields: list[tuple[int, int, str]] = field(default_factory=list)
    bits: int = 0
    cuts: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, index: int, bits: int, name: str) -> None:
        """One more number."""
        self.fields.append((index, bits, name))
        self.bits += bits
        end = 0
        self.cuts = []
        for slot, width, _ in self.fields:
            end += width
            self.cuts.append((slot, self.bits - end, (1 << width) - 1))

    def run(self, walk: Walk) -> int:
        """Keep their bit patterns."""
        if walk.position < 0 or walk.position + self.bits > walk.available:
            for index, bits, name in self.fields:  # one by one, to say which it was that did not fit
                walk.patterns[index] = walk.take(index, bits, name)
            return 0
        word = walk.cut(self.bits)
        patterns = walk.patterns
        for index, shift, mask in self.cuts:
            patterns[index] = word >> shift & mask
        walk.numbers.append((self.fields, walk.position))
        walk.advance(self.bits)
        return 0


@dataclass(frozen=True)
class ReadBytes:
    """A string or binary whose size is known before it is read."""

    index: int
    size: Count
    name: str

    def run(self, walk: Walk) -> int:
        """Keep its bytes."""
        bits = self.size.number(walk, walk.patterns)
        if bits < 0:
            raise CannotDecodeError(f"{self.name} has a size of {bits} bits")
        walk.patterns[self.index] = walk.take_bytes(self.index, bits, self.name)
        return 0


@dataclass(frozen=True)
class ReadText:
    """A string that ends with its terminator, or says its size in front; it may fill at most `max_bits`."""

    index: int
    encoding: StringEncoding
    name: str

    def run(self, walk: Walk) -> int:
        """Keep its bytes, with size tag or terminator."""
        if self.encoding.tag_bits is not None:
            size = walk.peek(self.encoding.tag_bits, self.name)
            bits = self.encoding.tag_bits + 8 * size
        else:
            bits = self._to_terminator(walk)
        walk.patterns[self.index] = walk.take_bytes(self.index, bits, self.name)
        return 0

    def _to_terminator(self, walk: Walk) -> int:
        terminator = self.encoding.terminator or b""
        rest = walk.rest(self.encoding.max_bits)
        end = find_terminator(rest, terminator, self.encoding.charset)
        if end is not None:
            return 8 * (end + len(terminator))
        if walk.left() >= self.encoding.max_bits:
            return self.encoding.max_bits
        raise CannotDecodeError(f"{self.name} has no terminator before the packet ends")


@dataclass(frozen=True)
class Skip:
    """Leave out some bits, or go back."""

    bits: int

    def run(self, walk: Walk) -> int:
        """Move."""
        walk.position += self.bits
        return 0


@dataclass(frozen=True)
class MarkStart:
    """Remember where a contained container starts."""

    frame: int

    def run(self, walk: Walk) -> int:
        """Remember the current bit."""
        walk.frames[self.frame] = walk.position
        return 0


@dataclass(frozen=True)
class Seek:
    """Go to a bit of a container."""

    frame: int
    bits: int

    def run(self, walk: Walk) -> int:
        """Move."""
        walk.position = walk.frames[self.frame] + self.bits
        return 0


@dataclass
class Guard:
    """Go on only where a condition holds; else leave out the next `count` steps."""

    test: Test
    count: int = field(default=0)

    def __post_init__(self) -> None:
        self._quick = quick_test(self.test)

    def run(self, walk: Walk) -> int:
        """Decide."""
        holds = self._quick(walk.patterns) if self._quick else self.test.mask(walk)[0]
        return 0 if holds else self.count


@dataclass
class RepeatGuard:
    """Go on only where a count is more than `number`; else leave out the next `count` steps."""

    repeats: Count
    number: int
    count: int = field(default=0)

    def run(self, walk: Walk) -> int:
        """Decide."""
        return 0 if self.repeats.number(walk, walk.patterns) > self.number else self.count


@dataclass(frozen=True)
class RepeatLimit:
    """Refuse counts that are negative or more than there are places for."""

    repeats: Count
    limit: int
    container: str

    def run(self, walk: Walk) -> int:
        """Check."""
        count = self.repeats.number(walk, walk.patterns)
        if not 0 <= count <= self.limit:
            raise CannotDecodeError(
                f"an entry of {self.container} comes {count} times, 0 to {self.limit} are possible"
            )
        return 0
