"""What a person may give for an argument, what stands in the packet for it, and what is refused with which words."""

# ruff: noqa: E501 - one line of XTCE per case reads best

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import telecommand_text as tc
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.values import WrongValueError
from commands.values.inverse import calibrated, invert
from commands.values.raw_numbers import limits, nearest, pattern, raw_number
from infra.errors import CommandError
from streams.xtce.calibrators import Polynomial, Spline
from streams.xtce.encodings import FloatEncoding, IntegerEncoding


def string(size: str, attributes: str = "", after: str = "", encoding: str = "UTF-8") -> str:
    return f'<StringArgumentType name="T" {attributes}><StringDataEncoding encoding="{encoding}">{size}</StringDataEncoding>{after}</StringArgumentType>'


FIXED8 = "<SizeInBits><Fixed><FixedValue>64</FixedValue></Fixed></SizeInBits>"
FIXED8_ENDED = FIXED8.replace("</Fixed>", "</Fixed><TerminationChar>00</TerminationChar>")
TAGGED = '<Variable maxSizeInBits="80"><LeadingSize sizeInBitsOfSizeTag="8"/></Variable>'
ENUM = (
    '<EnumeratedArgumentType name="T"><IntegerDataEncoding sizeInBits="8"/><EnumerationList><Enumeration value="1" label="SAFE"/>'
    '<Enumeration value="4" maxValue="6" label="FLIGHT"/></EnumerationList></EnumeratedArgumentType>'
)
BOOL = '<BooleanArgumentType name="T" oneStringValue="OPEN" zeroStringValue="SHUT"><IntegerDataEncoding sizeInBits="1"/></BooleanArgumentType>'
BINARY = '<BinaryArgumentType name="T"><BinaryDataEncoding><SizeInBits><FixedValue>32</FixedValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>'
TIME = '<AbsoluteTimeArgumentType name="T"><Encoding scale="{}"><{}DataEncoding sizeInBits="32"/></Encoding><ReferenceTime><Epoch>{}</Epoch></ReferenceTime></AbsoluteTimeArgumentType>'
DURATION = '<RelativeTimeArgumentType name="T"><Encoding scale="0.5" offset="10"><IntegerDataEncoding sizeInBits="8"/></Encoding></RelativeTimeArgumentType>'
FLOAT = '<FloatArgumentType name="T"><FloatDataEncoding sizeInBits="{}"/>{}</FloatArgumentType>'
S16 = tc.integer("T", 16, encoding='encoding="twosComplement"')
VOLTS = (
    tc.integer(
        "T",
        8,
        before="<UnitSet><Unit>V</Unit></UnitSet>" + tc.valid('minInclusive="1" maxInclusive="10"'),
        calibrator=tc.polynomial(0.0, 0.1),
    )
    .replace("Integer", "Float", 1)
    .replace("</Integer", "</Float")
    .replace("</FloatDataEncoding", "</IntegerDataEncoding")
)
STEPS = tc.integer("T", 8, calibrator=tc.spline((0, 1.5), (10, 3.0), (20, 6.0), order=0))
CURVE = tc.integer("T", 8, calibrator=tc.spline((10, -5.0), (20, 5.0), (200, 50.0)))

