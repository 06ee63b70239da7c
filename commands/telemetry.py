"""Live telemetry as telecommands need it: where a parameter stands in TELEMETRY, rows, newest samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from nats.aio.client import Client

from infra.errors import StreamError
from streams import names
from streams.chain import last_event
from streams.decode import PacketType
from streams.mission import Mission
from streams.read import Message
from streams.telemetry import table_of
from streams.xtce import Parameter

_ORIGIN = ("frame_offset", "packet_index", "received", "recorded")


class Field(NamedTuple):
    """Where a parameter stands in packets of one type: the columns of its value and its raw value."""

    packet: str
    value: str
    raw: str
    parameter: Parameter


class Row(NamedTuple):
    """One packet of a message of TELEMETRY; times are ns UTC, `recorded` is that of its frame."""

    packet: str
    generation: str
    columns: Mapping[str, Any]
    number: int

    def get(self, column: str) -> Any:
        """Return the value of a column; None when it has none or the message has no such column."""
        values = self.columns.get(column)
        return values[self.number] if isinstance(values, list) else values

    def origin(self) -> dict[str, Any]:
        """Return what an event says about the evidence it stands on."""
        return {
            "generation": self.generation,
            "packet": self.packet,
            "frame_offset": int(self.get("frame_offset")),
            "packet_index": int(self.get("packet_index")),
            "received": int(self.get("received")),
            "frame_recorded": self.recorded,
        }

    @property
    def recorded(self) -> int:
        """When the frame was recorded."""
        return int(self.get("recorded"))


class Sample(NamedTuple):
    """One value of a parameter, and the packet that it stands in."""

    field: Field
    value: Any
    raw: Any
    row: Row


def rows_of(message: Message) -> list[Row]:
    """Return the packets of a message of TELEMETRY, in order. Raises StreamError when it is none."""
    generation = message.subject.split(".")[1]
    table, columns, count = table_of(message.data)
    rows = [Row(table, generation, columns, number) for number in range(count)]
    try:
        if all(isinstance(row.get(name), int) for row in rows for name in _ORIGIN):
            return rows
    except (AttributeError, IndexError, TypeError):
        pass
    raise StreamError("not a telemetry message: it does not say where it comes from", where="TELEMETRY")


class TelemetryMap:
    """Where the parameters of a mission stand in its packets."""

    def __init__(self, mission: Mission) -> None:
        self._containers = mission.database.containers
        types = mission.decoder().packet_types if self._containers else ()
        self.types: Mapping[str, PacketType] = {found.name: found for found in types}
        self._fields: dict[str, list[Field]] = {}
        for packet in types:
            for field in _fields(packet):
                self._fields.setdefault(field.parameter.qualified_name, []).append(field)

    def fields(self, parameter: str) -> tuple[Field, ...]:
        """Return where a parameter stands, by its qualified name or a unique end of it; maybe nowhere."""
        if parameter in self._fields:
            return tuple(self._fields[parameter])
        ends = [name for name in self._fields if name.endswith(f"/{parameter}")]
        return tuple(self._fields[ends[0]]) if len(ends) == 1 else ()

    def of_packet(self, packet: str) -> Mapping[str, Field]:
        """Return the parameters of a packet type, by qualified name."""
        return {
            name: field for name, fields in self._fields.items() for field in fields if field.packet == packet
        }

    def packets_in(self, container: str) -> frozenset[str]:
        """Return the packet types that are a container (a qualified name) or extend it."""
        return frozenset(
            name for name, found in self.types.items() if container in self._ancestry(found.qualified_name)
        )

    def _ancestry(self, container: str | None) -> Iterator[str]:
        while container is not None:
            yield container
            container = self._containers[container].base


def _fields(packet: PacketType) -> Iterable[Field]:
    """One field for each parameter; of several places in the packet the last counts."""
    parameters = {parameter.qualified_name: parameter for parameter in packet.parameters}
    raws = {column.parameter: column.name for column in packet.columns if column.role == "raw"}
    found: dict[str, Field] = {}
    for column in packet.columns:
        if column.is_value:
            raw = raws.get(column.parameter, column.name)
            found[column.parameter] = Field(packet.name, column.name, raw, parameters[column.parameter])
    return found.values()


def live_subject(packet: str) -> str:
    """Return the subject of a packet type in TELEMETRY, of whatever generation."""
    return f"telemetry.*.{names.token(packet)}"


async def newest(nc: Client, fields: Iterable[Field]) -> Sample | None:
    """Return the newest sample of a parameter (by received time) among the packets it stands in."""
    found: list[Sample] = []
    for field in fields:
        message = await last_event(nc, names.TELEMETRY, live_subject(field.packet))
        if message is None:
            continue
        try:
            *_, row = rows_of(message)
        except (StreamError, ValueError):  # no message of telemetry, or one without a row
            continue
        found.append(Sample(field, row.get(field.value), row.get(field.raw), row))
    return max(found, key=lambda sample: sample.row.get("received"), default=None)
