"""Raw values: from bit patterns to numbers, for every encoding (XTCE 1.2, 4.3.2.2.5 data encodings).

`interpret` is the one place that knows how a number is encoded. The batch decoder uses it for all fields that
are not whole big-endian words, the packet-by-packet decoder for all fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.xtce.encodings import BinaryEncoding, Encoding, FloatEncoding, IntegerEncoding, StringEncoding

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_ARROW: dict[str, pa.DataType] = {
    "u1": pa.uint8(), "u2": pa.uint16(), "u4": pa.uint32(), "u8": pa.uint64(),
    "i1": pa.int8(), "i2": pa.int16(), "i4": pa.int32(), "i8": pa.int64(),
    "f4": pa.float32(), "f8": pa.float64(),
}  # fmt: skip
_DIGITS = {"BCD": 8, "packedBCD": 4}


@dataclass(frozen=True)
class RawForm:
    """How raw values are held: a numpy type (None for strings and binaries) and an Arrow type."""

    dtype: np.dtype[np.generic] | None
    arrow: pa.DataType


def raw_form(encoding: Encoding) -> RawForm:
    """The smallest native type that holds every raw value of an encoding."""
    if isinstance(encoding, StringEncoding | BinaryEncoding):
        return RawForm(None, pa.binary())
    if isinstance(encoding, FloatEncoding):
        code = "f4" if encoding.scheme == "IEEE754" and encoding.bits <= 32 else "f8"
    else:
        sign = "u" if encoding.scheme in {"unsigned", *_DIGITS} else "i"
        code = sign + str(next(size for size in (1, 2, 4, 8) if encoding.bits <= 8 * size))
    return RawForm(np.dtype(code), _ARROW[code])


def raw_range(encoding: Encoding) -> tuple[int, int] | None:
    """The least and the greatest raw integer of an encoding; None for what is no integer."""
    if not isinstance(encoding, IntegerEncoding):
        return None
    if encoding.scheme in {"unsigned", *_DIGITS}:
        return 0, 2**encoding.bits - 1
    return -(2 ** (encoding.bits - 1)), 2 ** (encoding.bits - 1) - 1


def interpret(
    bits: npt.NDArray[np.unsignedinteger[Any]], encoding: IntegerEncoding | FloatEncoding
) -> tuple[Array, Mask | None]:
    """Raw values of bit patterns (unsigned[k], right-aligned), and which have an impossible digit (BCD)."""
    dtype = raw_form(encoding).dtype
    assert dtype is not None
    if encoding.scheme == "unsigned" and not encoding.little:
        return bits.astype(dtype, copy=False), None
    bits = bits.astype(np.uint64, copy=False)
    if encoding.little:
        bits = bits.byteswap() >> np.uint64(64 - encoding.bits)
    if isinstance(encoding, FloatEncoding):
        return _float(bits, encoding), None
    if encoding.scheme in _DIGITS:
        return _decimal(bits, encoding.bits, _DIGITS[encoding.scheme], dtype)
    if encoding.scheme == "unsigned":
        return bits.astype(dtype), None
    return _signed(bits, encoding.scheme, encoding.bits).astype(dtype), None


def _signed(bits: npt.NDArray[np.uint64], scheme: str, width: int) -> npt.NDArray[np.int64]:
    sign = np.uint64(1 << (width - 1))
    if scheme == "twosComplement":
        return ((bits ^ sign) - sign).view(np.int64)
    negative = (bits & sign) != 0
    magnitude = bits & (sign - np.uint64(1))
    if scheme == "onesComplement":
        magnitude = np.where(negative, ~bits & (sign - np.uint64(1)), magnitude)
    signed = magnitude.view(np.int64)
    return np.where(negative, -signed, signed)


def _decimal(
    bits: npt.NDArray[np.uint64], width: int, digit_bits: int, dtype: np.dtype[np.generic]
) -> tuple[Array, Mask]:
    """Binary-coded decimals; a digit above 9 counts as it stands and is reported."""
    total = np.zeros(len(bits), np.uint64)
    wrong = np.zeros(len(bits), np.bool_)
    for shift in range(width - digit_bits, -1, -digit_bits):
        digit = (bits >> np.uint64(shift)) & np.uint64(2**digit_bits - 1)
        wrong |= digit > 9
        total = total * np.uint64(10) + digit
    return total.astype(dtype), wrong


def _float(bits: npt.NDArray[np.uint64], encoding: FloatEncoding) -> Array:
    if encoding.scheme == "MILSTD_1750A":
        return _mil_1750a(bits, encoding.bits)
    if encoding.bits == 64:
        return bits.view(np.float64)
    if encoding.bits == 32:
        return bits.astype(np.uint32).view(np.float32)
    return bits.astype(np.uint16).view(np.float16).astype(np.float32)


def _mil_1750a(bits: npt.NDArray[np.uint64], width: int) -> npt.NDArray[np.float64]:
    """MIL-STD-1750A, 4.1.7 and 4.1.8: a mantissa (two's complement fraction) and an exponent of two.

    32 bits: 24 of mantissa, 8 of exponent. 48 bits: 24 of mantissa, 8 of exponent, 16 less significant of
    mantissa.
    """
    if width == 32:
        exponent, mantissa, fraction = bits & np.uint64(0xFF), bits >> np.uint64(8), 24
    else:
        exponent = (bits >> np.uint64(16)) & np.uint64(0xFF)
        mantissa = (bits >> np.uint64(24)) << np.uint64(16) | (bits & np.uint64(0xFFFF))
        fraction = 40
    power = _signed(exponent, "twosComplement", 8) - (fraction - 1)
    return np.ldexp(_signed(mantissa, "twosComplement", fraction).astype(np.float64), power.astype(np.int32))