GOOD: list[tuple[str, str, Any, Any, Any]] = [
    ("an integer", S16, -5, -5, -5),
    ("an integer as text", S16, " -5 ", -5, -5),
    ("an integer in hexadecimal", S16, "0x7FFF", 32767, 32767),
    ("a whole float for an integer", S16, 12.0, 12, 12),
    ("64 bits exactly", tc.integer("T", 64), 2**64 - 1, 2**64 - 1, 2**64 - 1),
    ("64 bits as text", tc.integer("T", 64), str(2**63 + 1), 2**63 + 1, 2**63 + 1),
    ("the nearest of 32 bits", FLOAT.format(32, ""), 0.1, 0.10000000149011612, 0.10000000149011612),
    ("an integer for a float", FLOAT.format(64, ""), 3, 3.0, 3.0),
    ("a calibrated value", VOLTS, 5.0, 50, 5.0),
    ("the nearest of a calibrator", VOLTS, 5.04, 50, 5.0),
    ("the end of a range", VOLTS, 10, 100, 10.0),
    ("a curve", CURVE, 50, 200, 50.0),
    ("a point between", CURVE, 0, 15, 0.0),
    ("a step", STEPS, 3, 10, 3.0),
    ("a label", ENUM, "SAFE", 1, "SAFE"),
    ("a label of several raw values", ENUM, "FLIGHT", 4, "FLIGHT"),
    ("the raw value of a label", ENUM, 4, 4, "FLIGHT"),
    ("true", BOOL, True, 1, True),
    ("a word for false", BOOL, "shut", 0, False),
    ("a digit for true", BOOL, "1", 1, True),
    ("a text", string(FIXED8), "Grüße", "Grüße".encode(), "Grüße"),
    ("a text that fills its buffer", string(FIXED8_ENDED), "12345678", b"12345678", "12345678"),
    ("no text at all", string(TAGGED), "", b"", ""),
    ("bytes", BINARY, "1acf FC1D", bytes.fromhex("1ACFFC1D"), bytes.fromhex("1ACFFC1D")),
    ("bytes with 0x", BINARY, "0x1ACFFC1D", bytes.fromhex("1ACFFC1D"), bytes.fromhex("1ACFFC1D")),
    ("an instant", TIME.format(1, "Integer", "UNIX"), "1970-01-01T00:01:00Z", 60, 60 * 10**9),
    ("an instant of another zone", TIME.format(1, "Integer", "UNIX"), "1970-01-01T01:01:00+01:00", 60, 60 * 10**9),
    ("an instant by GPS", TIME.format(1, "Integer", "GPS"), "2017-01-01T00:00:00Z", 1167264018, 1483228800 * 10**9),
    ("an instant by a date", TIME.format("0.001", "Integer", "2026-01-01"), "2026-01-01T00:00:01.5006", 1501, 1767225601501 * 10**6),
    ("seconds", DURATION, 30.5, 41, 30.5),
    ("seconds as text", DURATION, "30", 40, 30.0),
    ("a duration", DURATION, "PT1M", 100, 60.0),
]  # fmt: skip


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case[0])
def test_a_value_becomes_a_raw_value(tmp_path: Path, case: tuple[str, str, Any, Any, Any]) -> None:
    _, kind, given_value, raw, value = case
    found = tc.value_of(tmp_path, kind, given_value)
    assert found == (raw, value)
    assert [type(one) for one in found] == [type(raw), type(value)]


