"""BCH code blocks and CLTUs (CCSDS 231.0-B-4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.bch import CodeBlockError, decode_block, encode_block
from commands.cltu import START, TAIL, decode_cltu, encode_cltu
from streams.framing.channel_coding import UP, pseudo_random

INFORMATION = st.binary(min_size=7, max_size=7)


def divided(information: bytes) -> bytes:
    """The code block by long division of polynomials, bit by bit, g(x) = x^7 + x^6 + x^2 + 1."""
    bits = [byte >> place & 1 for byte in information for place in range(7, -1, -1)] + [0] * 7
    for place in range(56):
        if bits[place]:
            for power, coefficient in enumerate([1, 1, 0, 0, 0, 1, 0, 1]):
                bits[place + power] ^= coefficient
    parity = [1 - bit for bit in bits[56:]]
    return information + bytes((int("".join(map(str, [*parity, 0])), 2),))


def flipped(data: bytes, *bits: int) -> bytes:
    found = bytearray(data)
    for bit in bits:
        found[bit // 8] ^= 0x80 >> bit % 8
    return bytes(found)


@given(information=INFORMATION)
def test_a_code_block_is_what_division_of_polynomials_gives(information: bytes) -> None:
    assert encode_block(information) == divided(information)
    assert decode_block(divided(information)) == (information, False)


def test_the_parity_of_zeros_is_ones() -> None:
    assert encode_block(bytes(7)) == bytes(7) + b"\xfe"


@given(information=INFORMATION, bit=st.integers(0, 62))
def test_a_single_wrong_bit_is_corrected_or_refused_as_asked(information: bytes, bit: int) -> None:
    damaged = flipped(encode_block(information), bit)
    assert decode_block(damaged) == (information, True)
    with pytest.raises(CodeBlockError, match="a bit is wrong"):
        decode_block(damaged, correct=False)


@given(information=INFORMATION)
def test_a_wrong_filler_bit_does_no_harm(information: bytes) -> None:
    assert decode_block(flipped(encode_block(information), 63)) == (information, False)


@given(information=INFORMATION, bits=st.lists(st.integers(0, 62), min_size=2, max_size=2, unique=True))
def test_two_wrong_bits_are_found_and_never_corrected_to_something_else(
    information: bytes, bits: list[int]
) -> None:
    with pytest.raises(CodeBlockError, match="two or more"):
        decode_block(flipped(encode_block(information), *bits))


@given(information=INFORMATION, bits=st.lists(st.integers(0, 62), min_size=3, max_size=3, unique=True))
def test_three_wrong_bits_are_found_when_nothing_is_corrected(information: bytes, bits: list[int]) -> None:
    with pytest.raises(CodeBlockError):
        decode_block(flipped(encode_block(information), *bits), correct=False)


def test_the_tail_cannot_be_decoded_not_even_with_a_wrong_bit() -> None:
    with pytest.raises(CodeBlockError):
        decode_block(TAIL)
    for bit in range(63):
        with pytest.raises(CodeBlockError):
            decode_block(flipped(TAIL, bit), correct=False)


def test_the_randomiser_is_that_of_the_standard() -> None:
    bits = "1111111100111001100111100101101001101000"  # 231.0-B-4, section 6.2: the first 40
    assert pseudo_random(5, UP) == int(bits, 2).to_bytes(5, "big")
    sequence = f"{int.from_bytes(pseudo_random(64, UP), 'big'):0512b}"
    assert sequence[:255] == sequence[255:510]  # its period
    assert all(sequence[:255] != sequence[shift : 255 + shift] for shift in range(1, 255))


def test_a_cltu_is_start_code_blocks_and_tail() -> None:
    frame = bytes(range(1, 10))
    blocks = divided(frame[:7]) + divided(frame[7:] + b"\x55" * 5)
    assert encode_cltu(frame) == bytes.fromhex("EB90") + blocks + bytes.fromhex("C5C5C5C5C5C5C579")


def test_frames_and_fill_are_randomised_before_they_are_encoded() -> None:
    frame = bytes((1, 2, 3, 4, 5))
    random = bytes(a ^ b for a, b in zip(frame + b"\x55\x55", bytes.fromhex("FF399E5A68E906"), strict=True))
    assert encode_cltu(frame, randomised=True) == START + divided(random) + TAIL


@given(frames=st.binary(min_size=1, max_size=600), randomised=st.booleans(), idle=st.binary(max_size=20))
def test_a_cltu_is_read_as_it_was_made_whatever_follows_it(
    frames: bytes, randomised: bool, idle: bytes
) -> None:
    received = decode_cltu(encode_cltu(frames, randomised=randomised) + idle, randomised=randomised)
    assert received.data == frames + b"\x55" * (-len(frames) % 7)
    assert received.corrected == 0


@given(frames=st.binary(min_size=1, max_size=60), randomised=st.booleans(), data=st.data())
def test_any_single_wrong_bit_is_corrected(frames: bytes, randomised: bool, data: st.DataObject) -> None:
    cltu = encode_cltu(frames, randomised=randomised)
    bit = data.draw(st.integers(0, 8 * len(cltu) - 1))
    received = decode_cltu(flipped(cltu, bit), randomised=randomised)
    assert received.data[: len(frames)] == frames
    in_a_block = 16 <= bit < 8 * (len(cltu) - len(TAIL))
    assert received.corrected == (1 if in_a_block and (bit - 16) % 64 != 63 else 0)


@given(frames=st.binary(min_size=1, max_size=60), data=st.data())
def test_any_single_wrong_bit_is_found_when_nothing_is_corrected(frames: bytes, data: st.DataObject) -> None:
    cltu = encode_cltu(frames)
    bit = data.draw(st.integers(0, 8 * len(cltu) - 1).filter(lambda bit: bit < 16 or (bit - 16) % 64 != 63))
    with pytest.raises(ValueError, match="CLTU"):
        decode_cltu(flipped(cltu, bit), correct=False)


@given(frames=st.binary(min_size=1, max_size=60), data=st.data())
def test_a_damaged_code_block_is_named(frames: bytes, data: st.DataObject) -> None:
    cltu = encode_cltu(frames)
    block = data.draw(st.integers(1, (len(frames) + 6) // 7))
    first = 16 + 64 * (block - 1)
    bits = data.draw(st.lists(st.integers(first, first + 62), min_size=2, max_size=2, unique=True))
    with pytest.raises(ValueError, match=f"code block {block} of the CLTU: two or more bits are wrong"):
        decode_cltu(flipped(cltu, *bits))


@pytest.mark.parametrize(
    ("cltu", "expected"),
    [
        (b"", "starts with , not with eb90"),
        (bytes.fromhex("1ACF") + TAIL, "starts with 1acf, not with eb90"),
        (START, "no tail sequence"),
        (START + encode_block(bytes(7)), "no tail sequence"),
        (START + encode_block(bytes(7)) + TAIL[:5], "no tail sequence"),
    ],
)
def test_what_is_no_cltu_is_refused_with_the_reason(cltu: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        decode_cltu(cltu)


def test_an_empty_cltu_is_not_made() -> None:
    with pytest.raises(ValueError, match="at least one transfer frame"):
        encode_cltu(b"")


@given(noise=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    try:
        received = decode_cltu(START + noise)
    except ValueError:
        return
    assert len(received.data) % 7 == 0
