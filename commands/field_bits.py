"""Fields as bits: what a raw value is in the packet, and back (XTCE 1.2, DataEncodingType)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commands.values import Raw, WrongValueError
from commands.values.raw_numbers import pattern, raw_number
from streams.decode.text import content, find_terminator
from streams.xtce.encodings import BinaryEncoding, Encoding, StringEncoding
from streams.xtce.sizes import DynamicSize, FixedSize, Size

Lookup = Callable[[str, bool], Any]
"""The value (or, with False, the raw value) of an argument or parameter by name."""


class Bits:
    """The bits of a packet, to be cut."""

    def __init__(self, packet: bytes) -> None:
        self._number = int.from_bytes(packet, "big")
        self.size = 8 * len(packet)

    def cut(self, start: int, bits: int) -> int:
        """Some bits as an unsigned number; raises WrongValueError when the packet ends before."""
        if start < 0 or start + bits > self.size:
            raise WrongValueError(f"would end at bit {start + bits}, the packet has {self.size}")
        return self._number >> (self.size - start - bits) & ((1 << bits) - 1)


def to_bits(raw: Raw, encoding: Encoding, lookup: Lookup) -> tuple[int, int]:
    """The bits of a field as an unsigned number, and how many they are.

    Raises WrongValueError for what does not fit.
    """
    if isinstance(encoding, StringEncoding | BinaryEncoding):
        assert isinstance(raw, bytes)
        size = None if encoding.size is None else size_in_bits(encoding.size, lookup)
        return _filled(raw, encoding, size) if isinstance(encoding, StringEncoding) else _exact(raw, size)
    assert not isinstance(raw, bytes)
    return pattern(raw, encoding), encoding.bits


def from_bits(packet: Bits, start: int, encoding: Encoding, lookup: Lookup) -> tuple[Raw, int]:
    """The raw value of the field at a bit, and how many bits it has; raises WrongValueError."""
    if isinstance(encoding, BinaryEncoding):
        size = size_in_bits(encoding.size, lookup)
        return _bytes(packet, start, size), size
    if isinstance(encoding, StringEncoding):
        return _text(packet, start, encoding, lookup)
    return raw_number(packet.cut(start, encoding.bits), encoding), encoding.bits


def size_in_bits(size: Size, lookup: Lookup) -> int:
    """A size; raises WrongValueError for one that is negative or no whole number of bytes."""
    if isinstance(size, FixedSize):
        return size.value
    assert isinstance(size, DynamicSize)  # lookup lists are refused when the type is read
    reference = size.reference
    value = lookup(reference.parameter, reference.calibrated)
    if isinstance(value, str | bytes):
        raise WrongValueError(f"has a size from {reference.parameter}, which is {value!r}, no number")
    bits = int(size.slope * value + size.intercept)
    if bits < 0 or bits % 8:
        raise WrongValueError(f"has a size of {bits} bits from {reference.parameter}, must be whole bytes")
    return bits


def _exact(raw: bytes, size: int | None) -> tuple[int, int]:
    if size != 8 * len(raw):
        raise WrongValueError(f"has {len(raw)} bytes, must have {(size or 0) // 8}")
    return int.from_bytes(raw, "big"), size


def _filled(raw: bytes, encoding: StringEncoding, size: int | None) -> tuple[int, int]:
    """A text with its size tag or terminator, filled up with zeros to its size."""
    tag, terminator = encoding.tag_bits or 0, encoding.terminator or b""
    if tag and len(raw) >> tag:
        raise WrongValueError(
            f"has {len(raw)} bytes, must have at most {(1 << tag) - 1}: its size tag ends there"
        )
    if size is not None and terminator and tag + 8 * len(raw) == size:
        terminator = b""  # the end of the buffer ends it
    number = len(raw) if tag else 0
    number = number << 8 * len(raw + terminator) | int.from_bytes(raw + terminator, "big")
    bits = tag + 8 * len(raw + terminator)
    most = encoding.max_bits if size is None else size
    if bits > most:
        raise WrongValueError(
            f"has {len(raw)} bytes, must have at most {max(most - tag - 8 * len(terminator), 0) // 8}"
        )
    return (number, bits) if size is None else (number << (size - bits), size)


def _text(packet: Bits, start: int, encoding: StringEncoding, lookup: Lookup) -> tuple[bytes, int]:
    if encoding.size is not None:
        size = size_in_bits(encoding.size, lookup)
        raw, fitted = content(_padded(packet, start, size), size, encoding)
        if not fitted:
            raise WrongValueError("has a size tag that is larger than its buffer")
        return (_unfilled(raw, encoding.charset), size) if _is_filled(encoding) else (raw, size)
    tag = encoding.tag_bits
    if tag is not None:
        length = packet.cut(start, tag)
        return _bytes(packet, start + tag, 8 * length), tag + 8 * length
    assert encoding.terminator is not None  # checked when the encoding was read
    rest = _bytes(packet, start, max(packet.size - start, 0) // 8 * 8)
    end = find_terminator(rest, encoding.terminator, encoding.charset)
    if end is None:
        raise WrongValueError("has no terminator before the packet ends")
    return rest[:end], 8 * (end + len(encoding.terminator))


def _bytes(packet: Bits, start: int, bits: int) -> bytes:
    return packet.cut(start, bits).to_bytes(bits // 8, "big")


def _padded(packet: Bits, start: int, bits: int) -> bytes:
    """Bits as bytes, filled up with zeros on the right."""
    return (packet.cut(start, bits) << -bits % 8).to_bytes((bits + 7) // 8, "big")


def _is_filled(encoding: StringEncoding) -> bool:
    """Whether only its zeros at the end tell the filling of a buffer from its text."""
    return encoding.terminator is None and encoding.tag_bits is None


def _unfilled(raw: bytes, charset: str) -> bytes:
    """The buffer without the NULs at its end."""
    unit = len("\0".encode(charset))
    end = len(raw) // unit * unit
    while end and not any(raw[end - unit : end]):
        end -= unit
    return raw[:end]
