"""Texts and binaries as bits: tags, terminators, filling, and sizes that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from commands.field_bits import Bits, from_bits, size_in_bits, to_bits
from commands.values import WrongValueError
from streams.xtce.conditions import Reference
from streams.xtce.encodings import BinaryEncoding, StringEncoding
from streams.xtce.sizes import DynamicSize, FixedSize, Size


def lookup(name: str, calibrated: bool) -> Any:
    return {("N", True): 3, ("N", False): 12, ("LABEL", True): "SAFE"}[name, calibrated]


def string(
    size: Size | None = None,
    terminator: bytes | None = None,
    tag_bits: int | None = None,
    charset: str = "utf-8",
) -> StringEncoding:
    return StringEncoding(size, 80, charset, terminator, tag_bits, "x:1")


def dynamic(
    name: str = "N", slope: float = 8.0, intercept: float = 0.0, calibrated: bool = True
) -> DynamicSize:
    return DynamicSize(Reference(name, calibrated, "x:1"), slope, intercept, "x:1")


FORMS = {
    "filled with zeros": (string(FixedSize(32)), b"ab", "61620000"),
    "as long as its buffer": (string(FixedSize(16)), b"ab", "6162"),
    "ended and filled": (string(FixedSize(32), terminator=b"\r\n"), b"a", "610d0a00"),
    "ended by its buffer": (string(FixedSize(16), terminator=b"\0"), b"ab", "6162"),
    "ended": (string(terminator=b"\r\n"), b"ab", "61620d0a"),
    "empty and ended": (string(terminator=b"\0"), b"", "00"),
    "tagged": (string(tag_bits=8), b"ab", "026162"),
    "tagged and filled": (string(FixedSize(40), tag_bits=16), b"ab", "0002616200"),
    "of another's size": (string(dynamic()), b"ab", "616200"),
    "of another's raw size": (string(dynamic(slope=2.0, calibrated=False)), b"abc", "616263"),
    "wide, ended": (
        string(terminator=b"\0\0", charset="utf-16-be"),
        "\u6100\u0061".encode("utf-16-be"),
        "610000610000",
    ),
    "wide, filled": (string(FixedSize(48), charset="utf-16-le"), b"a\0", "610000000000"),
    "bytes": (BinaryEncoding(FixedSize(16), "x:1"), b"\x01\x02", "0102"),
    "bytes of another's size": (BinaryEncoding(dynamic(intercept=-8.0), "x:1"), b"\x01\x02", "0102"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_text_or_binary_is_written_and_read_again(form: str) -> None:
    encoding, raw, expected = FORMS[form]
    number, bits = to_bits(raw, encoding, lookup)
    assert number.to_bytes(bits // 8, "big").hex() == expected
    shifted = Bits(((0b101 << bits | number) << 5).to_bytes(bits // 8 + 1, "big"))
    assert from_bits(shifted, 3, encoding, lookup) == (raw, bits)


WRONG = {
    "too long for its tag": (string(tag_bits=4), bytes(16), "must have at most 15: its size tag ends there"),
    "too long for its buffer": (string(FixedSize(16)), b"abc", "has 3 bytes, must have at most 2"),
    "no room for half a terminator": (
        string(FixedSize(24), terminator=b"\r\n"),
        b"ab",
        "must have at most 1",
    ),
    "too long for its largest size": (
        string(terminator=b"\0"),
        bytes(10),
        "has 10 bytes, must have at most 9",
    ),
    "too long for another's size": (string(dynamic()), b"abcd", "has 4 bytes, must have at most 3"),
    "not of another's size": (BinaryEncoding(dynamic(), "x:1"), b"ab", "has 2 bytes, must have 3"),
    "of half a byte": (
        BinaryEncoding(dynamic(slope=4.0), "x:1"),
        b"ab",
        "a size of 12 bits from N, must be whole bytes",
    ),
    "of a negative size": (BinaryEncoding(dynamic(slope=-8.0), "x:1"), b"ab", "a size of -24 bits from N"),
    "of a label's size": (
        BinaryEncoding(dynamic("LABEL"), "x:1"),
        b"ab",
        "a size from LABEL, which is 'SAFE', no number",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str) -> None:
    encoding, raw, expected = WRONG[case]
    with pytest.raises(WrongValueError, match=expected):
        to_bits(raw, encoding, lookup)


TORN = {
    "a buffer beyond the packet": (string(FixedSize(32)), "616263", "would end at bit 32, the packet has 24"),
    "no terminator": (string(terminator=b"\0"), "616263", "no terminator before the packet ends"),
    "a tag beyond the packet": (string(tag_bits=8), "0561", "would end at bit 48"),
    "a tag beyond its buffer": (
        string(FixedSize(16), tag_bits=8),
        "0561",
        "a size tag that is larger than its buffer",
    ),
    "bytes beyond the packet": (BinaryEncoding(dynamic(), "x:1"), "0102", "would end at bit 24"),
}


@pytest.mark.parametrize("case", TORN)
def test_a_field_that_is_torn_is_refused(case: str) -> None:
    encoding, packet, expected = TORN[case]
    with pytest.raises(WrongValueError, match=expected):
        from_bits(Bits(bytes.fromhex(packet)), 0, encoding, lookup)


def test_a_fixed_size_is_itself() -> None:
    assert size_in_bits(FixedSize(40), lookup) == 40