BAD: list[tuple[str, str, Any, str]] = [
    ("too large", S16, 32768, "V is 32768, must be from -32768 to 32767: its encoding ends there"),
    ("too small", tc.integer("T"), -1, "V is -1, must be from 0 to 255"),
    ("a fraction", S16, 1.5, "V is 1.5, must be a whole number"),
    ("no number", S16, "five", "V is 'five', must be a number such as 12, -0.5, 1e3 or 0x1F"),
    ("true for a number", S16, True, "V is True, must be a number"),
    ("a list for a number", S16, [1], "V is [1], must be a number"),
    ("very many digits", S16, 10**5000, "V is a number of many digits, must be from -32768 to 32767"),
    ("very many digits as text", S16, "9" * 5000, "must be a number such as"),
    ("an instant far away", TIME.format(1, "Integer", "GPS"), "9999-12-31T23:59:59Z", "must be a time such as"),
    ("an instant long ago", TIME.format(1, "Integer", "GPS"), "0001-01-01", "must be a time such as"),
    ("infinity", FLOAT.format(32, ""), float("inf"), "V is inf, must be a finite number"),
    ("a word for infinity", FLOAT.format(32, ""), "INF", "must be a number such as"),
    ("too large for 32 bits", FLOAT.format(32, ""), 1e39, "must be at most 3.4028e38 either way"),
    ("too large for 16 bits", FLOAT.format(16, ""), 70000, "must be at most 65504 either way"),
    ("too large for a float", FLOAT.format(64, ""), "1e400", "V is too large for a floating-point number"),
    ("an integer that a float has not", FLOAT.format(32, "").replace("FloatArg", "IntegerArg"), 2**24 + 1, "must be a whole number that its encoding holds exactly"),
    ("outside of a range", VOLTS, 10.1, "V is 10.1, must be a number from 1 to 10 V"),
    ("outside of a raw range", tc.integer("T", 8, before=tc.valid('maxExclusive="9"', calibrated=False)), 9, "its raw value 9, which must be less than 9"),
    ("between ranges", tc.integer("T", 8, before=tc.valid('maxInclusive="3"', 'minExclusive="7"')), 5, "must be a whole number at most 3 or more than 7"),
    ("beyond a curve", CURVE, 51, "V is 51, must be from -5 to 50: its encoding ends there"),
    ("no step", STEPS, 2, "V is 2, must be one of 1.5, 3, 6"),
    ("an unknown label", ENUM, "SAVE", "V is 'SAVE', must be one of SAFE, FLIGHT (did you mean SAFE?)"),
    ("a raw value without a label", ENUM, 7, "V is 7, must be one of SAFE, FLIGHT"),
    ("maybe", BOOL, "maybe", "V is 'maybe', must be OPEN or SHUT, true or false"),
    ("two", BOOL, 2, "V is 2, must be OPEN or SHUT"),
    ("a number for a text", string(FIXED8), 5, "V is 5, must be a text, at most 8 bytes"),
    ("a long text", string(FIXED8), "123456789", "V has 9 bytes, must have at most 8"),
    ("a long text with a size", string(TAGGED), "1234567890", "V has 10 bytes, must have at most 9"),
    ("a text of few characters", string(FIXED8, after='<SizeRangeInCharacters minInclusive="2" maxInclusive="4"/>'), "A", "V has 1 characters, must have 2 to 4"),
    ("a text that does not match", string(FIXED8, 'restrictionPattern="[A-Z]+"'), "abc", "V is 'abc', must match the pattern [A-Z]+"),
    ("a letter that is none", string(FIXED8, encoding="US-ASCII"), "Größe", "must be text of ascii: it has no 'ö'"),
    ("a text with its end inside", string(FIXED8_ENDED), "a\0b", "must not contain its terminator 00"),
    ("a text that ends with NUL", string(FIXED8), "a\0", "must not end with NUL"),
    ("bytes that are none", BINARY, "xyz", "V is 'xyz', must be 4 bytes in hexadecimal, such as 1ACFFC1D"),
    ("too few bytes", BINARY, "1A", "V has 1 bytes, must be 4 bytes in hexadecimal"),
    ("a number for bytes", BINARY, 12, "V is 12, must be 4 bytes in hexadecimal"),
    ("no instant", TIME.format(1, "Integer", "UNIX"), "tomorrow", "V is 'tomorrow', must be a time such as 2026-11-24T12:30:00.5Z from 1970-01-01T00:00:00Z to 2106-02-07T06:28:15Z"),
    ("a number for an instant", TIME.format(1, "Integer", "UNIX"), 5, "must be a time such as"),
    ("an instant before the epoch", TIME.format(1, "Integer", "UNIX"), "1969-12-31", "must be a time such as"),
    ("a long duration", DURATION, "PT1H", "V is 'PT1H', must be seconds from 10 to 137.5, or a duration such as PT1M30S"),
    ("no duration", DURATION, "long", "must be seconds from 10 to 137.5"),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
def test_a_value_that_does_not_fit_is_refused_with_what_would_be_right(
    tmp_path: Path, case: tuple[str, str, Any, str]
) -> None:
    _, kind, given_value, expected = case
    with pytest.raises(CommandError) as caught:
        tc.value_of(tmp_path, kind, given_value)
    assert expected in caught.value.what
    assert list(caught.value.problems) == ["V"]


UNUSABLE: list[tuple[str, str, str]] = [
    ("a calibrator that is constant", tc.integer("T", 8, calibrator=tc.polynomial(3.0)), "cannot be inverted"),
    ("a calibrator that turns", tc.integer("T", 8, calibrator=tc.polynomial(0.0, -10.0, 0.1)), "cannot be inverted"),
    ("a spline that turns", tc.integer("T", 8, calibrator=tc.spline((0, 0), (5, 9), (9, 3))), "cannot be inverted"),
    ("a curve over floats", FLOAT.format(32, "").replace('"32"/>', f'"32">{tc.polynomial(0.0, 1.0, 1.0)}</FloatDataEncoding>'), "cannot be inverted"),
    ("points without a raw value", tc.integer("T", 8, calibrator=tc.spline((300, 0), (400, 1))), "hold no raw value"),
    ("a type without an encoding", '<IntegerArgumentType name="T"/>', "has no encoding"),
    ("labels that do not fit", ENUM.replace('value="1"', 'value="300"'), 'the label "SAFE" stands for 300, the encoding holds 0 to 255'),
    ("a calibrated time", TIME.format(1, "Integer", "UNIX").replace('"32"/>', f'"32">{tc.polynomial(0.0, 1.0)}</IntegerDataEncoding>'), "a calibrator of a time"),
    ("a time that stands still", TIME.format(0, "Integer", "UNIX"), "scale 0"),
    ("a text of half a byte", string(FIXED8.replace("64", "60")), "no whole number of bytes"),
]  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE, ids=lambda case: case[0])
def test_a_type_that_has_no_way_into_a_packet_is_a_problem_with_its_place(
    tmp_path: Path, case: tuple[str, str, str]
) -> None:
    _, kind, expected = case
    text = tc.command_data(
        kind, tc.meta("C", tc.argument("V", "T"), tc.container("K", tc.argument_entries("V"), base=""))
    )
    found = tc.telecommands(tmp_path, text, tc.NO_HEADER)
    assert found.names() == ()
    assert expected in found.problems["/T/C"]
    assert found.problems["/T/C"].startswith("tc.xml:")
    with pytest.raises(CommandError, match="C cannot be sent"):
        found.find("C")


