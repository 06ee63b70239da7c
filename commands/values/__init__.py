"""Values of arguments and header fields: one module for each kind, each with its way there and back."""

from __future__ import annotations

from commands.values.choices import BooleanCodec, EnumeratedCodec
from commands.values.codec import Raw, ValueCodec, WrongValueError
from commands.values.numbers import NumberCodec
from commands.values.texts import BinaryCodec, TextCodec
from commands.values.times import DurationCodec, TimeCodec
from infra.errors import MissionError
from streams.xtce import (
    AbsoluteTimeType,
    ArgumentType,
    BooleanType,
    EnumeratedType,
    FloatType,
    IntegerType,
    ParameterType,
    RelativeTimeType,
)
from streams.xtce.encodings import BinaryEncoding, FloatEncoding, IntegerEncoding, StringEncoding

__all__ = ["Raw", "ValueCodec", "WrongValueError", "compile_codec"]


def compile_codec(data: ParameterType, limits: ArgumentType | None = None) -> ValueCodec:
    """The codec of a type, with the limits of an argument.

    Raises MissionError with file and line for a type without an encoding, and for what has no inverse.
    """
    encoding = data.encoding
    if isinstance(encoding, StringEncoding):
        return TextCodec(encoding, limits)
    if isinstance(encoding, BinaryEncoding):
        return BinaryCodec(encoding)
    if encoding is None:
        raise MissionError(f"{data.name} has no encoding", where=data.place, fix="add a data encoding")
    return _of_number(data, encoding, limits)


def _of_number(
    data: ParameterType, encoding: IntegerEncoding | FloatEncoding, limits: ArgumentType | None
) -> ValueCodec:
    if isinstance(data, EnumeratedType) and isinstance(encoding, IntegerEncoding):
        return EnumeratedCodec(data, encoding)
    if isinstance(data, BooleanType):
        return BooleanCodec(data)
    if isinstance(data, AbsoluteTimeType):
        return TimeCodec(data, encoding)
    if isinstance(data, RelativeTimeType):
        return DurationCodec(data, encoding)
    assert isinstance(data, IntegerType | FloatType)
    if limits is None:
        return NumberCodec(data, encoding)
    return NumberCodec(data, encoding, limits.ranges, limits.ranges_calibrated)
