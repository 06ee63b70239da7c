"""Finding telecommand packets in whatever a modem hears."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.kestrel import pus, telecommand

from infra.simulator.telecommands import NAMES
from infra.simulator.uplink import MAX_SIZE, Heard, Kind, PacketFinder, checksum

PACKETS = [telecommand(name, count=number) for number, name in enumerate(sorted(NAMES))]

packets = st.sampled_from(PACKETS)
harmless = st.binary(max_size=40).map(lambda data: bytes(byte & 0x07 for byte in data))  # no header begins so
noise = st.binary(max_size=40)


def heard(data: bytes, cuts: list[int] | None = None) -> list[Heard]:
    """What is found when the data come in pieces."""
    finder, edges = PacketFinder(), sorted({0, len(data), *(cuts or [])} & set(range(len(data) + 1)))
    return [one for start, end in itertools.pairwise(edges) for one in finder.feed(data[start:end])]


def found(data: bytes, cuts: list[int] | None = None) -> list[bytes]:
    return [one.data for one in heard(data, cuts) if one.kind is Kind.PACKET]


def test_the_checksum_is_that_of_the_standard() -> None:
    """The examples of ECSS-E-ST-70-41C, annex B.1.5."""
    for data, expected in (
        ("0000", 0x1D0F), ("000000", 0xCC9C), ("abcdef01", 0x04A2), ("1456f89a0001", 0x7FD5),
    ):  # fmt: skip
        assert checksum(bytes.fromhex(data)) == expected


@given(st.lists(packets, max_size=8), st.lists(st.integers(0, 400), max_size=12))
def test_packets_back_to_back_are_found_however_they_are_cut(sent: list[bytes], cuts: list[int]) -> None:
    assert found(b"".join(sent), cuts) == sent


@given(
    st.lists(st.tuples(harmless, packets), max_size=6), harmless, st.lists(st.integers(0, 600), max_size=9)
)
def test_packets_are_found_between_garbage(
    sent: list[tuple[bytes, bytes]], end: bytes, cuts: list[int]
) -> None:
    data = b"".join(garbage + packet for garbage, packet in sent) + end
    assert found(data, cuts) == [packet for _, packet in sent]


@given(noise, packets, packets)
def test_after_any_noise_a_packet_is_found_as_soon_as_the_next_one_comes(
    garbage: bytes, first: bytes, second: bytes
) -> None:
    assert found(garbage + first + second)[-2:] == [first, second]


@given(st.lists(st.one_of(noise, packets), max_size=10), st.lists(st.integers(0, 400), max_size=9))
def test_every_byte_is_heard_once_or_still_waits(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    told = b"".join(one.data for one in heard(data, cuts))
    assert data.startswith(told)
    assert len(data) - len(told) < MAX_SIZE


@given(packets, packets, st.data())
def test_a_truncated_packet_costs_only_itself(first: bytes, second: bytes, data: st.DataObject) -> None:
    keep = data.draw(st.integers(1, len(first) - 1))
    assume(first[keep:] != second[: len(first) - keep])  # else the next packet's first bytes complete it
    assert found(first[:keep] + second) == [second]


@given(packets, packets, st.data())
def test_a_flipped_bit_is_never_a_packet_and_the_next_one_is_found(
    first: bytes, second: bytes, data: st.DataObject
) -> None:
    bit = data.draw(st.integers(0, 8 * len(first) - 1))
    broken = bytearray(first)
    broken[bit // 8] ^= 0x80 >> bit % 8
    assert found(bytes(broken) + second + second) == [second, second]


def test_a_packet_of_ours_with_a_wrong_checksum_is_told_as_broken() -> None:
    broken = bytearray(telecommand("SET_BEACON_TEXT"))
    broken[20] ^= 1
    assert heard(bytes(broken)) == [(Kind.BROKEN, bytes(broken))]


def test_a_packet_for_another_process_is_found_and_its_damage_is_garbage() -> None:
    other = pus(17, 1, apid=201)
    assert found(other) == [other]
    damaged = other[:-1] + b"\0"
    assert {one.kind for one in heard(damaged)} == {Kind.GARBAGE}


def test_a_header_that_claims_more_than_any_telecommand_is_garbage() -> None:
    packet = bytearray(telecommand("PING"))
    packet[4:6] = (MAX_SIZE - 6).to_bytes(2, "big")
    assert {one.kind for one in heard(bytes(packet))} == {Kind.GARBAGE}


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_without_end_are_taken_in_their_stride(seed: int) -> None:
    finder, chance = PacketFinder(), random.Random(seed)
    for _ in range(50):
        for one in finder.feed(chance.randbytes(1000)):
            assert one.kind is not Kind.PACKET
    assert found(chance.randbytes(1000) + PACKETS[0] + PACKETS[1])[-2:] == PACKETS[:2]