def test_a_curve_over_the_part_of_it_that_rises_is_used(tmp_path: Path) -> None:
    rising = tc.integer("T", 8, calibrator=tc.polynomial(0.0, 1.0, 0.1))  # turns at -5, outside of 0 to 255
    assert tc.value_of(tmp_path, rising, 20.0) == (10, 20.0)


def test_the_value_nearest_to_the_end_of_a_range_stays_within(tmp_path: Path) -> None:
    kind = tc.integer("T", 8, before=tc.valid('maxInclusive="5.4"'), calibrator=tc.polynomial(0.0, 2.0))
    kind = kind.replace("IntegerArgumentType", "FloatArgumentType")
    assert tc.value_of(tmp_path, kind, 5.4) == (2, 4.0)  # 6 would be nearer, and is not valid
    narrow = kind.replace('maxInclusive="5.4"', 'minInclusive="4.5" maxInclusive="5.4"')
    with pytest.raises(CommandError, match=r"holds no value near it that is from 4\.5 to 5\.4"):
        tc.value_of(tmp_path, narrow, 5)


def test_forms_say_what_may_be_given(tmp_path: Path) -> None:
    def form(kind: str) -> dict[str, Any]:
        definition = tc.one(tmp_path, kind, tc.argument("V", "T"), tc.argument_entries("V"))
        described = definition.describe()
        assert json.loads(json.dumps(described)) == described
        (found,) = described["arguments"]
        del found["place"]
        return found

    common = {"name": "V", "description": "", "required": True, "default": None, "assigned": None}
    end = {"minimum_inclusive": True, "maximum_inclusive": True}
    assert form(S16) == common | {
        "type": "number",
        "unit": "",
        "whole": True,
        "ranges": [{"minimum": -32768, "maximum": 32767, **end}],
    }
    assert form(VOLTS) == common | {
        "type": "number",
        "unit": "V",
        "whole": False,
        "ranges": [{"minimum": 1, "maximum": 10, **end}],
    }
    assert form(FLOAT.format(32, "")) == common | {"type": "number", "unit": "", "whole": False, "ranges": []}
    assert form(ENUM) == common | {
        "type": "enumeration",
        "unit": "",
        "labels": [{"label": "SAFE", "raw": 1}, {"label": "FLIGHT", "raw": 4}],
    }
    assert form(BOOL) == common | {"type": "boolean", "unit": "", "true": "OPEN", "false": "SHUT"}
    assert form(string(FIXED8, 'restrictionPattern="[A-Z]+"')) == common | {
        "type": "text",
        "unit": "",
        "max_bytes": 8,
        "pattern": "[A-Z]+",
    }
    assert form(BINARY) == common | {"type": "bytes", "unit": "", "bytes": 4}
    assert form(TIME.format(1, "Integer", "UNIX")) == common | {
        "type": "time", "unit": "", "earliest": "1970-01-01T00:00:00Z", "latest": "2106-02-07T06:28:15Z",
    }  # fmt: skip
    assert form(DURATION) == common | {
        "type": "duration",
        "unit": "",
        "ranges": [{"minimum": 10.0, "maximum": 137.5}],
    }


