"""Layout: a container with its bases flattened into steps, and into fixed bit offsets where it has them.

A container whose steps need nothing from the packet has a fixed layout: each slot has its bit offset, and
whole batches decode at once. All others decode packet by packet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import MissionError
from streams.decode.conversions import Conversions
from streams.decode.predicates import Test, compile_condition
from streams.decode.raw import raw_form
from streams.decode.sizes import FixedCount, compile_count, highest
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
from streams.xtce import Container, Database, Entry, Parameter
from streams.xtce.conditions import Condition
from streams.xtce.containers import Repeat
from streams.xtce.encodings import Encoding, FloatEncoding, IntegerEncoding, StringEncoding
from streams.xtce.order import MAX_FIELDS
from streams.xtce.sizes import FixedSize

MAX_REPEATS = 256
"""How often an entry may come when the packet says how often; a packet that says more is not decoded."""

_MAX_RUN = 512  # bits that are read as one number; shifting longer ones costs more than it saves


@dataclass(frozen=True)
class Layout:
    """Steps and slots of a container after those of its bases; `size_bits` is None when not fixed."""

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
    """Goes through the entries in order; `position` is the current bit, None once that is not fixed."""

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
        self.run: ReadNumbers | None = None  # the step that the next number may join

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
        self.run = None  # what extends this container starts with a step of its own

    def _entry(self, entry: Entry, container: Container, frame: int) -> None:
        if entry.repeat:
            self._repeats(entry, entry.repeat, container, frame)
        else:
            self._once(entry, container, frame)

    def _repeats(self, entry: Entry, repeat: Repeat, container: Container, frame: int) -> None:
        """An entry as often as its count says; a dynamic count has a guarded place for each time."""
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
        self.run = None
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
        bits = self._read(parameter, encoding)
        index = len(self.slots)
        guarded = self.guards > 0
        offset = self.position if bits is not None and not guarded else None
        self.slots.append(Slot(index, parameter, encoding, raw_form(encoding), guarded, offset, bits))
        self._advance(bits)

    def _read(self, parameter: Parameter, encoding: Encoding) -> int | None:
        """Add the step that reads the next slot; answers its size where that is fixed."""
        index, name = len(self.slots), parameter.name
        if isinstance(encoding, IntegerEncoding | FloatEncoding):
            if self.run is None or self.run.bits + encoding.bits > _MAX_RUN or self.steps[-1] is not self.run:
                self.run = ReadNumbers()
                self.steps.append(self.run)
            self.run.add(index, encoding.bits, name)
            return encoding.bits
        if isinstance(encoding, StringEncoding) and encoding.size is None:
            self.steps.append(ReadText(index, encoding, name))
            return None
        assert encoding.size is not None
        size = compile_count(encoding.size, self.known.resolver(f"the size of {parameter.qualified_name}"))
        self.steps.append(ReadBytes(index, size, name))
        return encoding.size.value if isinstance(encoding.size, FixedSize) else None

    def _advance(self, bits: int | None) -> None:
        if bits is None or self.position is None:
            self.position, self.fixed = None, False
        else:
            self.position += bits
            self.end = max(self.end, self.position)
