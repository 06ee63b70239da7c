"""Every mistake in an XTCE file is found at load, with file, line, what is wrong and what to do."""

# ruff: noqa: E501 - one line of XTCE per mistake reads best

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xtce_text as xml

from infra.errors import MissionError
from streams.decode import compile_decoder
from streams.xtce import load_database

U8 = xml.integer("U8")
A = xml.parameter("a", "U8")


def calibrated(calibrator: str) -> str:
    return xml.telemetry(xml.integer("U8", inside=f"<DefaultCalibrator>{calibrator}</DefaultCalibrator>"), A)


def enumerated(enumerations: str) -> str:
    return xml.telemetry(
        '<EnumeratedParameterType name="E"><IntegerDataEncoding/>'
        f"<EnumerationList>{enumerations}</EnumerationList></EnumeratedParameterType>"
    )


def typed(tag: str, inside: str) -> str:
    return xml.telemetry(
        f'<{tag} name="X">{inside}</{tag}>', xml.parameter("x", "X"), xml.container("P", xml.entry("x"))
    )


def packet(entries: str, more: str = "") -> str:
    return xml.telemetry(U8, A, xml.container("P", entries) + more)


def sized_by(reference: str) -> str:
    size = f'<SizeInBits><DynamicValue><ParameterInstanceRef parameterRef="{reference}"/></DynamicValue></SizeInBits>'
    return f'<BinaryParameterType name="Bin"><BinaryDataEncoding>{size}</BinaryDataEncoding></BinaryParameterType>'