INTEGER_ENCODINGS = st.builds(
    IntegerEncoding,
    bits=st.sampled_from([8, 16, 24, 32, 64]),
    scheme=st.sampled_from(
        ["unsigned", "twosComplement", "signMagnitude", "onesComplement", "BCD", "packedBCD"]
    ),
    little=st.booleans(),
    calibration=st.none(),
    place=st.just("x:1"),
)
FLOAT_ENCODINGS = st.builds(
    lambda form, little: FloatEncoding(form[1], form[0], little, None, "x:1"),
    st.sampled_from(
        [("IEEE754", 16), ("IEEE754", 32), ("IEEE754", 64), ("MILSTD_1750A", 32), ("MILSTD_1750A", 48)]
    ),
    st.booleans(),
)


@given(encoding=INTEGER_ENCODINGS, data=st.data())
def test_every_integer_that_an_encoding_holds_has_a_pattern_of_its_own(
    encoding: IntegerEncoding, data: st.DataObject
) -> None:
    raw = data.draw(st.integers(*limits(encoding)))
    bits = pattern(raw, encoding)
    assert 0 <= bits < 2**encoding.bits
    assert raw_number(bits, encoding) == raw


def test_encodings_hold_what_their_schemes_allow() -> None:
    found = {
        scheme: limits(IntegerEncoding(8, scheme, False, None, "x:1"))
        for scheme in ("unsigned", "twosComplement", "signMagnitude", "onesComplement", "BCD", "packedBCD")
    }
    assert found == {
        "unsigned": (0, 255), "twosComplement": (-128, 127), "signMagnitude": (-127, 127), "onesComplement": (-127, 127),
        "BCD": (0, 9), "packedBCD": (0, 99),
    }  # fmt: skip


@given(encoding=INTEGER_ENCODINGS)
def test_the_integer_after_the_last_is_refused(encoding: IntegerEncoding) -> None:
    for wrong in (limits(encoding)[0] - 1, limits(encoding)[1] + 1):
        with pytest.raises(WrongValueError):
            pattern(wrong, encoding)


@given(encoding=FLOAT_ENCODINGS, bits=st.integers(0, 2**64 - 1))
def test_every_float_of_an_encoding_comes_back(encoding: FloatEncoding, bits: int) -> None:
    number = raw_number(bits % 2**encoding.bits, encoding)
    if abs(number) < float("inf"):  # neither infinite nor NaN
        assert nearest(number, encoding) == number


