"""Raw numbers to bit patterns and back, for every number encoding (XTCE 1.2, DataEncodingType).

`pattern` is the inverse of `interpret`, which telemetry is read with.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from commands.values.codec import WrongValueError, shown
from streams.decode.raw import interpret
from streams.xtce.encodings import FloatEncoding, IntegerEncoding

_DIGIT_BITS = {"BCD": 8, "packedBCD": 4}
_IEEE = {16: ">e", 32: ">f", 64: ">d"}


def limits(encoding: IntegerEncoding) -> tuple[int, int]:
    """The least and the greatest integer that an encoding holds."""
    bits, half = encoding.bits, 1 << (encoding.bits - 1)
    match encoding.scheme:
        case "unsigned":
            return 0, (1 << bits) - 1
        case "twosComplement":
            return -half, half - 1
        case "signMagnitude" | "onesComplement":
            return 1 - half, half - 1
    return 0, 10 ** (bits // _DIGIT_BITS[encoding.scheme]) - 1


def pattern(raw: int | float, encoding: IntegerEncoding | FloatEncoding) -> int:
    """The bits of a raw number as an unsigned integer, as they stand in the packet.

    A float that lies between two of its encoding becomes the nearest. Raises WrongValueError for a number
    that the encoding does not hold.
    """
    if isinstance(encoding, FloatEncoding):
        bits = _float_bits(float(raw), encoding)
    else:
        low, high = limits(encoding)
        if not low <= raw <= high:
            raise WrongValueError(f"is {shown(raw)}, must be from {low} to {high}: its encoding ends there")
        bits = _integer_bits(int(raw), encoding)
    if encoding.little:
        return int.from_bytes(bits.to_bytes(encoding.bits // 8, "big"), "little")
    return bits


def raw_number(bits: int, encoding: IntegerEncoding | FloatEncoding) -> int | float:
    """The raw number of a bit pattern; raises WrongValueError for a digit above 9."""
    values, wrong = interpret(np.array([bits], np.uint64), encoding)
    if wrong is not None and wrong[0]:
        raise WrongValueError("has a digit above 9")
    found: int | float = values[0].item()
    return found


def nearest(number: float, encoding: FloatEncoding) -> float:
    """The number as the encoding holds it; raises WrongValueError where it is too large for it."""
    if not math.isfinite(number):
        raise _too_large(number, encoding)
    return float(raw_number(pattern(number, encoding), encoding))


def _integer_bits(raw: int, encoding: IntegerEncoding) -> int:
    mask = (1 << encoding.bits) - 1
    match encoding.scheme:
        case "unsigned" | "twosComplement":
            return raw & mask
        case "signMagnitude":
            return abs(raw) | (raw < 0) << (encoding.bits - 1)
        case "onesComplement":
            return raw if raw >= 0 else mask + raw
    width = _DIGIT_BITS[encoding.scheme]
    return sum(int(digit) << (width * place) for place, digit in enumerate(reversed(str(raw))))


def _float_bits(number: float, encoding: FloatEncoding) -> int:
    if encoding.scheme == "MILSTD_1750A":
        return _mil_1750a_bits(number, encoding.bits)
    try:
        return int.from_bytes(struct.pack(_IEEE[encoding.bits], number), "big")
    except OverflowError:
        raise _too_large(number, encoding) from None


def _mil_1750a_bits(number: float, width: int) -> int:
    """MIL-STD-1750A, 4.1.7 and 4.1.8: the mantissa normalised, numbers that are too small become 0."""
    digits = 23 if width == 32 else 39  # of the mantissa after its sign
    if not math.isfinite(number):
        raise WrongValueError(f"is {number}, must be a finite number")
    fraction, exponent = math.frexp(number)
    if fraction == -0.5:  # the only number whose normal form differs from that of its magnitude
        fraction, exponent = -1.0, exponent - 1
    shift = max(-128 - exponent, 0)  # below the least exponent digits are lost
    mantissa, exponent = round(math.ldexp(fraction, digits - shift)), exponent + shift
    if mantissa == 1 << digits:  # rounded up to the next power of two
        mantissa, exponent = mantissa // 2, exponent + 1
    if mantissa == 0:
        return 0
    if exponent > 127:
        raise WrongValueError(f"is {number:g}, must be below 1.7e38: its encoding ends there")
    whole = mantissa & ((2 << digits) - 1)
    if width == 32:
        return whole << 8 | exponent & 0xFF
    return whole >> 16 << 24 | (exponent & 0xFF) << 16 | whole & 0xFFFF


def _too_large(number: float, encoding: FloatEncoding) -> WrongValueError:
    greatest = {16: "65504", 32: "3.4028e38"}.get(encoding.bits, "1.7977e308")
    return WrongValueError(f"is {number:g}, must be at most {greatest} either way: its encoding ends there")