FIXED = "<Fixed><FixedValue>8</FixedValue></Fixed>"
MISTAKES = {
    "an unknown type": (xml.telemetry("", xml.parameter("a", "Nope")), "parameterTypeRef \"Nope\": there is no such"),
    "an unknown parameter": (packet(xml.entry("nope")), 'parameterRef "nope"'),
    "an unknown container": (packet('<ContainerRefEntry containerRef="nope"/>'), 'containerRef "nope"'),
    "an unknown base": (packet("", xml.container("Q", "", "nope")), 'containerRef "nope"'),
    "an unknown member": (packet(xml.entry("a") + xml.entry("a", f"<IncludeCondition>{xml.comparison('a.x', 1)}</IncludeCondition>")), "no such member"),
    "circular inheritance": (xml.telemetry("", "", xml.container("A", "", "B") + xml.container("B", "", "A")), "circular inheritance"),
    "containers in a circle": (
        xml.telemetry("", "", xml.container("A", '<ContainerRefEntry containerRef="B"/>') + xml.container("B", "", "A")),
        "contain each other",
    ),
    "a container in itself": (packet('<ContainerRefEntry containerRef="P"/>'), "contain each other"),
    "a type twice": (xml.telemetry(U8 + U8), 'the parameter type "U8" is defined twice'),
    "a parameter twice": (xml.telemetry(U8, A + A), 'the parameter "a" is defined twice'),
    "a container twice": (packet("", xml.container("P", "")), 'the container "P" is defined twice'),
    "an integer of no bits": (xml.telemetry(xml.integer("U", 0)), "an integer of 0 bits"),
    "an integer of 65 bits": (xml.telemetry(xml.integer("U", 65)), "an integer of 65 bits"),
    "a size that is no number": (xml.telemetry(U8.replace('"8"', '"eight"')), "is not a number"),
    "a size that is no integer": (xml.telemetry(U8.replace('"8"', '"8.5"')), "is not an integer"),
    "a gigantic number": (xml.telemetry(U8.replace('"8"', '"1e999999999"')), "is not a number"),
    "an unknown integer encoding": (xml.telemetry(xml.integer("U", 8, "gray")), "gray"),
    "digits that do not fit": (xml.telemetry(xml.integer("U", 6, "packedBCD")), "no whole number of packedBCD digits"),
    "little-endian half bytes": (xml.telemetry(xml.integer("U", 12, order="leastSignificantByteFirst")), "ambiguous for 12 bits"),
    "a mixed byte order": (xml.telemetry(xml.integer("U", 32, order="1,0,3,2")), 'the byte order "1,0,3,2" is not supported'),
    "bits from the other end": (xml.telemetry(U8.replace("encoding=", 'bitOrder="leastSignificantBitFirst" encoding=')), "bitOrder"),
    "a float of 24 bits": (typed("FloatParameterType", '<FloatDataEncoding sizeInBits="24"/>'), "24 bits is not supported"),
    "a DEC float": (typed("FloatParameterType", '<FloatDataEncoding encoding="DEC"/>'), '"DEC"'),
    "two encodings": (typed("FloatParameterType", "<FloatDataEncoding/><IntegerDataEncoding/>"), "two encodings"),
    "a string as a number": (
        typed("IntegerParameterType", f"<StringDataEncoding><SizeInBits>{FIXED}</SizeInBits></StringDataEncoding>"),
        "StringEncoding for a IntegerParameterType",
    ),
    "a polynomial without terms": (calibrated("<PolynomialCalibrator/>"), "has no coefficients"),
    "a negative exponent": (calibrated('<PolynomialCalibrator><Term coefficient="1" exponent="-1"/></PolynomialCalibrator>'), "exponent -1"),
    "a spline of one point": (calibrated('<SplineCalibrator><SplinePoint raw="1" calibrated="1"/></SplineCalibrator>'), "has 1 points"),
    "a spline with a step": (
        calibrated('<SplineCalibrator><SplinePoint raw="1" calibrated="1"/><SplinePoint raw="1" calibrated="2"/></SplineCalibrator>'),
        "two SplinePoints have the raw value 1",
    ),
    "a quadratic spline": (calibrated('<SplineCalibrator order="2"/>'), "order 2"),
    "a formula": (calibrated("<MathOperationCalibrator/>"), "MathOperationCalibrator is not supported"),
    "an empty calibrator": (calibrated(""), "has no calibrator"),
    "an enumeration with one value twice": (
        enumerated('<Enumeration value="1" label="A"/><Enumeration value="1" label="B"/>'), "the value 1 has two labels"
    ),
    "overlapping ranges": (
        enumerated('<Enumeration value="1" maxValue="5" label="A"/><Enumeration value="3" label="B"/>'), "the value 3 has two labels"
    ),
    "a range backwards": (enumerated('<Enumeration value="5" maxValue="1" label="A"/>'), "maxValue 1 is below value 5"),
    "an enumeration without labels": (enumerated(""), "is empty"),
    "a string without an end": (
        typed("StringParameterType", '<StringDataEncoding><Variable maxSizeInBits="80"/></StringDataEncoding>'),
        "nothing says where the string ends",
    ),
    "an unknown character set": (
        typed("StringParameterType", f'<StringDataEncoding encoding="EBCDIC"><SizeInBits>{FIXED}</SizeInBits></StringDataEncoding>'),
        "EBCDIC",
    ),
    "a terminator of half a character": (
        typed(
            "StringParameterType",
            f'<StringDataEncoding encoding="UTF-16"><SizeInBits>{FIXED}<TerminationChar>00</TerminationChar>'
            "</SizeInBits></StringDataEncoding>",
        ),
        "TerminationChar",
    ),
    "a size of zero": (
        typed("BinaryParameterType", "<BinaryDataEncoding><SizeInBits><FixedValue>0</FixedValue></SizeInBits></BinaryDataEncoding>"),
        "a size of 0 bits",
    ),
    "a time after another": (
        typed(
            "AbsoluteTimeParameterType",
            "<Encoding><IntegerDataEncoding/></Encoding><ReferenceTime><OffsetFrom parameterRef='x'/></ReferenceTime>",
        ),
        "OffsetFrom",
    ),
    "an unknown epoch": (
        typed("AbsoluteTimeParameterType", "<Encoding><IntegerDataEncoding/></Encoding><ReferenceTime><Epoch>STARDATE</Epoch></ReferenceTime>"),
        '"STARDATE" is no epoch',
    ),
    "a time without an epoch": (typed("AbsoluteTimeParameterType", "<Encoding><IntegerDataEncoding/></Encoding>"), "no epoch"),
    "a size that comes later": (
        xml.telemetry(U8 + sized_by("a"), A + xml.parameter("bin", "Bin"), xml.container("P", xml.entry("bin") + xml.entry("a"))),
        "/T/a, which does not come earlier",
    ),
    "a condition that comes later": (
        xml.telemetry(
            U8,
            A + xml.parameter("b", "U8"),
            xml.container("P", xml.entry("a", f"<IncludeCondition>{xml.comparison('b', 1)}</IncludeCondition>") + xml.entry("b")),
        ),
        "/T/b, which does not come earlier",
    ),
    "a restriction on what the base has not": (
        packet(xml.entry("a"), xml.container("Q", "", "P", xml.comparison("b", 1))).replace("</ParameterSet>", xml.parameter("b", "U8") + "</ParameterSet>"),
        "/T/b, which does not come earlier",
    ),
    "an entry without an encoding": (typed("FloatParameterType", ""), "has no encoding"),
    "an unknown operator": (packet(xml.entry("a"), xml.container("Q", "", "P", xml.comparison("a", 1, "=~"))), '"=~" is no comparison operator'),
    "an algorithm as a condition": (packet(xml.entry("a"), xml.container("Q", "", "P", "<CustomAlgorithm/>")), "CustomAlgorithm"),
    "an entry from the end": (
        packet(xml.entry("a", '<LocationInContainerInBits referenceLocation="containerEnd"><FixedValue>8</FixedValue></LocationInContainerInBits>')),
        "a location from containerEnd is not supported",
    ),
    "an unknown entry": (packet('<StreamSegmentEntry streamRef="x"/>'), "StreamSegmentEntry is not supported"),
    "a packet before": (
        packet(xml.entry("a"), xml.container("Q", "", "P", xml.comparison("a", 1).replace("value", 'instance="-1" value', 1))),
        "earlier or later instance",
    ),
    "a type that contains itself": (
        xml.telemetry('<AggregateParameterType name="G"><MemberList><Member name="g" typeRef="G"/></MemberList></AggregateParameterType>'),
        "contains itself",
    ),
    "an array of open size": (
        typed(
            "ArrayParameterType",
            "<DimensionList><Dimension><StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex>"
            "<DynamicValue/></EndingIndex></Dimension></DimensionList>",
        ),
        "EndingIndex is not a FixedValue",
    ),
    "an alarm level of its own": (
        xml.telemetry(
            U8.replace("</IntegerParameterType>", '<DefaultAlarm><AlarmMultiRanges><Range level="panic"/></AlarmMultiRanges></DefaultAlarm></IntegerParameterType>')
        ),
        '"panic" is no concern level',
    ),
    "a boolean that is none": (packet(xml.entry("a")).replace('abstract="false"', 'abstract="maybe"'), "neither true nor false"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_with_its_place(tmp_path: Path, mistake: str) -> None:
    text, expected = MISTAKES[mistake]
    with pytest.raises(MissionError) as caught:
        xml.load(tmp_path, xml.system(text))
    assert expected in caught.value.what
    assert re.fullmatch(r"part0\.xml:\d+", caught.value.where)
    assert caught.value.fix


def test_the_line_is_that_of_the_mistake(tmp_path: Path) -> None:
    text = xml.system(xml.telemetry(U8 + "\n\n" + xml.integer("Bad", 99), A))
    with pytest.raises(MissionError) as caught:
        xml.load(tmp_path, text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "Bad" in line)
    assert caught.value.where == f"part0.xml:{line}"


def test_a_wrong_reference_in_a_second_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(MissionError) as caught:
        xml.load(
            tmp_path, xml.system(xml.telemetry(U8)), xml.system(xml.telemetry("", xml.parameter("b", "U9")))
        )
    assert caught.value.where.startswith("part1.xml:")


def test_a_name_that_exists_elsewhere_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match=r"did you mean /A/U8\?"):
        xml.load(tmp_path, xml.system(xml.telemetry(U8), "A"), xml.system(xml.telemetry("", A), "B"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<SpaceSystem name='T'><Telemetry></SpaceSystem>", "not well-formed"),
        ("", "not well-formed"),
        ("<SpaceSystem/>", "no name"),
        ("<SpaceSystem name='a/b'/>", "slash"),
        ("<html/>", "is no XTCE"),
        ("<!DOCTYPE SpaceSystem><SpaceSystem name='T'/>", "DOCTYPE"),
        (
            "<!DOCTYPE S [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><SpaceSystem name='T'>&e;</SpaceSystem>",
            "DOCTYPE",
        ),
    ],
)
def test_files_that_are_no_xtce_are_refused(tmp_path: Path, content: str, expected: str) -> None:
    with pytest.raises(MissionError) as caught:
        xml.load(tmp_path, content)
    assert expected in caught.value.what
    assert caught.value.where.startswith("part0.xml:")


def test_entities_that_explode_are_refused(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE S [<!ENTITY e0 "x">{entities}]><SpaceSystem name="T" shortDescription="&e11;"/>'
    with pytest.raises(MissionError):
        xml.load(tmp_path, text)


def test_a_file_that_is_not_there_and_no_file_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="cannot be read"):
        load_database([tmp_path / "nothing.xml"])
    with pytest.raises(MissionError, match="no XTCE file"):
        load_database([])


def test_an_unknown_root_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="/T/P"):
        xml.load(tmp_path, xml.system(packet(xml.entry("a"))), root="Q")


