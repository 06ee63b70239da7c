"""Encode and decode are inverse, for random telecommands of every kind."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
import telecommand_text as tc
from hypothesis import given, settings
from hypothesis import strategies as st
from random_telecommands import RandomTelecommand, random_telecommands

from commands.definitions import Definition
from infra.errors import CommandError
from streams.decode import compile_decoder

HEADERS = {
    "none": '[commands.packet]\nheader = "none"',
    "none with CRC": '[commands.packet]\nheader = "none"\npacket_error_control = true',
    "ccsds": '[commands.packet]\nheader = "ccsds"\napid = 77',
    "ccsds with CRC": '[commands.packet]\nheader = "ccsds"\napid = 77\npacket_error_control = true',
    "pus-c": '[commands.packet]\nheader = "pus-c"\napid = 2046\nsource_id = 513\nacknowledge = ["start"]',
    "xtce": '[commands.packet]\nheader = "xtce"',
    "xtce with CRC": '[commands.packet]\nheader = "xtce"\npacket_error_control = true',
}


def definition(telecommand: RandomTelecommand, header: str) -> Definition:
    """The telecommand C in a mission with a header; of PUS service 8, subtype 1."""
    values = {"TYPE": 1, "SECONDARY_HEADER": 0, "APID": 300} if header.startswith("xtce") else {}
    entries = telecommand.entries + '<FixedValueEntry binaryValue="A5" sizeInBits="8"/>'
    container = tc.container("CC", entries, base="Packet" if values else "", **values)
    command = tc.meta("C", telecommand.argument_list, container, before=tc.extra(service=8, subtype=1))
    with tempfile.TemporaryDirectory() as folder:
        found = tc.telecommands(Path(folder), tc.command_data(telecommand.types, command), HEADERS[header])
    assert not found.problems, found.problems
    return found.find("C")


def same(one: Any, other: Any) -> bool:
    """Equality in which NaN equals NaN, and 0.0 is not -0.0."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("header", HEADERS)
@settings(max_examples=40)
@given(telecommand=random_telecommands(), count=st.integers(0, 16383))
def test_what_was_encoded_is_decoded_again(header: str, telecommand: RandomTelecommand, count: int) -> None:
    found = definition(telecommand, header)
    resolved = found.resolve(telecommand.values)
    packet = found.encode(resolved, count)
    decoded = found.decode(packet)
    assert decoded.sequence_count == (0 if header.startswith("none") else count)
    for before, after in zip(resolved.arguments, decoded.resolved.arguments, strict=True):
        assert before.name == after.name
        assert same(before.raw, after.raw), (before, after)
        assert same(before.value, after.value), (before, after)
    assert found.encode(decoded.resolved, count) == packet


@settings(max_examples=100)
@given(telecommand=random_telecommands())
def test_a_value_that_was_shown_can_be_given_again(telecommand: RandomTelecommand) -> None:
    found = definition(telecommand, "none")
    resolved = found.resolve(telecommand.values)
    again = found.resolve({argument.name: argument.shown for argument in resolved.arguments})
    for number, argument in enumerate(telecommand.arguments):
        if not argument.is_float_time:  # nanoseconds cut what a float had beyond them
            assert again.arguments[number].raw == resolved.arguments[number].raw


@settings(max_examples=150)
@given(telecommand=random_telecommands(fixed=False))
def test_the_decoder_of_telemetry_reads_a_packet_alike(telecommand: RandomTelecommand) -> None:
    """The same types as parameters, in a container of telemetry: an older and independent reader."""
    found = definition(telecommand, "none")
    resolved = found.resolve(telecommand.values)
    packet = found.encode(resolved, 0)
    with tempfile.TemporaryDirectory() as folder:
        database = tc.mission(Path(folder), as_telemetry(telecommand)).database
    places = compile_decoder(database, "P").locate(packet)
    values = {place.parameter.rsplit("/", 1)[-1]: place.value for place in places}
    for argument in resolved.arguments:
        value = values[argument.name]
        if isinstance(argument.value, str) and isinstance(value, str):
            value = value.rstrip("\0")  # to telemetry the filling of a buffer is text
        assert same(value, argument.value), argument


def as_telemetry(telecommand: RandomTelecommand) -> str:
    types = telecommand.types.replace("ArgumentType", "ParameterType")
    parameters = "".join(
        f'<Parameter name="A{number}" parameterTypeRef="T{number}"/>'
        for number in range(len(telecommand.arguments))
    )
    entries = telecommand.entries.replace("ArgumentRefEntry", "ParameterRefEntry").replace(
        "argumentRef", "parameterRef"
    )
    return (
        f"<TelemetryMetaData><ParameterTypeSet>{types}</ParameterTypeSet><ParameterSet>{parameters}</ParameterSet>"
        f'<ContainerSet><SequenceContainer name="P"><EntryList>{entries}</EntryList></SequenceContainer>'
        "</ContainerSet></TelemetryMetaData>\n"
    )


@settings(max_examples=100)
@given(telecommand=random_telecommands(), data=st.data())
def test_a_packet_with_a_wrong_bit_is_never_taken_for_a_good_one(
    telecommand: RandomTelecommand, data: st.DataObject
) -> None:
    found = definition(telecommand, "pus-c")
    packet = bytearray(found.encode(found.resolve(telecommand.values), 5))
    bit = data.draw(st.integers(0, 8 * len(packet) - 1))
    packet[bit // 8] ^= 0x80 >> bit % 8
    with pytest.raises(CommandError):
        found.decode(bytes(packet))


@settings(max_examples=100)
@given(telecommand=random_telecommands(), noise=st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused(telecommand: RandomTelecommand, noise: bytes) -> None:
    found = definition(telecommand, "none")
    try:
        decoded = found.decode(noise)
    except CommandError:
        return
    assert found.encode(decoded.resolved, 0) == noise
