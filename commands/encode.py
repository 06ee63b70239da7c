"""Telecommands to packets (CCSDS 133.0-B-2; PUS-C secondary header and packet error control of
ECSS-E-ST-70-41C). The inverse is `commands.decode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commands.field_bits import Lookup, to_bits
from commands.headers import SEQUENCE_COUNTS, PrimaryHeader
from commands.layout import Field
from commands.place import overlap, walk
from commands.plan import HEADER_BITS, Plan
from commands.values import Raw, WrongValueError
from infra.errors import CommandError
from streams.framing.channel_coding import FECF_LENGTH, error_control
from streams.xtce.command_containers import FixedValue


class FieldError(Exception):
    """A field that cannot stand in the packet as it is; the text goes on from its name."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        super().__init__(f"{name} {text}")


def encode(plan: Plan, raws: Mapping[str, Raw], sequence_count: int) -> bytes:
    """The packet of a telecommand; `raws` are the raw values of its arguments.

    Raises CommandError for a sequence count outside of 0 to 16383, and for what does not fit.
    """
    if not 0 <= sequence_count < SEQUENCE_COUNTS:
        raise CommandError(
            f"the sequence count of {plan.name} is {sequence_count}",
            fix=f"count from 0 to {SEQUENCE_COUNTS - 1}",
        )
    try:
        return _finished(plan, content(plan, raws), sequence_count)
    except (FieldError, ValueError) as error:
        raise CommandError(f"{plan.name} cannot be encoded: {error}", fix="mend its definition") from None


def content(plan: Plan, raws: Mapping[str, Raw]) -> bytes:
    """What the containers describe, computed fields zero; raises FieldError for what does not fit."""
    patterns: list[int] = []

    def lookup(name: str, calibrated: bool) -> Any:
        return known_value(plan, raws, name, calibrated)

    def visit(field: Field, _start: int) -> int:
        try:
            found, bits = field_bits(field, raws, lookup)
        except WrongValueError as error:
            raise FieldError(field.name, str(error)) from None
        patterns.append(found)
        return bits

    placed = walk(plan.layout.steps, visit)
    if (why := overlap(placed)) is not None:
        raise FieldError(*why)
    total = -(-max((field.end for field in placed), default=0) // 8) * 8
    number = 0
    for field, found in zip(placed, patterns, strict=True):
        number |= found << (total - field.end)
    return number.to_bytes(total // 8, "big")


def known_value(plan: Plan, raws: Mapping[str, Raw], name: str, calibrated: bool) -> Any:
    """The value or raw value of an argument, or of a parameter that is always the same."""
    raw, codec = (raws[name], plan.codecs[name]) if name in raws else plan.layout.constants[name]
    return codec.value(raw) if calibrated else raw


def field_bits(field: Field, raws: Mapping[str, Raw], lookup: Lookup) -> tuple[int, int]:
    """The bits of a field and how many they are; zeros where it is computed. Raises WrongValueError."""
    if isinstance(field.encoding, FixedValue):
        return field.encoding.value, field.encoding.bits
    if field.is_computed:
        return to_bits(0, field.encoding, lookup)
    raw = raws[field.argument] if field.argument is not None else field.constant
    assert raw is not None
    return to_bits(raw, field.encoding, lookup)


def _finished(plan: Plan, body: bytes, sequence_count: int) -> bytes:
    """The content with headers and error control."""
    if plan.ending == "field":
        body = body[:-FECF_LENGTH]
    size = plan.front + len(body) + (0 if plan.ending == "none" else FECF_LENGTH)
    packet = body
    if plan.kind != "none":
        header = PrimaryHeader(plan.apid or 0, plan.secondary_header, sequence_count, size).pack()
        if plan.kind == "before":
            packet = header + (plan.pus.pack() if plan.pus else b"") + body
        else:
            packet = _merged(body, header, plan.header_mask)
    return packet if plan.ending == "none" else packet + error_control(packet)


def _merged(body: bytes, header: bytes, mask: int) -> bytes:
    """The content with the computed bits of its primary header."""
    if len(body) < len(header):
        raise ValueError("the packet ends within its primary header")
    own = int.from_bytes(body[: len(header)], "big")
    merged = own & ~mask | int.from_bytes(header, "big") & mask
    return merged.to_bytes(HEADER_BITS // 8, "big") + body[len(header) :]
