"""Random databases and random packets: both decoders agree, and agree with values written bit by bit."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xtce_text as xml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.decode import Decoded, Decoder, compile_decoder

KEY = "KEY"


@dataclass(frozen=True)
class Field:
    """One parameter: its type as XTCE, how a raw value is written, and the value that it means."""

    tag: str
    bits: int
    type_xml: Callable[[str], str]
    raws: st.SearchStrategy[Any]
    pattern: Callable[[Any], int]
    value: Callable[[Any], Any]


@dataclass(frozen=True)
class Meaning:
    """What an integer means: inside of its encoding, type, rest of the type, value of a raw value."""

    inside: str = ""
    tag: str = "IntegerParameterType"
    rest: str = ""
    value: Callable[[Any], Any] = lambda raw: raw


def integer_type(bits: int, encoding: str, order: str, meaning: Meaning) -> Callable[[str], str]:
    def text(name: str) -> str:
        byte_order = f' byteOrder="{order}"' if order else ""
        return (
            f'<{meaning.tag} name="{name}">'
            f'<IntegerDataEncoding sizeInBits="{bits}" encoding="{encoding}"{byte_order}>'
            f"{meaning.inside}</IntegerDataEncoding>{meaning.rest}</{meaning.tag}>"
        )

    return text


def float_type(bits: int, encoding: str, order: str = "") -> Callable[[str], str]:
    byte_order = f' byteOrder="{order}"' if order else ""
    return lambda name: (
        f'<FloatParameterType name="{name}">'
        f'<FloatDataEncoding sizeInBits="{bits}" encoding="{encoding}"{byte_order}/></FloatParameterType>'
    )


def same(raw: Any) -> Any:
    return raw


def swapped(pattern: int, bits: int) -> int:
    return int.from_bytes(pattern.to_bytes(bits // 8, "big"), "little")


def signed_pattern(raw: int, bits: int, encoding: str) -> int:
    if raw >= 0:
        return raw
    return {
        "twosComplement": raw + (1 << bits),
        "onesComplement": ((1 << bits) - 1) ^ -raw,
        "signMagnitude": (1 << (bits - 1)) | -raw,
    }[encoding]


@st.composite
def integers(draw: st.DrawFn) -> Field:
    """All integer encodings, with and without a calibrator, as integer, float or time type."""
    encoding = draw(st.sampled_from(["unsigned", "twosComplement", "onesComplement", "signMagnitude"]))
    bits = draw(st.one_of(st.integers(1, 64), st.sampled_from([8, 16, 32, 64])))
    little = bits % 8 == 0 and draw(st.booleans())
    low, high = 0, (1 << bits) - 1
    if encoding != "unsigned":
        high = (1 << (bits - 1)) - 1
        low = -high - (encoding == "twosComplement")
    meaning = draw(st.one_of(meanings(low, high)))

    def pattern(raw: int) -> int:
        big = signed_pattern(raw, bits, encoding)
        return swapped(big, bits) if little and bits > 8 else big

    order = "leastSignificantByteFirst" if little else ""
    text = integer_type(bits, encoding, order, meaning)
    return Field(meaning.tag, bits, text, st.integers(low, high), pattern, meaning.value)


def meanings(low: int, high: int) -> list[st.SearchStrategy[Meaning]]:
    plain = st.just(Meaning())
    widened = st.just(Meaning(tag="FloatParameterType", value=float))
    boolean = st.just(Meaning(tag="BooleanParameterType", value=bool))
    return [plain, plain, widened, boolean, polynomials(), splines(), enumerations(low, high), times()]


@st.composite
def polynomials(draw: st.DrawFn) -> Meaning:
    coefficients = draw(st.lists(st.integers(-1000, 1000).map(lambda n: n / 8), min_size=1, max_size=3))
    terms = "".join(f'<Term coefficient="{c!r}" exponent="{i}"/>' for i, c in enumerate(coefficients))
    inside = f"<DefaultCalibrator><PolynomialCalibrator>{terms}</PolynomialCalibrator></DefaultCalibrator>"
    tag = draw(st.sampled_from(["IntegerParameterType", "FloatParameterType"]))
    return Meaning(
        inside, tag, "", lambda raw: float(sum(Fraction(c) * raw**i for i, c in enumerate(coefficients)))
    )


@st.composite
def splines(draw: st.DrawFn) -> Meaning:
    xs = sorted(draw(st.sets(st.integers(-300, 300), min_size=2, max_size=5)))
    points = [(x, draw(st.integers(-99, 99))) for x in xs]
    order, extrapolate = draw(st.integers(0, 1)), draw(st.booleans())
    inner = "".join(f'<SplinePoint raw="{x}" calibrated="{y}"/>' for x, y in points)
    beyond = str(extrapolate).lower()
    spline = f'<SplineCalibrator order="{order}" extrapolate="{beyond}">{inner}</SplineCalibrator>'

    def value(raw: int) -> float | None:
        if not extrapolate and not xs[0] <= raw <= xs[-1]:
            return None
        piece = max((i for i, x in enumerate(xs) if x <= raw), default=0)
        if order == 0:
            return float(points[piece][1])
        (x0, y0), (x1, y1) = points[min(piece, len(xs) - 2)], points[min(piece, len(xs) - 2) + 1]
        return float(y0 + Fraction(y1 - y0, x1 - x0) * (raw - x0))

    return Meaning(f"<DefaultCalibrator>{spline}</DefaultCalibrator>", "FloatParameterType", "", value)


@st.composite
def enumerations(draw: st.DrawFn, low: int, high: int) -> Meaning:
    edges = sorted(draw(st.sets(st.integers(max(low, -40), min(high, 40)), min_size=1, max_size=6)))
    labels = {edge: f"L{number % 3}" for number, edge in enumerate(edges)}
    inner = "".join(f'<Enumeration value="{edge}" label="{label}"/>' for edge, label in labels.items())
    extra = f"<EnumerationList>{inner}</EnumerationList>"
    return Meaning("", "EnumeratedParameterType", extra, lambda raw: labels.get(raw, f"UNDEFINED({raw})"))


@st.composite
def times(draw: st.DrawFn) -> Meaning:
    """Relative times: seconds as a float."""
    scale = draw(st.sampled_from(["1", "0.5", "0.0009765625"]))
    # The encoding of a time type stands inside of an Encoding element.
    return Meaning(
        "", f"RelativeTimeParameterType:{scale}", "", lambda raw: float(Fraction(raw) * Fraction(scale))
    )


@st.composite
def floats(draw: st.DrawFn) -> Field:
    bits = draw(st.sampled_from([16, 32, 64]))
    little = draw(st.booleans())
    code = {16: "e", 32: "f", 64: "d"}[bits]

    def pattern(raw: float) -> int:
        return int.from_bytes(struct.pack(("<" if little else ">") + code, raw), "big")

    text = float_type(bits, "IEEE754_1985", "leastSignificantByteFirst" if little else "")
    return Field("FloatParameterType", bits, text, st.floats(width=bits), pattern, same)


@st.composite
def mil_floats(draw: st.DrawFn) -> Field:
    bits = draw(st.sampled_from([32, 48]))
    size = 24 if bits == 32 else 40
    raws = st.tuples(st.integers(-(1 << (size - 1)), (1 << (size - 1)) - 1), st.integers(-128, 127)).map(
        lambda pair: math.ldexp(pair[0], pair[1] - size + 1)
    )

    def pattern(raw: float) -> int:
        exponent = min(max(math.frexp(raw)[1], -128), 127)
        whole = int(Fraction(raw) / Fraction(2) ** (exponent - size + 1))
        mantissa_bits, exponent_bits = whole % (1 << size), exponent % 256
        if bits == 32:
            return mantissa_bits << 8 | exponent_bits
        return (mantissa_bits >> 16) << 24 | exponent_bits << 16 | mantissa_bits & 0xFFFF

    return Field("FloatParameterType", bits, float_type(bits, "MILSTD_1750A"), raws, pattern, same)


@st.composite
def decimals(draw: st.DrawFn) -> Field:
    encoding, per_digit = draw(st.sampled_from([("packedBCD", 4), ("BCD", 8)]))
    digits = draw(st.integers(1, 64 // per_digit))
    bits = digits * per_digit

    def pattern(raw: int) -> int:
        return sum((raw // 10**place % 10) << (per_digit * place) for place in range(digits))

    text = integer_type(bits, encoding, "", Meaning())
    return Field("IntegerParameterType", bits, text, st.integers(0, 10**digits - 1), pattern, same)


@st.composite
def binaries(draw: st.DrawFn) -> Field:
    """Binaries of any number of bits; the raw value is filled up with zeros on the right."""
    bits = draw(st.integers(1, 90))
    fill = -bits % 8
    raws = st.integers(0, (1 << bits) - 1).map(
        lambda number: (number << fill).to_bytes((bits + 7) // 8, "big")
    )
    text = (
        '<BinaryParameterType name="{}"><BinaryDataEncoding><SizeInBits>'
        f"<FixedValue>{bits}</FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>"
    )
    return Field(
        "BinaryParameterType", bits, text.format, raws, lambda raw: int.from_bytes(raw, "big") >> fill, same
    )


@st.composite
def strings(draw: st.DrawFn) -> Field:
    """Strings of fixed size, whole or up to a terminator, of any bytes."""
    size = draw(st.integers(1, 12))
    terminated = draw(st.booleans())
    end = "<TerminationChar>00</TerminationChar>" if terminated else ""
    text = (
        '<StringParameterType name="{}"><StringDataEncoding encoding="UTF-8"><SizeInBits>'
        f"<Fixed><FixedValue>{8 * size}</FixedValue></Fixed>{end}"
        "</SizeInBits></StringDataEncoding></StringParameterType>"
    )

    def value(raw: bytes) -> str:
        return (raw.split(b"\0")[0] if terminated else raw).decode("utf-8", "backslashreplace")

    raws = st.binary(min_size=size, max_size=size)
    return Field(
        "StringParameterType", 8 * size, text.format, raws, lambda raw: int.from_bytes(raw, "big"), value
    )


FIELDS = st.one_of(integers(), integers(), floats(), mil_floats(), decimals(), binaries(), strings())


@dataclass(frozen=True)
class Spec:
    """A root with an 8-bit key between its fields, and children by key; child 2 extends child 1."""

    before: tuple[Field, ...]
    after: tuple[Field, ...]
    children: tuple[tuple[Field, ...], ...]

    def chain(self, child: int) -> list[tuple[str, Field]]:
        own = [*([self.children[0]] if child == 1 else []), self.children[child]]
        named = [("A", self.before), ("K", (KEY_FIELD,)), ("B", self.after)]
        numbers = [0, 1] if child == 1 else [child]
        named += [(f"C{number}_", fields) for number, fields in zip(numbers, own, strict=True)]
        return [
            (KEY if prefix == "K" else f"{prefix}{index}", field)
            for prefix, fields in named
            for index, field in enumerate(fields)
        ]

    def text(self) -> str:
        groups = {"A": self.before, "B": self.after} | {
            f"C{number}_": fields for number, fields in enumerate(self.children)
        }
        types, parameters, entries = [xml.integer("KeyType")], [xml.parameter(KEY, "KeyType")], {}
        for prefix, fields in groups.items():
            for index, field in enumerate(fields):
                types.append(timed(field.type_xml(f"{prefix}{index}Type")))
                parameters.append(xml.parameter(f"{prefix}{index}", f"{prefix}{index}Type"))
            entries[prefix] = "".join(xml.entry(f"{prefix}{index}") for index in range(len(fields)))
        containers = [xml.container("Root", entries["A"] + xml.entry(KEY) + entries["B"], abstract=True)]
        for number in range(len(self.children)):
            base = "Child0" if number == 1 else "Root"
            if number == 1:
                criteria = f"<ComparisonList>{xml.comparison(KEY, 200, '>=')}</ComparisonList>"
            elif number == 0:
                criteria = xml.comparison(KEY, 100, ">=")
            else:
                criteria = xml.comparison(KEY, number)
            containers.append(xml.container(f"Child{number}", entries[f"C{number}_"], base, criteria))
        return xml.system(xml.telemetry("\n".join(types), "\n".join(parameters), "\n".join(containers)))


KEYS = {0: 150, 1: 230, 2: 2, 3: 3}
KEY_FIELD = Field("IntegerParameterType", 8, lambda name: "", st.nothing(), same, same)


def timed(type_xml: str) -> str:
    """`RelativeTimeParameterType:<scale>` as a time type, with its encoding in an Encoding element."""
    if "RelativeTimeParameterType:" not in type_xml:
        return type_xml
    scale = type_xml.split("RelativeTimeParameterType:")[1].split(" ", maxsplit=1)[0]
    plain = type_xml.replace(f"RelativeTimeParameterType:{scale}", "RelativeTimeParameterType")
    return plain.replace("<IntegerDataEncoding", f'<Encoding scale="{scale}"><IntegerDataEncoding').replace(
        "</IntegerDataEncoding>", "</IntegerDataEncoding></Encoding>"
    )


GROUP = st.lists(FIELDS, max_size=4).map(tuple)
SPECS = st.builds(Spec, GROUP, GROUP, st.lists(GROUP, min_size=2, max_size=4).map(tuple))
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agreement")


def compiled(folder: Path, spec: Spec) -> Decoder:
    return compile_decoder(xml.load(folder, spec.text()))


def assert_same(ours: Decoded, theirs: Decoded) -> None:
    assert ours.faults == theirs.faults
    assert [table.packet_type.name for table in ours.tables] == [
        table.packet_type.name for table in theirs.tables
    ]
    for one, other in zip(ours.tables, theirs.tables, strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.batch.schema == other.batch.schema
        for name in one.batch.schema.names:
            assert bits_of(one.batch.column(name)) == bits_of(other.batch.column(name)), name


def bits_of(array: pa.Array) -> list[Any]:
    """The values, floats as they are written, so that NaN equals NaN."""
    return [struct.pack(">d", value) if isinstance(value, float) else value for value in array.to_pylist()]


@given(spec=SPECS, data=st.data())
@SLOW
def test_batches_and_single_packets_decode_alike_whatever_the_bytes(
    folder: Path, spec: Spec, data: st.DataObject
) -> None:
    decoder = compiled(folder, spec)
    largest = max((kind.size_bits or 0) for kind in decoder.packet_types) // 8 + 2
    packets = data.draw(st.lists(st.binary(max_size=largest), max_size=8))
    whole = data.draw(st.lists(st.binary(min_size=largest, max_size=largest), max_size=4))
    extreme = data.draw(st.lists(st.binary(min_size=1, max_size=3), max_size=4))  # NaN, impossible digits
    strange = [(b"\xff\xf8\x7f" + part) * largest for part in extreme]
    arguments = xml.batch(*packets, *whole, *(packet[:largest] for packet in strange))
    assert_same(decoder.decode(*arguments), decoder.decode_each(*arguments))


@given(spec=SPECS, data=st.data())
@SLOW
def test_values_written_bit_by_bit_are_decoded(folder: Path, spec: Spec, data: st.DataObject) -> None:
    decoder = compiled(folder, spec)
    child = data.draw(st.integers(0, len(spec.children) - 1))
    chain = spec.chain(child)
    packets, raws = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        writer = xml.BitWriter()
        raw = {name: KEYS[child] if name == KEY else data.draw(field.raws, name) for name, field in chain}
        for name, field in chain:
            writer.put(field.pattern(raw[name]), field.bits)
        packets.append(writer.packet())
        raws.append(raw)
    for decode in (decoder.decode, decoder.decode_each):
        result = decode(*xml.batch(*packets))
        assert [fault for fault in result.faults if fault.stage == "packet"] == []
        (table,) = result.tables
        assert table.packet_type.name == f"Child{child}"
        for row, raw in enumerate(raws):
            check_row(table.batch, row, chain, raw)


def check_row(batch: pa.RecordBatch, row: int, chain: list[tuple[str, Field]], raws: dict[str, Any]) -> None:
    for name, field in chain:
        raw_name = f"{name}__raw" if f"{name}__raw" in batch.schema.names else name
        check(batch.column(raw_name)[row].as_py(), raws[name], exact=True)
        check(batch.column(name)[row].as_py(), field.value(raws[name]), exact=False)


def check(ours: Any, expected: Any, exact: bool) -> None:
    if isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(ours)
    elif isinstance(expected, float) and not exact:
        assert ours is not None
        assert math.isclose(ours, expected, rel_tol=1e-9, abs_tol=1e-6)
    else:
        assert ours == expected


@given(spec=SPECS, packet=st.binary(max_size=60))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_located_fields_are_the_bits_of_the_packet(folder: Path, spec: Spec, packet: bytes) -> None:
    decoder = compiled(folder, spec)
    result = decoder.decode(*xml.batch(packet))
    places = decoder.locate(packet)
    assert bool(places) == bool(result.tables)
    if not places:
        return
    position = 0
    for place in places:
        assert place.bit_offset == position
        position += place.bit_size
    by_name = dict(zip(result.tables[0].batch.schema.names, result.tables[0].batch.columns, strict=True))
    for place in places:
        (value,) = bits_of(by_name[place.column])
        shown = struct.pack(">d", place.value) if isinstance(place.value, float) else place.value
        assert shown == value


def test_packets_at_equal_distances_and_scattered_ones_decode_alike(folder: Path) -> None:
    types = xml.integer("U8") + xml.integer("U24", 24)
    parameters = xml.parameter("a", "U8") + xml.parameter("b", "U24")
    decoder = compile_decoder(
        xml.load(
            folder,
            xml.system(xml.telemetry(types, parameters, xml.container("P", xml.entry("a") + xml.entry("b")))),
        )
    )
    data = np.arange(200, dtype=np.uint8)
    even = np.arange(0, 190, 5, dtype=np.int64)
    scattered = np.array([0, 5, 11, 180], np.int64)
    for starts in (even, scattered, even[:1], even[:0]):
        table = decoder.decode(data, starts, np.full(len(starts), 4, np.int64)).tables
        assert [int(value) for part in table for value in part.batch.column("a").to_pylist()] == data[
            starts
        ].tolist()