def test_several_possible_roots_are_listed(tmp_path: Path) -> None:
    database = xml.load(tmp_path, xml.system(packet(xml.entry("a"), xml.container("Q", xml.entry("a")))))
    with pytest.raises(MissionError, match=r"/T/P, /T/Q"):
        compile_decoder(database)
    assert [kind.name for kind in compile_decoder(database, "Q").packet_types] == ["Q"]


def test_containers_that_double_again_and_again_are_refused(tmp_path: Path) -> None:
    twice = "<ContainerRefEntry containerRef='C{0}'/>" * 2
    containers = xml.container("C0", xml.entry("a")) + "".join(
        xml.container(f"C{number}", twice.format(number - 1)) for number in range(1, 40)
    )
    with pytest.raises(MissionError, match="more than"):
        xml.load(tmp_path, xml.system(xml.telemetry(U8, A, containers)))


def test_a_very_deep_inheritance_is_refused(tmp_path: Path) -> None:
    containers = xml.container("C0", "") + "".join(
        xml.container(f"C{number}", "", f"C{number - 1}") for number in range(1, 2000)
    )
    with pytest.raises(MissionError, match="nested more than"):
        xml.load(tmp_path, xml.system(xml.telemetry("", "", containers)))


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        (xml.comparison("a", "abc"), "write a number"),
        (xml.comparison("e", "NOPE"), "use a label such as OFF"),
        (xml.comparison("b", "perhaps"), "use True or False"),
    ],
)
def test_a_value_that_does_not_fit_its_parameter_is_found_when_compiled(
    tmp_path: Path, restriction: str, expected: str
) -> None:
    types = U8 + (
        '<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>'
        '<Enumeration value="0" label="OFF"/></EnumerationList></EnumeratedParameterType>'
        '<BooleanParameterType name="B"><IntegerDataEncoding/></BooleanParameterType>'
    )
    parameters = A + xml.parameter("e", "E") + xml.parameter("b", "B")
    containers = xml.container("P", "".join(map(xml.entry, "aeb"))) + xml.container("Q", "", "P", restriction)
    with pytest.raises(MissionError) as caught:
        compile_decoder(xml.load(tmp_path, xml.system(xml.telemetry(types, parameters, containers))))
    assert expected in caught.value.fix
    assert caught.value.where.startswith("part0.xml:")


def test_a_context_on_a_parameter_of_another_packet_is_refused(tmp_path: Path) -> None:
    context = (
        f"<ContextCalibratorList><ContextCalibrator><ContextMatch>{xml.comparison('b', 1)}</ContextMatch><Calibrator>"
        '<PolynomialCalibrator><Term coefficient="1" exponent="1"/></PolynomialCalibrator></Calibrator>'
        "</ContextCalibrator></ContextCalibratorList>"
    )
    text = xml.telemetry(
        U8 + xml.integer("C", inside=context),
        xml.parameter("a", "C") + xml.parameter("b", "U8"),
        xml.container("P", xml.entry("a")) + xml.container("Q", xml.entry("b")),
    )
    with pytest.raises(MissionError, match="which is not in the same packet"):
        compile_decoder(xml.load(tmp_path, xml.system(text)), "P")
    own = text.replace('parameterRef="b" value', 'parameterRef="a" value')
    with pytest.raises(MissionError, match="depend on its own calibrated value"):
        compile_decoder(xml.load(tmp_path, xml.system(own)), "P")
