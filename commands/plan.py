"""The plan of a telecommand's packet: its fields, and what the ground puts around or into them.

Of a space packet that the containers describe ("xtce"), a field of the primary header without a value gets
what CCSDS 133.0-B-2 has at its bits; sequence count and length are computed whatever the containers say.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from commands.field_bits import to_bits
from commands.headers import PUS_HEADER, PusHeader
from commands.layout import Field, Layout, lay_out
from commands.packet_config import MAX_APID, PacketConfig, Report
from commands.place import Placed, overlap, walk
from commands.values import Raw, ValueCodec
from infra.errors import MissionError
from streams.framing.channel_coding import FECF_LENGTH
from streams.framing.space_packet import PRIMARY_HEADER
from streams.xtce import MetaCommand
from streams.xtce.command_containers import FixedValue
from streams.xtce.element import parse_number
from streams.xtce.encodings import BinaryEncoding, IntegerEncoding, StringEncoding
from streams.xtce.sizes import FixedSize

HEADER_BITS = 8 * PRIMARY_HEADER
COUNT_AND_LENGTH = (1 << 30) - 1
"""The bits of the primary header that are always computed: sequence count and length."""

_VERSION_AND_TYPE = 0b1111 << 44
_SECONDARY_HEADER = 1 << 43
_APID = MAX_APID << 32
_SEQUENCE_FLAGS = 0b11 << 30
_TELECOMMAND = 1 << 44

Ending = Literal["appended", "field", "none"]
"""Where the packet error control is: after the containers, in their last field, or nowhere."""


@dataclass(frozen=True)
class Plan:
    """How one telecommand becomes bytes.

    `header_mask` are the bits of the primary header (48, first bit highest) that are computed within the
    containers' own bytes; 0 when the header goes before them or there is none. `apid` is None where it is
    that of an argument, or when there is none.
    """

    name: str
    layout: Layout
    codecs: Mapping[str, ValueCodec]
    kind: Literal["inside", "before", "none"]
    apid: int | None
    secondary_header: bool
    pus: PusHeader | None
    header_mask: int
    ending: Ending
    assigned: Mapping[str, Raw]

    @property
    def front(self) -> int:
        """Bytes of the headers that go before the containers."""
        return 0 if self.kind != "before" else PRIMARY_HEADER + (PUS_HEADER if self.pus else 0)


def plan_packet(
    command: MetaCommand,
    codecs: Mapping[str, ValueCodec],
    assigned: Mapping[str, Raw],
    config: PacketConfig,
) -> Plan:
    """The plan for a MetaCommand; `assigned` are the raw values that it gives to arguments.

    Raises MissionError for fields that have no value, and for headers without what they need.
    """
    layout = lay_out(command, codecs, config)
    static = _static(layout)
    _check_apart(static, command)
    ending = _ending(layout, static, config)
    rest = [field for field in layout.fields if field.is_computed]
    if ending == "field":
        rest.pop()
    plan = Plan(command.name, layout, codecs, "none", None, False, None, 0, ending, assigned)
    if config.header == "xtce":
        return _inside(plan, command, config, static, rest)
    _refuse(rest, command)
    if config.header == "none":
        return plan
    pus = _pus_header(command, config) if config.header == "pus-c" else None
    return replace(
        plan,
        kind="before",
        apid=_number(command, "apid", MAX_APID, config.apid),
        secondary_header=config.secondary_header or pus is not None,
        pus=pus,
    )


def _inside(
    plan: Plan, command: MetaCommand, config: PacketConfig, static: list[Placed], rest: list[Field]
) -> Plan:
    """The plan for containers that describe the primary header too; `rest` are the fields without a value."""
    known = _VERSION_AND_TYPE | _SEQUENCE_FLAGS | COUNT_AND_LENGTH | (0 if config.apid is None else _APID)
    mask, said, says = COUNT_AND_LENGTH, 0, 0
    for field, start, bits in static:
        here = _header_part((1 << bits) - 1, start, bits)
        is_number = isinstance(field.encoding, IntegerEncoding)
        if field in rest and is_number and start + bits <= HEADER_BITS and not here & ~known:
            mask |= here
            rest.remove(field)
        elif field.argument is not None and field.argument not in plan.assigned and here & COUNT_AND_LENGTH:
            raise MissionError(
                f"the argument {field.name} stands where a packet has its sequence count or length",
                where=command.place,
                fix='mend the container, or set header = "none" if this is no space packet',
            )
        elif (pattern := _pattern(field, plan.assigned)) is not None:
            said |= here
            says |= _header_part(pattern, start, bits)
    _refuse(rest, command)
    header = says & said & ~mask | (_TELECOMMAND | (config.apid or 0) << 32) & mask
    if (said | mask) & _VERSION_AND_TYPE != _VERSION_AND_TYPE or header & _VERSION_AND_TYPE != _TELECOMMAND:
        raise MissionError(
            f"{command.name} does not start with the primary header of a telecommand: version 0, type 1",
            where=command.place,
            fix='mend its first fields; or set header = "ccsds" if the ground puts a header before the '
            'container, header = "none" if this is no space packet',
        )
    apid = (header & _APID) >> 32 if (said | mask) & _APID == _APID else None
    return replace(plan, kind="inside", apid=apid, header_mask=mask)


def _header_part(pattern: int, start: int, bits: int) -> int:
    """The part of a field that lies in the primary header, at its bits (48, first bit highest)."""
    shift = HEADER_BITS - start - bits
    return (pattern << shift if shift >= 0 else pattern >> -shift) & ((1 << HEADER_BITS) - 1)


def _ending(layout: Layout, static: list[Placed], config: PacketConfig) -> Ending:
    if not config.packet_error_control:
        return "none"
    header = [placed.field for placed in static if config.header == "xtce" and placed.start < HEADER_BITS]
    last = layout.fields[-1] if layout.fields else None
    if last is None or not last.is_computed or last in header:
        return "appended"
    is_field = isinstance(last.encoding, IntegerEncoding) and last.encoding.bits == 8 * FECF_LENGTH
    return "field" if is_field else "appended"


def _refuse(fields: list[Field], command: MetaCommand) -> None:
    """Every field must have a value or be computed."""
    if fields:
        raise MissionError(
            f"{fields[0].name} of {command.name} has no value",
            where=command.place,
            fix="give it one by a restriction, by initialValue or in [commands.packet.parameters]",
        )


def _static(layout: Layout) -> list[Placed]:
    """The fields at the start of the packet, up to the first whose size is not fixed."""
    fields = list(itertools.takewhile(lambda field: _fixed_bits(field) is not None, layout.fields))
    last = layout.steps.index(fields[-1]) if fields else -1
    return walk(layout.steps[: last + 1], lambda field, _start: _fixed_bits(field) or 0)


def _fixed_bits(field: Field) -> int | None:
    encoding = field.encoding
    if isinstance(encoding, StringEncoding | BinaryEncoding):
        return encoding.size.value if isinstance(encoding.size, FixedSize) else None
    return encoding.bits


def _check_apart(static: list[Placed], command: MetaCommand) -> None:
    if (why := overlap(static)) is not None:
        raise MissionError(
            f"{why[0]} of {command.name} {why[1]}",
            where=command.place,
            fix="mend the locations of the entries",
        )


def _pattern(field: Field, assigned: Mapping[str, Raw]) -> int | None:
    """The bits of a field that is always the same, None for others."""
    if isinstance(field.encoding, FixedValue):
        return field.encoding.value
    raw = field.constant if field.argument is None else assigned.get(field.argument)
    return None if raw is None else to_bits(raw, field.encoding, lambda _name, _calibrated: 0)[0]


def _pus_header(command: MetaCommand, config: PacketConfig) -> PusHeader:
    asked = config.acknowledge
    if "acknowledge" in command.extra:
        asked = tuple(_report(word, command) for word in command.extra["acknowledge"].split())
    return PusHeader(
        service=_number(command, "service", 0xFF),
        subtype=_number(command, "subtype", 0xFF),
        source_id=_number(command, "source_id", 0xFFFF, config.source_id),
        acknowledge=asked,
    )


def _report(word: str, command: MetaCommand) -> Report:
    for report in get_args(Report):
        if word == report:
            return report  # type: ignore[no-any-return]
    raise MissionError(
        f'the AncillaryData "acknowledge" of {command.name} has the word "{word}"',
        where=command.place,
        fix=f"use {', '.join(get_args(Report))}, with spaces between",
    )


def _number(command: MetaCommand, name: str, most: int, default: int | None = None) -> int:
    """A number of the header from the command's AncillaryDataSet, else from mission.toml."""
    text = command.extra.get(name)
    if text is None and default is not None:
        return default
    try:
        number = parse_number(text or "")
        if number.denominator == 1 and 0 <= number <= most:
            return number.numerator
    except ValueError:
        pass
    said = f"has no {name}" if text is None else f'has the {name} "{text}"'
    raise MissionError(
        f"{command.name} {said}",
        where=command.place,
        fix=f'add <AncillaryData name="{name}"> with a number from 0 to {most} to its AncillaryDataSet',
    )
