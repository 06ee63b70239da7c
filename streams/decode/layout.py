"""Layout: a container with its bases flattened into steps, and into fixed bit offsets where it has them.

A container whose steps need nothing from the packet has a fixed layout: each slot has its bit offset, and whole
batches decode at once. All others decode packet by packet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import MissionError
from streams.decode.conversions import Conversions
from streams.decode.predicates import Test, compile_condition
from streams.decode.raw import raw_form
from streams.decode.sizes import Count, FixedCount, compile_count, highest
from streams.decode.slots import Slot
from streams.decode.steps import (
    Guard,
    MarkStart,
    ReadBytes,
    ReadNumbers,
    ReadText,
    RepeatGuard,
    RepeatLimit,
    Seek,
    Skip,
    Step,
)
from streams.xtce import Container, Database, Entry
from streams.xtce.conditions import Condition
from streams.xtce.containers import Repeat
from streams.xtce.encodings import FloatEncoding, IntegerEncoding
from streams.xtce.order import MAX_FIELDS
from streams.xtce.sizes import FixedSize

MAX_REPEATS = 256
"""How often an entry may come when the packet says how often; a packet that says more is not decoded."""


@dataclass(frozen=True)
class Layout:
    """The steps and slots of a container after those of its bases; `size_bits` is None when it is not fixed."""

    container: Container
    steps: tuple[Step, ...]
    slots: tuple[Slot, ...]
    size_bits: int | None

    @property
    def fixed(self) -> bool:
        """Whether every slot has a fixed place."""
        return self.size_bits is not None

    def restriction(self, condition: Condition, of: Container) -> Test:
        """The test whether a packet goes on with a container that extends this one."""
        known = Conversions(self.slots, complete=False)
        return compile_condition(condition, known.resolver(f"the restriction of {of.qualified_name}"))


def lay_out(database: Database, container: Container) -> Layout:
    """The layout of a container; raises MissionError for references to what does not come earlier."""
    chain = [container]
    while chain[0].base:
        chain.insert(0, database.containers[chain[0].base])
    builder = _Builder(database)
    for part in chain:
        builder.entries(part, 0)
    return Layout(container, tuple(builder.steps), tuple(builder.slots), builder.size_bits())


class _Builder:
    """Goes through the entries in order; `position` is the bit where it stands, None once that is not fixed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.steps: list[Step] = []
        self.slots: list[Slot] = []
        self.known = Conversions(self.slots, complete=False)
        self.position: int | None = 0
        self.end = 0
        self.fixed = True
        self.frames: list[int | None] = [0]
        self.guards = 0

    def size_bits(self) -> int | None:
        """The size of the packet, when it is fixed."""
        return self.end if self.fixed else None

    def entries(self, container: Container, frame: int) -> None:
        """The own entries of a container whose first bit is that of a frame."""
        for entry in container.entries:
            if entry.condition:
                resolve = self.known.resolver(f"an IncludeCondition in {container.qualified_name}")
                guard = Guard(compile_condition(entry.condition, resolve))
                self._guarded(guard, lambda entry=entry: self._entry(entry, container, frame))  # type: ignore[misc]
            else:
                self._entry(entry, container, frame)

    def _entry(self, entry: Entry, container: Container, frame: int) -> None:
        if entry.repeat:
            self._repeats(entry, entry.repeat, container, frame)
        else:
            self._once(entry, container, frame)

    def _repeats(self, entry: Entry, repeat: Repeat, container: Container, frame: int) -> None:
        """An entry as often as its count says; dynamic counts have a guarded place for every possible time."""
        count = compile_count(repeat.count, self.known.resolver(f"a count in {container.qualified_name}"))
        most = highest(count)
        if isinstance(count, FixedCount):
            for number in range(count.value):
                self._time(entry, repeat, container, frame, number)
            return
        limit = MAX_REPEATS if most is None else max(0, min(most, MAX_REPEATS))
        self.fixed = False
        self.steps.append(RepeatLimit(count, limit, container.name))
        for number in range(limit):
            self._guarded(
                RepeatGuard(count, number),
                lambda number=number: self._time(entry, repeat, container, frame, number),  # type: ignore[misc]
            )

    def _time(self, entry: Entry, repeat: Repeat, container: Container, frame: int, number: int) -> None:
        """One time of a repeated entry; the times after the first follow each other."""
        if number == 0:
            self._once(entry, container, frame)
        else:
            self._skip(repeat.gap)
            self._content(entry, container)

    def _guarded(self, guard: Guard | RepeatGuard, content: Callable[[], None]) -> None:
        self.steps.append(guard)
        before = len(self.steps)
        self.guards += 1
        content()
        self.guards -= 1
        guard.count = len(self.steps) - before
        self.position, self.fixed = None, False

    def _once(self, entry: Entry, container: Container, frame: int) -> None:
        if entry.from_container_start:
            start = self.frames[frame]
            self.position = None if start is None else start + entry.start
            self.steps.append(Seek(frame, entry.start))
        else:
            self._skip(entry.start, entry.place)
        self._content(entry, container)

    def _skip(self, bits: int, place: str = "") -> None:
        if not bits:
            return
        self.steps.append(Skip(bits))
        if self.position is not None:
            self.position += bits
            if self.position < 0:
                raise MissionError(
                    f"the entry starts {-self.position} bits before the packet",
                    where=place,
                    fix="mend its location",
                )

    def _content(self, entry: Entry, container: Container) -> None:
        if entry.container:
            self._contained(self.database.containers[entry.container])
        for name in entry.parameters:
            self._field(name, container)

    def _contained(self, container: Container) -> None:
        """A container within a container, with the entries of its own bases first."""
        frame = len(self.frames)
        self.frames.append(self.position)
        self.steps.append(MarkStart(frame))
        chain = [container]
        while chain[0].base:
            chain.insert(0, self.database.containers[chain[0].base])
        for part in chain:
            self.entries(part, frame)

    def _field(self, name: str, container: Container) -> None:
        parameter = self.database.parameters[name]
        encoding = parameter.type.encoding
        assert encoding is not None
        if len(self.slots) == MAX_FIELDS:
            raise MissionError(
                f"a packet with more than {MAX_FIELDS} parameters",
                where=container.place,
                fix="make it smaller",
            )
        index = len(self.slots)
        bits: int | None = None
        step: Step
        if isinstance(encoding, IntegerEncoding | FloatEncoding):
            bits = encoding.bits
            self._number(index, bits, parameter.name)
        elif encoding.size is None:
            step = ReadText(index, encoding, parameter.name)
        else:
            size: Count = compile_count(encoding.size, self.known.resolver(f"the size of {name}"))
            bits = encoding.size.value if isinstance(encoding.size, FixedSize) else None
            step = ReadBytes(index, size, parameter.name)
        self.steps.append(step)
        offset = self.position if self.guards == 0 and bits is not None else None
        self.slots.append(Slot(index, parameter, encoding, raw_form(encoding), self.guards > 0, offset, bits))
        self._advance(bits)

    def _advance(self, bits: int | None) -> None:
        if bits is None or self.position is None:
            self.position, self.fixed = None, False
        else:
            self.position += bits
            self.end = max(self.end, self.position)