@given(number=st.floats(-1e38, 1e38), wide=st.booleans())
def test_a_number_becomes_the_nearest_of_mil_std_1750a(number: float, wide: bool) -> None:
    encoding = FloatEncoding(48 if wide else 32, "MILSTD_1750A", False, None, "x:1")
    off = abs(Fraction(nearest(number, encoding)) - Fraction(number))
    least = Fraction(2) ** (-128 - 1)  # half of what stands between the smallest
    assert off <= max(abs(Fraction(number)) / 2 ** (39 if wide else 23), least)


MIL_1750A = [  # MIL-STD-1750A, 4.1.7: value, 32 bits
    (0.5 * 2.0**0, 0x40000000), (0.5 * 2.0**127, 0x4000007F), (0.625 * 2.0**4, 0x50000004), (0.5 * 2.0**1, 0x40000001),
    (0.5 * 2.0**-1, 0x400000FF), (0.5 * 2.0**-128, 0x40000080), (0.0, 0x00000000), (-1.0 * 2.0**0, 0x80000000),
    (-0.5000001 * 2.0**-128, 0xBFFFFF80), (-0.7500001 * 2.0**4, 0x9FFFFF04),
    (-0.5 * 2.0**-128, 0xC0000080), (0.99999999, 0x40000001),  # not of the standard: denormal, and rounded up to 1
]  # fmt: skip


@pytest.mark.parametrize(("number", "bits"), MIL_1750A)
def test_the_examples_of_mil_std_1750a_are_met(number: float, bits: int) -> None:
    encoding = FloatEncoding(32, "MILSTD_1750A", False, None, "x:1")
    assert pattern(number, encoding) == bits


@settings(max_examples=200)
@given(
    line=st.tuples(st.floats(-1e6, 1e6), st.floats(0.001, 1e3), st.floats(0, 1.0)),
    falls=st.booleans(),
    bits=st.integers(1, 32),
    data=st.data(),
)
def test_the_inverse_finds_the_nearest_of_all_raw_values(
    line: tuple[float, float, float], falls: bool, bits: int, data: st.DataObject
) -> None:
    start, slope, curve = line
    sign = -1 if falls else 1
    calibrator = Polynomial((start, sign * slope, sign * curve))
    inverse = invert(calibrator, IntegerEncoding(bits, "unsigned", False, None, "x:1"))
    raw = data.draw(st.integers(0, 2**bits - 1))
    ends = inverse.ends()
    assert ends is not None
    wanted = min(max(calibrated(calibrator, raw + data.draw(st.floats(-0.5, 0.5))), ends[0]), ends[1])
    found = inverse.candidates(wanted)[0]
    off = abs(calibrated(calibrator, found) - wanted)
    for other in (raw - 1, raw, raw + 1):
        if 0 <= other < 2**bits:
            assert off <= abs(calibrated(calibrator, other) - wanted)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8, unique=True), falls=st.booleans(),
    extrapolate=st.booleans(), data=st.data(),
)  # fmt: skip
def test_the_inverse_of_lines_over_floats_leads_back(
    values: list[float], falls: bool, extrapolate: bool, data: st.DataObject
) -> None:
    values.sort(reverse=falls)
    calibrator = Spline(
        tuple((float(10 * number), value) for number, value in enumerate(values)), 1, extrapolate
    )
    inverse = invert(calibrator, FloatEncoding(64, "IEEE754", False, None, "x:1"))
    wanted = data.draw(st.floats(min(values), max(values)))
    (raw,) = inverse.candidates(wanted)
    span = max(values) - min(values)
    assert calibrated(calibrator, min(max(raw, 0.0), 10.0 * (len(values) - 1))) == pytest.approx(
        wanted, abs=1e-9 * span + 1e-12, rel=1e-9
    )
