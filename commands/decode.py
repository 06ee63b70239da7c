"""Packets back to telecommands: the inverse of `commands.encode`, by the same plan.

A packet is that of a telecommand when its arguments, read where they stand, give the very same bytes again.
"""

from __future__ import annotations

from typing import Any

from commands.encode import encode, field_bits, known_value
from commands.field_bits import Bits, from_bits
from commands.headers import PrimaryHeader
from commands.layout import Field
from commands.place import walk
from commands.plan import Plan
from commands.values import Raw, WrongValueError
from infra.errors import CommandError
from streams.framing.channel_coding import FECF_LENGTH, is_intact
from streams.xtce.command_containers import FixedValue


def decode(plan: Plan, packet: bytes) -> tuple[dict[str, Raw], int]:
    """The raw values of the arguments in a packet, and its sequence count (0 where it has none).

    Raises CommandError for a packet that is damaged or that of another telecommand.
    """
    try:
        count = _sequence_count(plan, packet)
        raws = _arguments(plan, packet)
        again = encode(plan, raws, count)
    except (ValueError, WrongValueError) as error:
        raise _other(plan, str(error)) from None
    if again != packet:
        raise _other(plan, f"it differs from byte {_difference(again, packet)} on")
    return raws, count


def _other(plan: Plan, why: str) -> CommandError:
    return CommandError(
        f"the packet is none of {plan.name}: {why}", fix="is it of another telecommand, or damaged?"
    )


def _sequence_count(plan: Plan, packet: bytes) -> int:
    if plan.ending != "none" and not is_intact(packet):
        raise ValueError(f"its error control is {packet[-FECF_LENGTH:].hex()}, its bytes give another")
    if plan.kind == "none":
        return 0
    header = PrimaryHeader.unpack(packet)
    if header.size != len(packet):
        raise ValueError(f"its length field says {header.size} bytes, it has {len(packet)}")
    return header.sequence_count


def _arguments(plan: Plan, packet: bytes) -> dict[str, Raw]:
    """The raw values of arguments, read where they stand."""
    body = packet[plan.front : len(packet) - (FECF_LENGTH if plan.ending == "appended" else 0)]
    bits, raws = Bits(body), dict(plan.assigned)

    def lookup(name: str, calibrated: bool) -> Any:
        return known_value(plan, raws, name, calibrated)

    def visit(field: Field, start: int) -> int:
        if field.argument is None:
            return field_bits(field, raws, lookup)[1]
        assert not isinstance(field.encoding, FixedValue)
        try:
            raws[field.argument], size = from_bits(bits, start, field.encoding, lookup)
        except WrongValueError as error:
            raise WrongValueError(f"{field.name} {error}") from None
        return size

    walk(plan.layout.steps, visit)
    for name, raw in plan.assigned.items():
        if raws[name] != raw:
            raise WrongValueError(f"{name} is {raws[name]!r}, not {raw!r}")
    return raws


def _difference(one: bytes, other: bytes) -> int:
    """The first byte at which two packets differ."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
