"""What raw values mean: calibrators, labels, times, numbers of every encoding."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xtce_text as xml
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import Decoded, Fault, compile_decoder
from streams.decode.times import Clock, tai_to_utc

U8 = xml.integer("U8")
TERM = '<Term coefficient="{}" exponent="{}"/>'


def polynomial(*coefficients: float) -> str:
    terms = "".join(TERM.format(coefficient, power) for power, coefficient in enumerate(coefficients))
    return f"<PolynomialCalibrator>{terms}</PolynomialCalibrator>"


def spline(order: int, extrapolate: str, *points: tuple[float, float]) -> str:
    inner = "".join(f'<SplinePoint raw="{raw}" calibrated="{value}"/>' for raw, value in points)
    return f'<SplineCalibrator order="{order}" extrapolate="{extrapolate}">{inner}</SplineCalibrator>'


def default(calibrator: str) -> str:
    return f"<DefaultCalibrator>{calibrator}</DefaultCalibrator>"


def decode(folder: Path, type_xml: str, *packets: bytes, others: str = "") -> Decoded:
    """Packets of a parameter x of type X, and before it those of `others`, all U8."""
    names = others.split()
    parameters = "".join(xml.parameter(name, "U8") for name in names) + xml.parameter("x", "X")
    containers = xml.container("P", "".join(map(xml.entry, [*names, "x"])))
    decoder = compile_decoder(
        xml.load(folder, xml.system(xml.telemetry(U8 + type_xml, parameters, containers)))
    )
    batch, each = decoder.decode(*xml.batch(*packets)), decoder.decode_each(*xml.batch(*packets))
    assert batch.faults == each.faults
    for ours, theirs in zip(batch.tables, each.tables, strict=True):
        assert str(ours.batch.to_pylist()) == str(theirs.batch.to_pylist())
    return batch


def column(result: Decoded, name: str = "x") -> list[Any]:
    return list(result.tables[0].batch.column(name).to_pylist())


def bytes_of(*values: int) -> list[bytes]:
    return [bytes([value]) for value in values]


def test_a_polynomial_is_worked_out(tmp_path: Path) -> None:
    result = decode(tmp_path, xml.integer("X", inside=default(polynomial(1, -2, 0.5))), *bytes_of(0, 1, 10))
    assert column(result) == [1.0, -0.5, 31.0]
    assert column(result, "x__raw") == [0, 1, 10]


def test_terms_of_the_same_power_add_up(tmp_path: Path) -> None:
    calibrator = f"<PolynomialCalibrator>{TERM.format(1, 1)}{TERM.format(2, 1)}</PolynomialCalibrator>"
    assert column(decode(tmp_path, xml.integer("X", inside=default(calibrator)), b"\x05")) == [15.0]


def test_a_spline_draws_lines_between_its_points(tmp_path: Path) -> None:
    calibrator = default(spline(1, "true", (20, 0), (10, 100)))
    result = decode(tmp_path, xml.integer("X", inside=calibrator), *bytes_of(10, 15, 20, 0, 30))
    assert column(result) == [100.0, 50.0, 0.0, 200.0, -100.0]
    assert not result.tables[0].batch.schema.field("x").nullable


def test_a_spline_of_order_0_keeps_the_point_before(tmp_path: Path) -> None:
    calibrator = default(spline(0, "true", (10, 1), (20, 2)))
    assert column(decode(tmp_path, xml.integer("X", inside=calibrator), *bytes_of(10, 19, 20, 0, 30))) == [
        1.0, 1.0, 2.0, 1.0, 2.0,
    ]  # fmt: skip


def test_a_spline_that_does_not_extrapolate_has_no_value_outside(tmp_path: Path) -> None:
    calibrator = default(spline(1, "false", (10, 1), (20, 2)))
    result = decode(tmp_path, xml.integer("X", inside=calibrator), *bytes_of(9, 10, 20, 21))
    assert column(result) == [None, 1.0, 2.0, None]
    assert result.tables[0].batch.schema.field("x").nullable
    assert result.faults == [
        Fault(row, "value", "outside of its calibrator's points: x", True) for row in (0, 3)
    ]


def test_the_first_context_that_holds_chooses_the_calibrator(tmp_path: Path) -> None:
    def context(condition: str, calibrator: str) -> str:
        return (
            f"<ContextCalibrator><ContextMatch>{condition}</ContextMatch>"
            f"<Calibrator>{calibrator}</Calibrator></ContextCalibrator>"
        )

    contexts = context(xml.comparison("mode", 1), polynomial(0, 10)) + context(
        xml.comparison("mode", 2, "<="), polynomial(0, 100)
    )
    listed = f"<ContextCalibratorList>{contexts}</ContextCalibratorList>"
    packets = [b"\x01\x03", b"\x02\x03", b"\x03\x03"]
    with_default = decode(
        tmp_path, xml.integer("X", inside=default(polynomial(7)) + listed), *packets, others="mode"
    )
    assert column(with_default) == [30.0, 300.0, 7.0]
    assert column(decode(tmp_path, xml.integer("X", inside=listed), *packets, others="mode")) == [
        30.0,
        300.0,
        3.0,
    ]


def test_a_context_may_look_at_the_raw_value_itself_and_at_what_comes_later(tmp_path: Path) -> None:
    def contexts(name: str) -> str:
        return (
            "<ContextCalibratorList><ContextCalibrator>"
            f"<ContextMatch>{xml.comparison(name, 5, '>', calibrated=False)}</ContextMatch>"
            f"<Calibrator>{polynomial(0, 2)}</Calibrator></ContextCalibrator></ContextCalibratorList>"
        )

    assert column(decode(tmp_path, xml.integer("X", inside=contexts("x")), *bytes_of(5, 6))) == [5.0, 12.0]
    types = U8 + xml.integer("X", inside=contexts("later"))
    parameters = xml.parameter("x", "X") + xml.parameter("later", "U8")
    containers = xml.container("P", xml.entry("x") + xml.entry("later"))
    decoder = compile_decoder(xml.load(tmp_path, xml.system(xml.telemetry(types, parameters, containers))))
    assert column(decoder.decode(*xml.batch(b"\x03\x05", b"\x03\x06"))) == [3.0, 6.0]


def test_labels_stand_for_values_and_ranges(tmp_path: Path) -> None:
    kind = (
        '<EnumeratedParameterType name="X"><IntegerDataEncoding encoding="twosComplement"/><EnumerationList>'
        '<Enumeration value="-1" label="ERROR"/><Enumeration value="1" maxValue="3" label="RUN"/>'
        '<Enumeration value="0" label="OFF"/><Enumeration value="300" label="NEVER"/></EnumerationList>'
        "</EnumeratedParameterType>"
    )
    result = decode(tmp_path, kind, *bytes_of(255, 0, 1, 2, 3, 4, 128))
    assert column(result) == ["ERROR", "OFF", "RUN", "RUN", "RUN", "UNDEFINED(4)", "UNDEFINED(-128)"]
    assert column(result, "x__raw") == [-1, 0, 1, 2, 3, 4, -128]
    assert result.tables[0].batch.schema.field("x").type == pa.string()
    assert result.faults == []


def test_labels_of_wide_integers_are_found(tmp_path: Path) -> None:
    kind = (
        '<EnumeratedParameterType name="X"><IntegerDataEncoding sizeInBits="64"/><EnumerationList>'
        f'<Enumeration value="{2**64 - 1}" label="ALL"/>'
        f'<Enumeration value="5" maxValue="{2**63}" label="MANY"/>'
        "</EnumerationList></EnumeratedParameterType>"
    )
    packets = [struct.pack(">Q", value) for value in (2**64 - 1, 4, 5, 2**63, 2**63 + 1)]
    assert column(decode(tmp_path, kind, *packets)) == [
        "ALL", "UNDEFINED(4)", "MANY", "MANY", f"UNDEFINED({2**63 + 1})",
    ]  # fmt: skip


def test_a_boolean_is_true_for_every_value_but_zero(tmp_path: Path) -> None:
    kind = '<BooleanParameterType name="X"><IntegerDataEncoding/></BooleanParameterType>'
    result = decode(tmp_path, kind, *bytes_of(0, 1, 255))
    assert column(result) == [False, True, True]
    assert result.tables[0].batch.schema.field("x").type == pa.bool_()


def test_an_integer_over_a_float_is_cut_and_null_where_it_is_none(tmp_path: Path) -> None:
    kind = '<IntegerParameterType name="X"><FloatDataEncoding sizeInBits="64"/></IntegerParameterType>'
    packets = [struct.pack(">d", value) for value in (1.9, -1.9, 1e300, float("nan"))]
    result = decode(tmp_path, kind, *packets)
    assert column(result) == [1, -1, None, None]
    assert [fault.reason for fault in result.faults] == [
        "no integer: x",
        "no integer: x; not a finite number: x",
    ]


def test_infinities_and_nan_stay_and_are_faults(tmp_path: Path) -> None:
    kind = '<FloatParameterType name="X"><FloatDataEncoding sizeInBits="32"/></FloatParameterType>'
    result = decode(
        tmp_path, kind, *(struct.pack(">f", value) for value in (1.5, float("inf"), float("nan")))
    )
    assert column(result)[:2] == [1.5, float("inf")]
    assert np.isnan(column(result)[2])
    assert result.faults == [Fault(row, "value", "not a finite number: x", True) for row in (1, 2)]
    assert result.tables[0].batch.schema.field("x").type == pa.float32()


def test_a_calibrated_value_that_overflows_is_a_fault(tmp_path: Path) -> None:
    result = decode(tmp_path, xml.integer("X", inside=default(polynomial(0, 0, 1e305))), *bytes_of(1, 200))
    assert column(result) == [1e305, float("inf")]
    assert result.faults == [Fault(1, "value", "not a finite number: x", True)]


def test_an_impossible_digit_is_a_fault(tmp_path: Path) -> None:
    result = decode(tmp_path, xml.integer("X", 8, "packedBCD"), *bytes_of(0x42, 0x4A))
    assert column(result) == [42, 50]
    assert result.faults == [Fault(1, "value", "a digit above 9: x", True)]


@pytest.mark.parametrize(
    ("pattern", "value"),
    [  # MIL-STD-1750A, table III: 32-bit floating point numbers
        (0x7FFFFF7F, 0.9999998807907104 * 2.0**127),
        (0x4000007F, 0.5 * 2.0**127),
        (0x50000004, 0.625 * 2.0**4),
        (0x40000001, 0.5 * 2.0),
        (0x40000000, 0.5),
        (0x400000FF, 0.5 * 2.0**-1),
        (0x40000080, 0.5 * 2.0**-128),
        (0x00000000, 0.0),
        (0x80000000, -1.0),
        (0xBFFFFF80, -0.5000001192092896 * 2.0**-128),
        (0x9FFFFF04, -0.7500001192092896 * 2.0**4),
    ],
)
def test_numbers_of_mil_std_1750a_are_those_of_the_standard(
    tmp_path: Path, pattern: int, value: float
) -> None:
    encoding = '<FloatDataEncoding sizeInBits="32" encoding="MILSTD_1750A"/>'
    kind = f'<FloatParameterType name="X">{encoding}</FloatParameterType>'
    assert column(decode(tmp_path, kind, struct.pack(">I", pattern))) == [value]


@pytest.mark.parametrize(
    ("pattern", "value"),
    [  # MIL-STD-1750A, table IV: 48-bit floating point numbers
        (0x400000_7F_0000, 0.5 * 2.0**127),
        (0x400000_00_0000, 0.5),
        (0x400000_FF_0000, 0.5 * 2.0**-1),
        (0x400000_80_0000, 0.5 * 2.0**-128),
        (0x800000_7F_0000, -1.0 * 2.0**127),
        (0x800000_00_0000, -1.0),
        (0xA00000_FF_0000, -0.75 * 2.0**-1),
        (0x000000_00_0000, 0.0),
    ],
)
def test_extended_numbers_of_mil_std_1750a_are_those_of_the_standard(
    tmp_path: Path, pattern: int, value: float
) -> None:
    encoding = '<FloatDataEncoding sizeInBits="48" encoding="MILSTD_1750A"/>'
    kind = f'<FloatParameterType name="X">{encoding}</FloatParameterType>'
    assert column(decode(tmp_path, kind, pattern.to_bytes(6, "big"))) == [value]


def absolute(epoch: str, bits: int = 32, scale: str = "1", offset: str = "0") -> str:
    return (
        f'<AbsoluteTimeParameterType name="X"><Encoding scale="{scale}" offset="{offset}">'
        f'<IntegerDataEncoding sizeInBits="{bits}"/></Encoding>'
        f"<ReferenceTime><Epoch>{epoch}</Epoch></ReferenceTime></AbsoluteTimeParameterType>"
    )


@pytest.mark.parametrize(
    ("epoch", "count", "instant"),
    [
        ("UNIX", 1_000_000_000, "2001-09-09T01:46:40"),
        ("TAI", 0, "1957-12-31T23:59:50"),  # before 1972 the ten seconds of 1972 are taken
        ("TAI", 1_861_920_037, "2017-01-01T00:00:00"),
        ("GPS", 0, "1980-01-06T00:00:00"),
        ("GPS", 1_000_000_000, "2011-09-14T01:46:25"),
        ("GPS", 1_356_048_000, "2022-12-25T23:59:42"),
        ("J2000", 64, "2000-01-01T11:59:59.816"),
        ("2000-01-01T12:00:00", 86400, "2000-01-02T12:00:00"),
        ("2016-12-31", 86400, "2017-01-01T00:00:00"),  # a plain date counts no leap seconds
    ],
)
def test_counts_since_an_epoch_become_utc(tmp_path: Path, epoch: str, count: int, instant: str) -> None:
    result = decode(tmp_path, absolute(epoch), struct.pack(">I", count))
    found = result.tables[0].batch.column("x")
    assert found.type == pa.timestamp("ns", tz="UTC")
    assert found[0].as_py().to_pydatetime() == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert column(result, "x__raw") == [count]


def test_a_leap_second_has_the_nanoseconds_of_the_second_after_it() -> None:
    midnight = 1_483_228_800  # 2017-01-01, after a leap second
    tai = np.array([midnight + 35, midnight + 36, midnight + 37], np.int64) * 10**9
    assert (tai_to_utc(tai) // 10**9 - midnight).tolist() == [-1, 0, 0]


def test_scale_and_offset_of_a_time_are_exact(tmp_path: Path) -> None:
    result = decode(tmp_path, absolute("UNIX", 64, "0.001", "0.5"), struct.pack(">Q", 1_700_000_000_001))
    assert result.tables[0].batch.column("x").cast(pa.int64()).to_pylist() == [1_700_000_000_501_000_000]


def test_instants_outside_of_int64_are_null_and_a_fault(tmp_path: Path) -> None:
    result = decode(tmp_path, absolute("UNIX", 64), *(struct.pack(">Q", count) for count in (7, 2**40)))
    assert column(result)[1] is None
    assert result.tables[0].batch.schema.field("x").nullable
    assert result.faults == [Fault(1, "value", "outside the years 1678 to 2261: x", True)]


@given(
    scale=st.fractions(Fraction(1, 10**6), 1000, max_denominator=10**6),
    epoch=st.integers(-(2**61), 2**61),
    counts=st.one_of(
        st.tuples(st.just("u1"), st.lists(st.integers(0, 255), min_size=1)),
        st.tuples(st.just("i4"), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1)),
        st.tuples(st.just("u8"), st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**34), min_size=1)),
    ),
)
def test_clocks_are_exact_to_the_nanosecond(
    scale: Fraction, epoch: int, counts: tuple[str, list[int]]
) -> None:
    values = Clock(scale, Fraction(0), epoch).values(np.array(counts[1], counts[0]))
    for position, count in enumerate(counts[1]):
        exact = count * scale * 10**9 + epoch
        if values.missing is None or not values.missing[position]:
            assert abs(int(values.data[position]) - exact) <= Fraction(1, 2)
        else:
            assert abs(exact) > 9 * 10**18


def test_times_over_floats_keep_their_digits(tmp_path: Path) -> None:
    kind = absolute("UNIX").replace(
        '<IntegerDataEncoding sizeInBits="32"/>', '<FloatDataEncoding sizeInBits="64"/>'
    )
    result = decode(tmp_path, kind, *(struct.pack(">d", value) for value in (1.25, float("nan"), -0.5)))
    found = result.tables[0].batch.column("x").cast(pa.int64()).to_pylist()
    assert found == [1_250_000_000, None, -500_000_000]


def test_an_epoch_that_int64_does_not_hold_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    for scale in ("1", "0.123456789123456789"):
        result = decode(tmp_path, absolute("9999-01-01", scale=scale), bytes(4))
        assert column(result) == [None]
        assert len(result.faults) == 1


def test_a_relative_time_is_in_seconds(tmp_path: Path) -> None:
    kind = (
        '<RelativeTimeParameterType name="X"><Encoding units="days" scale="0.5" offset="1">'
        "<IntegerDataEncoding/></Encoding></RelativeTimeParameterType>"
    )
    assert column(decode(tmp_path, kind, b"\x03")) == [2.5 * 86400]


@pytest.mark.parametrize(
    ("bits", "encoding", "arrow"),
    [
        (1, "unsigned", pa.uint8()), (8, "unsigned", pa.uint8()), (9, "unsigned", pa.uint16()),
        (17, "unsigned", pa.uint32()), (33, "unsigned", pa.uint64()), (64, "unsigned", pa.uint64()),
        (8, "twosComplement", pa.int8()), (12, "signMagnitude", pa.int16()),
        (24, "onesComplement", pa.int32()),
        (48, "twosComplement", pa.int64()),
    ],
)  # fmt: skip
def test_integers_have_the_smallest_type_that_holds_them(
    tmp_path: Path, bits: int, encoding: str, arrow: pa.DataType
) -> None:
    result = decode(tmp_path, xml.integer("X", bits, encoding), bytes(8))
    assert result.tables[0].batch.schema.field("x").type == arrow


def test_the_byte_order_may_be_listed_as_in_old_databases(tmp_path: Path) -> None:
    listed = "".join(f'<Byte byteSignificance="{significance}"/>' for significance in (0, 1))
    old = xml.integer("X", 16, inside=f"<ByteOrderList>{listed}</ByteOrderList>")
    assert column(decode(tmp_path, old, b"\x01\x02")) == [0x0201]
    assert column(decode(tmp_path, xml.integer("X", 16, order="0,1"), b"\x01\x02")) == [0x0201]
    assert column(decode(tmp_path, xml.integer("X", 16, order="1,0"), b"\x01\x02")) == [0x0102]
