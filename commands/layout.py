"""The layout of a telecommand's packet: its containers flattened into fields, and where their bits come from.

Known limits: a text or binary whose size comes from an argument needs that argument before it in the packet;
a condition of an entry can only look at parameters that have a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commands.constants import Constants, holds, raw_of
from commands.packet_config import PacketConfig
from commands.values import Raw, ValueCodec, compile_codec
from infra.errors import MissionError
from streams.xtce import MetaCommand, Parameter
from streams.xtce.command_containers import (
    ArgumentField,
    CommandContainer,
    CommandEntry,
    FixedValue,
    ParameterValue,
)
from streams.xtce.encodings import BinaryEncoding, Encoding, StringEncoding
from streams.xtce.order import MAX_FIELDS
from streams.xtce.sizes import DynamicSize, FixedSize, LookupSize


@dataclass(frozen=True)
class Place:
    """Where something starts: bits after what stands before it, or after the first bit of a container."""

    start: int
    mark: int | None = None


@dataclass(frozen=True)
class Mark:
    """The first bit of a container within the packet; 0 is the packet itself."""

    place: Place
    number: int


@dataclass(frozen=True, eq=False)  # the same parameter may come twice: two fields
class Field:
    """One field. Its raw value is that of an argument, a constant, or computed from the finished packet."""

    name: str
    place: Place
    encoding: Encoding | FixedValue
    argument: str | None = None
    constant: Raw | None = None

    @property
    def is_computed(self) -> bool:
        """Whether nothing in the database says what it holds."""
        return self.argument is None and self.constant is None and not isinstance(self.encoding, FixedValue)


@dataclass(frozen=True)
class Layout:
    """The fields of a packet in order; `constants` are the raw values and codecs of parameters by name."""

    steps: tuple[Field | Mark, ...]
    constants: Constants

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields without the marks."""
        return tuple(step for step in self.steps if isinstance(step, Field))


def lay_out(command: MetaCommand, codecs: Mapping[str, ValueCodec], config: PacketConfig) -> Layout:
    """The layout of a MetaCommand; `codecs` are those of its arguments.

    Raises MissionError with file and line for a command without a container, and for values that do not fit.
    """
    if command.container is None:
        raise MissionError(
            f"{command.name} has no CommandContainer", where=command.place, fix="add one, or make it abstract"
        )
    builder = _Builder(command, codecs, config)
    builder.container(command.container, 0)
    builder.check_values()
    return Layout(tuple(builder.steps), builder.constants)


class _Builder:
    def __init__(self, command: MetaCommand, codecs: Mapping[str, ValueCodec], config: PacketConfig) -> None:
        self.command = command
        self.codecs = codecs
        self.config = config
        self.steps: list[Field | Mark] = []
        self.marks = 0
        self.values: dict[str, ParameterValue] = {}
        self.constants: dict[str, tuple[Raw, ValueCodec]] = {}
        self.used: set[str] = set()
        self.seen: set[str] = set(command.assignments)

    def container(self, container: CommandContainer, mark: int) -> None:
        """The entries of a container after those of its bases; values of what extends win."""
        for value in container.values:
            self.values.setdefault(value.parameter, value)
        if container.base:
            self.container(container.base, mark)
        for entry in container.entries:
            if len(self.steps) == MAX_FIELDS:
                raise MissionError(
                    f"a packet with more than {MAX_FIELDS} entries",
                    where=container.place,
                    fix="make it smaller",
                )
            self._entry(entry, Place(entry.start, mark if entry.from_container_start else None))

    def check_values(self) -> None:
        """Every value must be one of a parameter that is there."""
        for name, value in self.values.items():
            if name not in self.used:
                raise MissionError(
                    f"{name} is given a value, but is no field of {self.command.name}",
                    where=value.place,
                    fix="add it to the container that is extended, or remove the comparison",
                )

    def _entry(self, entry: CommandEntry, place: Place) -> None:
        if entry.condition is not None and not holds(entry.condition, self.constants):
            return
        content = entry.content
        if isinstance(content, CommandContainer):
            self.marks += 1
            self.steps.append(Mark(place, self.marks))
            self.container(content, self.marks)
        elif isinstance(content, FixedValue):
            self.steps.append(Field(content.name, place, content))
        elif isinstance(content, ArgumentField):
            self._argument(content.argument, entry, place)
        else:
            self._parameter(content, place)

    def _argument(self, name: str, entry: CommandEntry, place: Place) -> None:
        known = {argument.name: argument for argument in self.command.arguments}
        if name not in known:
            raise MissionError(
                f'argumentRef "{name}": {self.command.name} has no such argument',
                where=entry.place,
                fix=f"use one of {', '.join(known)}" if known else "add it to the ArgumentList",
            )
        encoding = known[name].type.data.encoding
        assert encoding is not None  # its codec was compiled
        self._check_size(encoding, name)
        self.steps.append(Field(name, place, encoding, argument=name))
        self.seen.add(name)

    def _parameter(self, parameter: Parameter, place: Place) -> None:
        encoding = parameter.type.encoding
        assert encoding is not None  # checked when the container was read
        self._check_size(encoding, parameter.name)
        codec = compile_codec(parameter.type)
        constant = self._constant(parameter, codec)
        self.steps.append(Field(parameter.name, place, encoding, constant=constant))
        if constant is not None:
            self.constants[parameter.qualified_name] = constant, codec
            self.seen.add(parameter.qualified_name)

    def _constant(self, parameter: Parameter, codec: ValueCodec) -> Raw | None:
        """The value of a parameter: restrictions first, then mission.toml, then initialValue."""
        self.used.add(parameter.qualified_name)
        value = self.values.get(parameter.qualified_name)
        where = f"{parameter.file}:{parameter.line}"
        if value is not None:
            return raw_of(codec, value.text, value.calibrated, parameter.name, value.place)
        for name in (parameter.qualified_name, parameter.name):
            if name in self.config.parameters:
                place = "mission.toml, [commands.packet.parameters]"
                return raw_of(codec, self.config.parameters[name], True, parameter.name, place)
        if parameter.initial is not None:
            return raw_of(codec, parameter.initial, True, parameter.name, where)
        return None

    def _check_size(self, encoding: Encoding, name: str) -> None:
        """The size of a text or binary must be whole bytes, and known when it is read."""
        if not isinstance(encoding, StringEncoding | BinaryEncoding):
            return
        size = encoding.size
        if isinstance(size, LookupSize):
            raise MissionError(
                f"{name} has a size from a DiscreteLookupList, which is not supported in a telecommand",
                where=encoding.place,
                fix="give it a fixed size, or one from an argument",
            )
        if isinstance(size, FixedSize) and size.value % 8:
            raise MissionError(
                f"{name} has {size.value} bits: no whole number of bytes",
                where=encoding.place,
                fix="make it whole bytes",
            )
        if isinstance(size, DynamicSize) and size.reference.parameter not in self.seen:
            raise MissionError(
                f"the size of {name} refers to {size.reference.parameter}, which does not come earlier "
                "in the packet or has no value",
                where=size.reference.place,
                fix="refer to an argument or to a parameter with a value that stands before it",
            )
