"""Packets whose layout depends on what they hold, and the search for the right container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xtce_text as xml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import MissionError
from streams.decode import Decoded, Decoder, Fault, compile_decoder

U8 = xml.integer("U8")


def include(condition: str) -> str:
    return f"<IncludeCondition>{condition}</IncludeCondition>"


def dynamic(name: str, slope: float = 8, intercept: float = 0) -> str:
    return (
        f'<DynamicValue><ParameterInstanceRef parameterRef="{name}"/>'
        f'<LinearAdjustment slope="{slope}" intercept="{intercept}"/></DynamicValue>'
    )


def binary(name: str, size: str) -> str:
    encoding = f"<BinaryDataEncoding><SizeInBits>{size}</SizeInBits></BinaryDataEncoding>"
    return f'<BinaryParameterType name="{name}">{encoding}</BinaryParameterType>'


def string(name: str, size: str, encoding: str = "UTF-8") -> str:
    return (
        f'<StringParameterType name="{name}"><StringDataEncoding encoding="{encoding}">{size}'
        "</StringDataEncoding></StringParameterType>"
    )


def repeat(count: str, gap: int = 0) -> str:
    offset = f"<Offset><FixedValue>{gap}</FixedValue></Offset>" if gap else ""
    return f"<RepeatEntry><Count>{count}</Count>{offset}</RepeatEntry>"


def fixed(value: int) -> str:
    return f"<FixedValue>{value}</FixedValue>"


def location(bits: int, reference: str) -> str:
    value = fixed(bits)
    return f'<LocationInContainerInBits referenceLocation="{reference}">{value}</LocationInContainerInBits>'


def decoder_for(folder: Path, types: str, names: str, *containers: str, root: str | None = None) -> Decoder:
    """Parameters as `name:type name:type`; all others are U8."""
    pairs = [[*name.split(":"), "U8"][:2] for name in names.split()]
    parameters = "".join(xml.parameter(name, kind) for name, kind in pairs)
    return compile_decoder(
        xml.load(folder, xml.system(xml.telemetry(U8 + types, parameters, "".join(containers)))), root
    )


def both(decoder: Decoder, *packets: bytes) -> Decoded:
    """Decode in both ways, which must agree."""
    batch, each = decoder.decode(*xml.batch(*packets)), decoder.decode_each(*xml.batch(*packets))
    assert batch.faults == each.faults
    assert [table.batch for table in batch.tables] == [table.batch for table in each.tables]
    return batch


def rows(result: Decoded) -> list[dict[str, Any]]:
    """The only table as a list of rows."""
    (table,) = result.tables
    return list(table.batch.to_pylist())


def test_a_binary_is_as_long_as_another_parameter_says(tmp_path: Path) -> None:
    decoder = decoder_for(
        tmp_path,
        binary("Bin", dynamic("n")),
        "n data:Bin end",
        xml.container("P", "".join(map(xml.entry, ["n", "data", "end"]))),
    )
    result = both(decoder, b"\x03abcZ", b"\x00Z", b"\x01aZ")
    assert [(row["data"], row["end"]) for row in rows(result)] == [(b"abc", 90), (b"", 90), (b"a", 90)]
    assert result.faults == []
    assert not decoder.packet_types[0].fixed
    assert decoder.packet_types[0].size_bits is None


def test_a_size_that_the_packet_does_not_have_is_a_fault(tmp_path: Path) -> None:
    decoder = decoder_for(
        tmp_path,
        binary("Bin", dynamic("n")),
        "n data:Bin",
        xml.container("P", xml.entry("n") + xml.entry("data")),
    )
    result = both(decoder, b"\xffabc", b"")
    assert result.tables == []
    assert result.faults == [
        Fault(0, "packet", "P needs 2048 bits up to data, the packet has 32", False),
        Fault(1, "packet", "P needs 8 bits up to n, the packet has 0", False),
    ]


def test_negative_sizes_are_faults(tmp_path: Path) -> None:
    decoder = decoder_for(
        tmp_path,
        binary("Bin", dynamic("n", 8, -16)),
        "n data:Bin",
        xml.container("P", xml.entry("n") + xml.entry("data")),
    )
    result = both(decoder, b"\x00a", b"\x03a")
    assert result.faults == [Fault(0, "packet", "data has a size of -16 bits", False)]
    assert rows(result) == [{"n": 3, "data": b"a"}]


def test_bytes_after_the_container_are_counted(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, "", "a b", xml.container("P", xml.entry("a") + xml.entry("b")))
    result = both(decoder, b"ab", b"abc", b"abcdef")
    assert len(rows(result)) == 3
    assert result.faults == [
        Fault(1, "packet", "1 bytes are left over after P", True),
        Fault(2, "packet", "4 bytes are left over after P", True),
    ]


def test_a_short_packet_says_what_it_needs_and_has(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, "", "a b", xml.container("P", xml.entry("a") + xml.entry("b")))
    assert both(decoder, b"a").faults == [Fault(0, "packet", "P needs 16 bits, the packet has 8", False)]


def test_an_entry_is_there_only_when_its_condition_holds(tmp_path: Path) -> None:
    entries = xml.entry("kind") + xml.entry("x", include(xml.comparison("kind", 1))) + xml.entry("end")
    decoder = decoder_for(tmp_path, "", "kind x end", xml.container("P", entries))
    result = both(decoder, b"\x01\x05\x09", b"\x02\x09")
    assert rows(result) == [{"kind": 1, "x": 5, "end": 9}, {"kind": 2, "x": None, "end": 9}]
    assert [column.nullable for column in decoder.packet_types[0].columns] == [False, True, False]


def test_a_condition_on_an_absent_parameter_does_not_hold(tmp_path: Path) -> None:
    entries = (
        xml.entry("kind")
        + xml.entry("x", include(xml.comparison("kind", 1)))
        + xml.entry("y", include(xml.comparison("x", 0, ">=")))
    )
    decoder = decoder_for(tmp_path, "", "kind x y", xml.container("P", entries))
    assert rows(both(decoder, b"\x01\x02\x03", b"\x00")) == [
        {"kind": 1, "x": 2, "y": 3},
        {"kind": 0, "x": None, "y": None},
    ]


def test_conditions_join_with_and_and_or(tmp_path: Path) -> None:
    def check(name: str, operator: str, value: int) -> str:
        escaped = operator.replace("<", "&lt;")
        return (
            f'<Condition><ParameterInstanceRef parameterRef="{name}"/>'
            f"<ComparisonOperator>{escaped}</ComparisonOperator><Value>{value}</Value></Condition>"
        )

    expression = (
        f"<BooleanExpression><ORedConditions>{check('a', '==', 7)}<ANDedConditions>{check('a', '<', 5)}"
        f"{check('b', '!=', 0x10)}</ANDedConditions></ORedConditions></BooleanExpression>"
    )
    entries = xml.entry("a") + xml.entry("b") + xml.entry("x", include(expression))
    decoder = decoder_for(tmp_path, "", "a b x", xml.container("P", entries))
    result = both(decoder, b"\x07\x10x", b"\x04\x11x", b"\x04\x10", b"\x06\x11")
    assert [row["x"] for row in rows(result)] == [120, 120, None, None]


def test_two_parameters_are_compared(tmp_path: Path) -> None:
    condition = (
        '<BooleanExpression><Condition><ParameterInstanceRef parameterRef="a"/><ComparisonOperator>&gt;'
        '</ComparisonOperator><ParameterInstanceRef parameterRef="b"/></Condition></BooleanExpression>'
    )
    entries = xml.entry("a") + xml.entry("b") + xml.entry("x", include(condition))
    decoder = decoder_for(tmp_path, "", "a b x", xml.container("P", entries))
    assert [row["x"] for row in rows(both(decoder, b"\x02\x01x", b"\x01\x02"))] == [120, None]


def test_a_fixed_repeat_numbers_the_earlier_instances(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, "", "s", xml.container("P", xml.entry("s", repeat(fixed(3), gap=4))))
    assert decoder.packet_types[0].fixed
    assert decoder.packet_types[0].size_bits == 32
    assert rows(both(decoder, bytes([0x01, 0xF0, 0x2F, 0x03]))) == [{"s__1": 1, "s__2": 0x02, "s": 0x03}]


def test_a_counted_repeat_fills_as_many_columns_as_there_are_instances(tmp_path: Path) -> None:
    types = xml.integer("U2", 2) + xml.integer("U6", 6)
    pair = xml.container("Pair", xml.entry("k") + xml.entry("v"))
    main = xml.container(
        "P",
        xml.entry("spare")
        + xml.entry("n")
        + f'<ContainerRefEntry containerRef="Pair">{repeat(dynamic("n", 1))}</ContainerRefEntry>',
    )
    decoder = decoder_for(tmp_path, types, "spare:U6 n:U2 k v", pair, main, root="P")
    result = both(decoder, b"\x02abcd", b"\x00", b"\x03abcdef", b"\x01ab")
    assert [column.name for column in decoder.packet_types[0].columns] == [
        "spare", "n", "k__1", "v__1", "k__2", "v__2", "k", "v",
    ]  # fmt: skip
    assert [[row["k__1"], row["k__2"], row["k"]] for row in rows(result)] == [
        [97, None, 99],
        [None, None, None],
        [97, 99, 101],
        [None, None, 97],
    ]
    assert result.faults == []


def test_more_repeats_than_are_possible_are_a_fault(tmp_path: Path) -> None:
    types = xml.integer("U16", 16)
    entries = xml.entry("n") + xml.entry("s", repeat(dynamic("n", 1)))
    decoder = decoder_for(tmp_path, types, "n:U16 s", xml.container("P", entries))
    result = both(decoder, b"\x01\x01" + bytes(257), b"\x00\x02ab", b"\xff\xff")
    assert [fault.reason for fault in result.faults] == [
        "an entry of P comes 257 times, 0 to 256 are possible",
        "an entry of P comes 65535 times, 0 to 256 are possible",
    ]
    assert rows(result)[0]["s"] == ord("b")


def test_the_last_instance_that_is_present_has_the_plain_label(tmp_path: Path) -> None:
    first = xml.entry("x", include(xml.comparison("kind", 1)))
    second = xml.entry("x", include(xml.comparison("kind", 2)))
    decoder = decoder_for(tmp_path, "", "kind x", xml.container("P", xml.entry("kind") + first + second))
    assert rows(both(decoder, b"\x01\x0a", b"\x02\x0b")) == [
        {"kind": 1, "x__1": None, "x": 10},
        {"kind": 2, "x__1": None, "x": 11},
    ]


def test_locations_count_from_the_container_or_the_entry_before(tmp_path: Path) -> None:
    inner = xml.container("In", xml.entry("c") + xml.entry("d", location(16, "containerStart")))
    entries = (
        xml.entry("a", location(8, "containerStart"))
        + xml.entry("b", location(4, "previousEntry"))
        + '<ContainerRefEntry containerRef="In">'
        + location(4, "previousEntry")
        + "</ContainerRefEntry>"
    )
    decoder = decoder_for(tmp_path, "", "a b c d", inner, xml.container("P", entries), root="P")
    assert decoder.packet_types[0].fixed
    assert rows(both(decoder, bytes([0, 1, 0xF2, 0x2F, 3, 0, 4]))) == [{"a": 1, "b": 0x22, "c": 3, "d": 4}]
    assert [place.bit_offset for place in decoder.locate(bytes(7))] == [8, 20, 32, 48]


def test_entries_may_overlap(tmp_path: Path) -> None:
    entries = xml.entry("a") + xml.entry("b", location(0, "containerStart"))
    decoder = decoder_for(tmp_path, "", "a b", xml.container("P", entries))
    assert decoder.packet_types[0].size_bits == 8
    assert rows(both(decoder, b"\x07")) == [{"a": 7, "b": 7}]


def test_an_entry_before_the_packet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="starts 8 bits before the packet"):
        decoder_for(tmp_path, "", "a", xml.container("P", xml.entry("a", location(-8, "previousEntry"))))


TERMINATED = '<Variable maxSizeInBits="64"><TerminationChar>00</TerminationChar></Variable>'
TWO_BYTES = TERMINATED.replace("00<", "0000<")
FOUR_BYTES = f"<SizeInBits><Fixed>{fixed(32)}</Fixed></SizeInBits>"
UTF_16 = "hé".encode("utf-16-be")
TAGGED = '<Variable maxSizeInBits="800"><LeadingSize sizeInBitsOfSizeTag="8"/></Variable>'


@pytest.mark.parametrize(
    ("size", "encoding", "packet", "text", "raw"),
    [
        (TERMINATED, "UTF-8", b"hello\0Z", "hello", b"hello\0"),
        (TERMINATED, "UTF-8", b"eightchrZ", "eightchr", b"eightchr"),
        (TWO_BYTES, "UTF-16BE", UTF_16 + b"\0\0Z", "hé", UTF_16 + b"\0\0"),
        (TWO_BYTES, "UTF-16LE", b"\x00\x61\x00\x00Z", "\u6100", b"\x00\x61\x00\x00"),
        (TAGGED, "UTF-8", b"\x03abcZ", "abc", b"\x03abc"),
        (TAGGED, "ISO-8859-1", b"\x01\xe9Z", "é", b"\x01\xe9"),
        (f"<Variable>{dynamic('n')}</Variable>", "US-ASCII", b"abcZ", "abc", b"abc"),
        (FOUR_BYTES, "UTF-8", b"a\0b Z", "a\0b ", b"a\0b "),
        (FOUR_BYTES.replace("</S", "<TerminationChar/></S"), "UTF-8", b"ab\0cZ", "ab", b"ab\0c"),
        (
            f'<SizeInBits><Fixed>{fixed(32)}</Fixed><LeadingSize sizeInBitsOfSizeTag="8"/></SizeInBits>',
            "UTF-8", b"\x02abcZ", "ab", b"\x02abc",
        ),
        (FOUR_BYTES, "UTF-16", UTF_16 + b"Z", "hé", UTF_16),
    ],
)  # fmt: skip
def test_strings_of_every_kind_are_read(  # noqa: PLR0917
    tmp_path: Path, size: str, encoding: str, packet: bytes, text: str, raw: bytes
) -> None:
    entries = "".join(map(xml.entry, ["n", "s", "end"]))
    decoder = decoder_for(tmp_path, string("S", size, encoding), "n s:S end", xml.container("P", entries))
    result = both(decoder, b"\x03" + packet)
    assert rows(result) == [{"n": 3, "s": text, "s__raw": raw, "end": ord("Z")}]
    assert result.faults == []


def test_bytes_that_are_no_text_stand_escaped_and_are_a_fault(tmp_path: Path) -> None:
    size = f"<SizeInBits><Fixed>{fixed(24)}</Fixed></SizeInBits>"
    decoder = decoder_for(tmp_path, string("S", size), "s:S", xml.container("P", xml.entry("s")))
    result = both(decoder, b"a\xffb", b"abc")
    assert [row["s"] for row in rows(result)] == ["a\\xffb", "abc"]
    assert result.faults == [Fault(0, "value", "not text of its encoding: s", True)]


def test_a_size_tag_beyond_its_buffer_is_a_fault(tmp_path: Path) -> None:
    size = f'<SizeInBits><Fixed>{fixed(32)}</Fixed><LeadingSize sizeInBitsOfSizeTag="8"/></SizeInBits>'
    decoder = decoder_for(tmp_path, string("S", size), "s:S", xml.container("P", xml.entry("s")))
    result = both(decoder, b"\x09abc")
    assert rows(result)[0]["s"] == "abc"
    assert result.faults == [Fault(0, "value", "its size tag is larger than its buffer: s", True)]


def test_a_string_without_its_terminator_is_a_fault(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, string("S", TERMINATED), "s:S", xml.container("P", xml.entry("s")))
    result = both(decoder, b"abc")
    assert result.faults == [Fault(0, "packet", "s has no terminator before the packet ends", False)]


def test_strings_at_any_bit_are_read(tmp_path: Path) -> None:
    types = (
        xml.integer("U3", 3)
        + string("S", TERMINATED)
        + string("F", f"<SizeInBits><Fixed>{fixed(16)}</Fixed></SizeInBits>")
    )
    decoder = decoder_for(
        tmp_path, types, "k:U3 f:F s:S", xml.container("P", "".join(map(xml.entry, ["k", "f", "s"])))
    )
    writer = xml.BitWriter().put(5, 3)
    for byte in b"hiyou\0":
        writer.put(byte, 8)
    assert rows(both(decoder, writer.packet()))[0] == {
        "k": 5,
        "f": "hi",
        "f__raw": b"hi",
        "s": "you",
        "s__raw": b"you\0",
    }


def test_a_size_is_looked_up(tmp_path: Path) -> None:
    lookup = (
        f'<DiscreteLookupList><DiscreteLookup value="8">{xml.comparison("n", 1)}</DiscreteLookup>'
        f'<DiscreteLookup value="24">{xml.comparison("n", 1, ">")}</DiscreteLookup></DiscreteLookupList>'
    )
    decoder = decoder_for(
        tmp_path, binary("Bin", lookup), "n d:Bin", xml.container("P", xml.entry("n") + xml.entry("d"))
    )
    result = both(decoder, b"\x01a", b"\x07abc", b"\x00")
    assert [row["d"] for row in rows(result)] == [b"a", b"abc"]
    assert result.faults[0].reason == "a size or count has no lookup that fits"


HEADER = xml.container("Header", xml.entry("apid"), abstract=True)


def child(name: str, condition: str, entries: str = "", base: str = "Header", abstract: bool = False) -> str:
    return xml.container(name, entries, base, condition, abstract)


def test_a_packet_of_no_container_says_what_it_was_looked_for_by(tmp_path: Path) -> None:
    containers = [HEADER, child("One", xml.comparison("apid", 1)), child("Two", xml.comparison("apid", 2))]
    result = both(decoder_for(tmp_path, "", "apid", *containers), b"\x4d", b"\x02")
    assert result.faults == [Fault(0, "packet", "no container matches: apid=77", False)]
    assert result.tables[0].packet_type.name == "Two"
    assert result.tables[0].rows.tolist() == [1]


def test_a_packet_that_ends_at_an_abstract_container_is_a_fault(tmp_path: Path) -> None:
    containers = [
        HEADER,
        child("One", xml.comparison("apid", 1), abstract=True),
        child("Two", xml.comparison("apid", 2)),
    ]
    result = both(decoder_for(tmp_path, "", "apid", *containers), b"\x01")
    assert result.faults == [Fault(0, "packet", "packet ends at the abstract container One", False)]


def test_a_container_with_children_is_a_type_of_its_own(tmp_path: Path) -> None:
    containers = [
        HEADER,
        child("Any", xml.comparison("apid", 10, "<"), xml.entry("a")),
        child("Special", xml.comparison("a", 5), xml.entry("b"), "Any"),
    ]
    decoder = decoder_for(tmp_path, "", "apid a b", *containers)
    assert [kind.name for kind in decoder.packet_types] == ["Any", "Special"]
    result = both(decoder, b"\x01\x05\x09", b"\x01\x06")
    assert [(table.packet_type.name, table.rows.tolist()) for table in result.tables] == [
        ("Any", [1]),
        ("Special", [0]),
    ]


def test_of_several_containers_that_match_the_first_in_the_file_counts(tmp_path: Path) -> None:
    containers = [
        HEADER,
        child("Low", xml.comparison("apid", 10, "<")),
        child("Three", xml.comparison("apid", 3)),
        child("Twenty", xml.comparison("apid", 20)),
        child("High", xml.comparison("apid", 20, ">=")),
    ]
    result = both(decoder_for(tmp_path, "", "apid", *containers), b"\x03", b"\x14", b"\x15")
    assert {table.packet_type.name: table.rows.tolist() for table in result.tables} == {
        "Low": [0],
        "Twenty": [1],
        "High": [2],
    }


def test_a_container_without_a_restriction_takes_the_rest(tmp_path: Path) -> None:
    containers = [HEADER, child("One", xml.comparison("apid", 1)), child("Rest", "")]
    result = both(decoder_for(tmp_path, "", "apid", *containers), b"\x01", b"\x02")
    assert [table.packet_type.name for table in result.tables] == ["One", "Rest"]


def test_restrictions_compare_labels_booleans_and_calibrated_values(tmp_path: Path) -> None:
    types = (
        '<EnumeratedParameterType name="E"><IntegerDataEncoding sizeInBits="4"/><EnumerationList>'
        '<Enumeration value="1" label="ON"/><Enumeration value="2" maxValue="3" label="ON"/>'
        '<Enumeration value="0" label="OFF"/></EnumerationList></EnumeratedParameterType>'
        '<BooleanParameterType name="B" oneStringValue="Go" zeroStringValue="Stop">'
        '<IntegerDataEncoding sizeInBits="4"/></BooleanParameterType>'
        + xml.integer(
            "C",
            inside='<DefaultCalibrator><PolynomialCalibrator><Term coefficient="-0.5" exponent="0"/>'
            '<Term coefficient="0.5" exponent="1"/></PolynomialCalibrator></DefaultCalibrator>',
        )
    )
    root = xml.container("Root", "".join(map(xml.entry, ["e", "b", "c"])), abstract=True)
    containers = [
        root,
        child(
            "On",
            f"<ComparisonList>{xml.comparison('e', 'ON')}{xml.comparison('b', 'Go')}</ComparisonList>",
            "",
            "Root",
        ),
        child("Half", xml.comparison("c", "1.5"), "", "Root"),
        child("Off", xml.comparison("e", "ON", "!="), "", "Root"),
    ]
    decoder = decoder_for(tmp_path, types, "e:E b:B c:C", *containers)
    result = both(decoder, b"\x31\x00", b"\x30\x04", b"\x00\x05", b"\x30\x00")
    assert {table.packet_type.name: table.rows.tolist() for table in result.tables} == {
        "On": [0],
        "Half": [1],
        "Off": [2],
    }
    assert result.faults == [Fault(3, "packet", "no container matches: e=3, b=0, c=0", False)]


def test_a_root_below_other_containers_keeps_their_restrictions(tmp_path: Path) -> None:
    containers = [
        HEADER,
        child("Telemetry", xml.comparison("apid", 100, "<"), xml.entry("a"), abstract=True),
        child("Commands", xml.comparison("apid", 100, ">=")),
        child("One", xml.comparison("a", 1), "", "Telemetry"),
    ]
    decoder = decoder_for(tmp_path, "", "apid a", *containers, root="Telemetry")
    assert [kind.name for kind in decoder.packet_types] == ["One"]
    result = both(decoder, b"\x05\x01", b"\x65\x01")
    assert result.tables[0].rows.tolist() == [0]
    assert result.faults == [Fault(1, "packet", "no container matches: apid=101", False)]


def test_fixed_and_open_containers_share_a_root(tmp_path: Path) -> None:
    containers = [
        HEADER,
        child("Fixed", xml.comparison("apid", 1), xml.entry("a")),
        child("Open", xml.comparison("apid", 2), xml.entry("a") + xml.entry("d")),
        child("OpenMore", xml.comparison("a", 1), xml.entry("b"), "Open"),
    ]
    decoder = decoder_for(tmp_path, binary("Bin", dynamic("a")), "apid a b d:Bin", *containers)
    result = both(decoder, b"\x02\x01x\x07", b"\x01\x05", b"\x02\x02xy", b"\x01\x06", b"\x02\x01x")
    assert {table.packet_type.name: table.rows.tolist() for table in result.tables} == {
        "Fixed": [1, 3],
        "Open": [2],
        "OpenMore": [0],
    }
    assert result.faults == [Fault(4, "packet", "OpenMore needs 32 bits up to b, the packet has 24", False)]


def test_an_empty_batch_is_an_empty_result(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, "", "a", xml.container("P", xml.entry("a")))
    assert both(decoder) == Decoded()


def test_packets_anywhere_in_the_buffer_are_read(tmp_path: Path) -> None:
    decoder = decoder_for(tmp_path, "", "a b", xml.container("P", xml.entry("a") + xml.entry("b")))
    data = np.arange(20, dtype=np.uint8)
    starts = np.array([18, 3, 3, 0], np.int64)
    table = decoder.decode(data, starts, np.full(4, 2, np.int64)).tables[0]
    assert table.batch.column("a").to_pylist() == [18, 3, 3, 0]
    assert table.batch.column("b").to_pylist() == [19, 4, 4, 1]


HOSTILE_NAMES = ["n", "k", "d", "s", "t", "r"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    """Everything that depends on the packet, at odd bits."""
    calibrator = (
        '<DefaultCalibrator><SplineCalibrator><SplinePoint raw="-3" calibrated="1e300"/>'
        '<SplinePoint raw="9" calibrated="-1e300"/></SplineCalibrator></DefaultCalibrator>'
    )
    types = (
        xml.integer("I7", 7, "twosComplement")
        + xml.integer("I64", 64, "twosComplement")
        + xml.integer("Spline", 5, "twosComplement", calibrator)
        + f'<FloatParameterType name="F32"><FloatDataEncoding sizeInBits="32">{calibrator}'
        + "</FloatDataEncoding></FloatParameterType>"
        + binary("Bin", dynamic("n", 3, -5))
        + binary("BinBySpline", dynamic("k"))
        + string(
            "Tagged",
            '<Variable maxSizeInBits="9999"><LeadingSize sizeInBitsOfSizeTag="13"/></Variable>',
            "UTF-16",
        )
        + string("Ended", '<Variable maxSizeInBits="80"><TerminationChar>00</TerminationChar></Variable>')
    )
    entries = (
        xml.entry("n")
        + xml.entry("k")
        + xml.entry("d", include(xml.comparison("n", 0, ">")))
        + xml.entry("big", repeat(dynamic("k", 1.5)))
        + xml.entry("s", include(xml.comparison("k", 3, "<")))
        + xml.entry("t", location(-3, "previousEntry"))
        + xml.entry("f", include(xml.comparison("big", 10**17, ">")))
        + xml.entry("e", include(xml.comparison("f", 0, ">")) + location(1, "containerStart"))
    )
    return decoder_for(
        tmp_path_factory.mktemp("hostile"),
        types,
        "n:I7 k:Spline d:Bin e:BinBySpline s:Tagged t:Ended big:I64 f:F32",
        xml.container("P", entries),
        xml.container("Q", xml.entry("f"), "P", xml.comparison("t", "m", ">")),
    )


@given(
    packets=st.lists(st.binary(max_size=80) | st.binary(max_size=6).map(lambda part: part * 12), max_size=6)
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_stop_the_decoder(hostile: Decoder, packets: list[bytes]) -> None:
    result = hostile.decode(*xml.batch(*packets))
    decoded = sorted(row for table in result.tables for row in table.rows.tolist())
    refused = [fault.row for fault in result.faults if not fault.decoded]
    assert sorted(decoded + refused) == list(range(len(packets)))
    for packet in packets:
        hostile.locate(packet)
