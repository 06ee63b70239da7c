"""Random telecommands: arguments of every kind and encoding, with values that they can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import telecommand_text as tc
from hypothesis import strategies as st

from commands.values.times import iso_time

CHARSETS = ("US-ASCII", "UTF-8", "ISO-8859-1", "UTF-16LE", "UTF-16BE", "UTF-32")
_LETTERS = st.characters(codec="ascii", exclude_characters="\0")


@dataclass(frozen=True)
class RandomArgument:
    """The XTCE of a type named `T<number>`, and what may be given; entries stand before its own."""

    type_text: str
    values: st.SearchStrategy[Any]
    is_float_time: bool = False


def _integer_values(bits: int, scheme: str) -> tuple[int, int]:
    match scheme:
        case "unsigned":
            return 0, 2**bits - 1
        case "twosComplement":
            return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        case "signMagnitude" | "onesComplement":
            return -(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1
        case "BCD":
            return 0, 10 ** (bits // 8) - 1
    return 0, 10 ** (bits // 4) - 1


@st.composite
def integers(draw: st.DrawFn, name: str) -> RandomArgument:
    scheme = draw(
        st.sampled_from(["unsigned", "twosComplement", "signMagnitude", "onesComplement", "BCD", "packedBCD"])
    )
    step = {"BCD": 8, "packedBCD": 4}.get(scheme, 1)
    bits = step * draw(st.integers(1, 64 // step))
    attributes = f'encoding="{scheme}"'
    if bits > 8 and bits % 8 == 0 and draw(st.booleans()):
        attributes += ' byteOrder="leastSignificantByteFirst"'
    low, high = _integer_values(bits, scheme)
    exact = st.integers(low, high)
    given = st.one_of(exact, exact.map(str), exact.map(lambda n: f"{'-' * (n < 0)}{abs(n):#x}"))
    return RandomArgument(tc.integer(name, bits, encoding=attributes), given)


@st.composite
def calibrated(draw: st.DrawFn, name: str) -> RandomArgument:
    bits = draw(st.integers(1, 24))
    start, slope = draw(st.integers(-1000, 1000)), draw(st.sampled_from([0.01, -0.5, 3.0, 0.0625]))
    curve = draw(st.sampled_from([0.0, math.copysign(1e-9, slope)]))
    calibrator = tc.polynomial(float(start), slope, curve)
    kind = f'<FloatArgumentType name="{name}"><IntegerDataEncoding sizeInBits="{bits}">{calibrator}'
    values = st.integers(0, 2**bits - 1).map(lambda raw: (curve * raw + slope) * raw + start)
    return RandomArgument(f"{kind}</IntegerDataEncoding></FloatArgumentType>\n", values)


@st.composite
def floats(draw: st.DrawFn, name: str) -> RandomArgument:
    scheme, bits = draw(
        st.sampled_from(
            [
                ("IEEE754_1985", 16),
                ("IEEE754", 32),
                ("IEEE754", 64),
                ("MILSTD_1750A", 32),
                ("MILSTD_1750A", 48),
            ]
        )
    )
    order = draw(st.sampled_from(["", ' byteOrder="leastSignificantByteFirst"']))
    kind = f'<FloatArgumentType name="{name}">'
    kind += f'<FloatDataEncoding sizeInBits="{bits}" encoding="{scheme}"{order}/></FloatArgumentType>\n'
    largest = {("IEEE754_1985", 16): 65504.0, ("IEEE754", 32): 3e38, ("IEEE754", 64): 1.7e308}.get(
        (scheme, bits), 1e38
    )
    return RandomArgument(kind, st.floats(-largest, largest))


@st.composite
def labels(draw: st.DrawFn, name: str) -> RandomArgument:
    raws = draw(st.lists(st.integers(0, 200), min_size=1, max_size=5, unique=True))
    found = [f"L{number}" for number in range(len(raws))]
    inside = "".join(
        f'<Enumeration value="{raw}" label="{label}"/>' for raw, label in zip(raws, found, strict=True)
    )
    kind = f'<EnumeratedArgumentType name="{name}"><IntegerDataEncoding sizeInBits="8"/>'
    kind += f"<EnumerationList>{inside}</EnumerationList></EnumeratedArgumentType>\n"
    return RandomArgument(kind, st.sampled_from(found))


@st.composite
def booleans(draw: st.DrawFn, name: str) -> RandomArgument:
    bits = draw(st.integers(1, 16))
    kind = f'<BooleanArgumentType name="{name}" oneStringValue="OPEN" zeroStringValue="SHUT">'
    kind += f'<IntegerDataEncoding sizeInBits="{bits}"/></BooleanArgumentType>\n'
    return RandomArgument(kind, st.sampled_from([True, False, "OPEN", "shut", 1, "0"]))


@st.composite
def texts(draw: st.DrawFn, name: str) -> RandomArgument:
    charset = draw(st.sampled_from(CHARSETS))
    unit = {"UTF-16LE": 2, "UTF-16BE": 2, "UTF-32": 4}.get(charset, 1)
    room = draw(st.integers(1, 12))
    ending = draw(st.sampled_from(["", "<TerminationChar/>", '<LeadingSize sizeInBitsOfSizeTag="16"/>']))
    if ending and draw(st.booleans()):
        size = f'<Variable maxSizeInBits="4096">{ending}</Variable>'
    else:
        bits = 8 * unit * room + (16 if "Leading" in ending else 0)
        size = f"<SizeInBits><Fixed><FixedValue>{bits}</FixedValue></Fixed>{ending}</SizeInBits>"
    kind = f'<StringArgumentType name="{name}"><StringDataEncoding encoding="{charset}">{size}'
    return RandomArgument(
        f"{kind}</StringDataEncoding></StringArgumentType>\n", st.text(_LETTERS, max_size=room)
    )


@st.composite
def binaries(draw: st.DrawFn, name: str) -> RandomArgument:
    size = draw(st.integers(1, 20))
    kind = f'<BinaryArgumentType name="{name}"><BinaryDataEncoding><SizeInBits><FixedValue>{8 * size}'
    kind += "</FixedValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>\n"
    return RandomArgument(kind, st.binary(min_size=size, max_size=size).map(bytes.hex))


@st.composite
def times(draw: st.DrawFn, name: str) -> RandomArgument:
    epoch = draw(st.sampled_from(["GPS", "TAI", "J2000", "UNIX", "2000-01-01T00:00:00Z"]))
    scale = draw(st.sampled_from(["1", "1e-3", "1e-6", "0.25"]))
    is_float = draw(st.booleans())
    encoding = f'<{"Float" if is_float else "Integer"}DataEncoding sizeInBits="64"/>'
    kind = f'<AbsoluteTimeArgumentType name="{name}"><Encoding scale="{scale}">{encoding}</Encoding>'
    kind += f"<ReferenceTime><Epoch>{epoch}</Epoch></ReferenceTime></AbsoluteTimeArgumentType>\n"
    years = st.integers(946_728_000 * 10**9, 4_000_000_000 * 10**9)  # 2000 to 2096
    return RandomArgument(kind, years.map(iso_time), is_float)


@st.composite
def durations(draw: st.DrawFn, name: str) -> RandomArgument:
    scale = draw(st.sampled_from(["1", "0.001", "0.5"]))
    kind = f'<RelativeTimeArgumentType name="{name}"><Encoding scale="{scale}" offset="2">'
    kind += '<IntegerDataEncoding sizeInBits="32" encoding="twosComplement"/></Encoding>'
    kind += "</RelativeTimeArgumentType>\n"
    seconds = st.integers(-1000, 100_000)
    return RandomArgument(kind, st.one_of(seconds, st.integers(0, 10**5).map(lambda n: f"PT{n}S")))


KINDS = (integers, calibrated, floats, labels, booleans, texts, binaries, times, durations)


@dataclass(frozen=True)
class RandomTelecommand:
    """Types, arguments and entries of a telecommand, and the values of its arguments."""

    arguments: tuple[RandomArgument, ...]
    entries: str
    values: dict[str, Any]

    @property
    def types(self) -> str:
        return "".join(argument.type_text for argument in self.arguments)

    @property
    def argument_list(self) -> str:
        return "".join(tc.argument(f"A{number}", f"T{number}") for number in range(len(self.arguments)))


@st.composite
def random_telecommands(draw: st.DrawFn, *, fixed: bool = True) -> RandomTelecommand:
    """Up to six arguments in any order, with fixed values and gaps between them."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    arguments = tuple(draw(kind(f"T{number}")) for number, kind in enumerate(kinds))
    entries = []
    for number in range(len(arguments)):
        if fixed and draw(st.booleans()):
            bits = draw(st.integers(1, 40))
            value = draw(st.integers(0, 2**bits - 1))
            entries.append(f'<FixedValueEntry binaryValue="{value:02X}" sizeInBits="{bits}"/>')
        gap = draw(st.integers(0, 9))
        location = f"<LocationInContainerInBits><FixedValue>{gap}</FixedValue></LocationInContainerInBits>"
        entries.append(
            f'<ArgumentRefEntry argumentRef="A{number}">{location if gap else ""}</ArgumentRefEntry>'
        )
    values = {f"A{number}": draw(argument.values) for number, argument in enumerate(arguments)}
    return RandomTelecommand(arguments, "\n".join(entries), values)
