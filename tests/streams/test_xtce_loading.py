"""What a mission database holds after loading."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import xtce_text as xml

from streams.xtce import AbsoluteTimeType, AlarmRange, EnumeratedType, IntegerType, load_database

U8 = xml.integer("U8")


def one_packet(name: str = "P", parameter: str = "a") -> str:
    return xml.telemetry(U8, xml.parameter(parameter, "U8"), xml.container(name, xml.entry(parameter)))


@pytest.mark.parametrize(
    "namespace", [xml.NAMESPACE, "http://www.omg.org/space/xtce", "http://www.omg.org/spec/XTCE/20061101", ""]
)
def test_any_namespace_of_xtce_is_read(tmp_path: Path, namespace: str) -> None:
    database = xml.load(tmp_path, xml.system(one_packet(), namespace=namespace))
    assert list(database.parameters) == ["/T/a"]


def test_any_prefix_is_read(tmp_path: Path) -> None:
    text = xml.system(one_packet())
    for tag in ("SpaceSystem", "TelemetryMetaData", "Parameter", "IntegerDataEncoding", "SequenceContainer"):
        text = text.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
        text = text.replace(f"</{tag}>", f"</x:{tag}>")
    database = xml.load(tmp_path, text.replace("xmlns=", "xmlns:x="))
    assert list(database.containers) == ["/T/P"]


def test_a_parameter_remembers_where_it_is_defined(tmp_path: Path) -> None:
    text = xml.system(one_packet())
    parameter = xml.load(tmp_path, text).parameters["/T/a"]
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '<Parameter name="a"' in line)
    assert (parameter.file, parameter.line) == ("part0.xml", line)
    assert parameter.name == "a"
    assert isinstance(parameter.type, IntegerType)


def test_lines_beyond_65535_are_right(tmp_path: Path) -> None:
    text = xml.system("\n" * 70_000 + one_packet())
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '<Parameter name="a"' in line)
    parameter = xml.load(tmp_path, text).parameters["/T/a"]
    assert parameter.line == line > 70_000
    assert parameter.type.place == f"part0.xml:{line - 3}"


def test_names_are_looked_for_in_the_own_system_then_upwards(tmp_path: Path) -> None:
    inner = xml.system(
        xml.telemetry("", xml.parameter("b", "U8"), xml.container("Q", xml.entry("b"), "P")), "In"
    )
    inner = inner.split("\n", 1)[1]
    database = xml.load(tmp_path, xml.system(one_packet() + inner))
    assert database.parameters["/T/In/b"].type.name == "/T/U8"
    assert database.containers["/T/In/Q"].base == "/T/P"


def test_absolute_and_relative_paths_are_followed(tmp_path: Path) -> None:
    left = xml.system(one_packet("L", "x"), "Left").split("\n", 1)[1]
    entries = xml.entry("/T/Left/x") + xml.entry("../Left/x") + xml.entry("Left/x")
    right = xml.system(xml.telemetry("", "", xml.container("R", entries)), "Right").split("\n", 1)[1]
    database = xml.load(tmp_path, xml.system(left + right))
    assert [entry.parameters for entry in database.containers["/T/Right/R"].entries] == [("/T/Left/x",)] * 3


def test_several_files_make_one_database(tmp_path: Path) -> None:
    types = xml.system(xml.telemetry(U8), "Types")
    packets = xml.system(
        xml.telemetry("", xml.parameter("a", "/Types/U8"), xml.container("P", xml.entry("a"))), "Packets"
    )
    database = xml.load(tmp_path, types, packets)
    assert database.name == "Types"
    assert database.parameters["/Packets/a"].file == "part1.xml"


def test_files_with_the_same_top_system_are_merged(tmp_path: Path) -> None:
    more = xml.system(xml.telemetry("", xml.parameter("b", "U8")))
    assert set(xml.load(tmp_path, xml.system(one_packet()), more).parameters) == {"/T/a", "/T/b"}


def test_the_digest_depends_on_content_and_order_but_not_on_names(tmp_path: Path) -> None:
    first, second = xml.system(one_packet(), "A"), xml.system(one_packet(), "B")
    original = xml.load(tmp_path, first, second).digest
    (tmp_path / "other").mkdir()
    for name, text in (("y.xml", first), ("x.xml", second)):
        (tmp_path / "other" / name).write_text(text)
    paths = [tmp_path / "other" / "y.xml", tmp_path / "other" / "x.xml"]
    assert load_database(paths).digest == original
    assert load_database(paths[::-1]).digest != original
    assert len(bytes.fromhex(original)) == hashlib.sha256().digest_size


def test_units_and_descriptions_are_kept(tmp_path: Path) -> None:
    kind = U8.replace(
        "<IntegerDataEncoding",
        "<UnitSet><Unit>m</Unit><Unit power='-2'>s</Unit></UnitSet><IntegerDataEncoding",
    )
    parameter = (
        '<Parameter name="a" parameterTypeRef="U8" shortDescription="Short.">'
        "<LongDescription> Long. </LongDescription></Parameter>"
    )
    found = xml.load(tmp_path, xml.system(xml.telemetry(kind, parameter))).parameters["/T/a"]
    assert found.unit == "m s^-2"
    assert found.description == "Short.\nLong."


def test_aggregates_and_arrays_come_apart_into_their_leaves(tmp_path: Path) -> None:
    types = (
        U8 + '<ArrayParameterType name="Pair" arrayTypeRef="U8"><DimensionList><Dimension>'
        "<StartingIndex><FixedValue>0</FixedValue></StartingIndex>"
        "<EndingIndex><FixedValue>1</FixedValue></EndingIndex></Dimension></DimensionList></ArrayParameterType>"
        '<AggregateParameterType name="Point"><MemberList><Member name="x" typeRef="U8"/>'
        '<Member name="both" typeRef="Pair"/></MemberList></AggregateParameterType>'
    )
    database = xml.load(
        tmp_path,
        xml.system(xml.telemetry(types, xml.parameter("p", "Point"), xml.container("P", xml.entry("p")))),
    )
    assert list(database.parameters) == ["/T/p.x", "/T/p.both[0]", "/T/p.both[1]"]
    assert database.containers["/T/P"].entries[0].parameters == tuple(database.parameters)


def test_a_derived_type_has_what_its_base_type_says_and_it_does_not(tmp_path: Path) -> None:
    unit = "<UnitSet><Unit>V</Unit></UnitSet>"
    derived = f'<IntegerParameterType name="D" baseType="U8">{unit}</IntegerParameterType>'
    found = xml.load(tmp_path, xml.system(xml.telemetry(U8 + derived, xml.parameter("a", "D")))).parameters[
        "/T/a"
    ]
    assert found.unit == "V"
    assert found.type.encoding is not None


def test_every_level_of_a_static_alarm_is_kept_most_severe_first(tmp_path: Path) -> None:
    alarm = (
        '<DefaultAlarm><StaticAlarmRanges><WarningRange minInclusive="1" maxExclusive="9"/>'
        '<CriticalRange maxInclusive="20" minInclusive="-INF"/></StaticAlarmRanges></DefaultAlarm>'
    )
    kind = U8.replace("</IntegerParameterType>", alarm + "</IntegerParameterType>")
    alarms = (
        xml.load(tmp_path, xml.system(xml.telemetry(kind, xml.parameter("a", "U8"))))
        .parameters["/T/a"]
        .alarms
    )
    assert alarms == (
        AlarmRange("critical", "outside", None, 20.0),
        AlarmRange("warning", "outside", 1.0, 9.0, True, False),
    )
    assert [alarms[1].violated(value) for value in (0.5, 1, 8.9, 9)] == [True, False, False, True]
    assert [alarms[0].violated(value) for value in (-1e9, 20, 20.5)] == [False, False, True]


def test_inside_ranges_and_enumeration_alarms_are_kept(tmp_path: Path) -> None:
    ranges = (
        "<DefaultAlarm><AlarmMultiRanges>"
        '<Range level="severe" rangeForm="inside" minInclusive="3" maxInclusive="4"/>'
        "</AlarmMultiRanges></DefaultAlarm>"
    )
    labels = (
        '<DefaultAlarm defaultAlarmLevel="watch"><EnumerationAlarmList>'
        '<EnumerationAlarm alarmLevel="critical" enumerationLabel="FIRE"/>'
        "</EnumerationAlarmList></DefaultAlarm>"
    )
    types = U8.replace("</IntegerParameterType>", ranges + "</IntegerParameterType>") + (
        '<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>'
        f'<Enumeration value="0" label="OK"/><Enumeration value="1" label="FIRE"/></EnumerationList>{labels}'
        "</EnumeratedParameterType>"
    )
    database = xml.load(
        tmp_path, xml.system(xml.telemetry(types, xml.parameter("a", "U8") + xml.parameter("e", "E")))
    )
    (inside,) = database.parameters["/T/a"].alarms
    assert [inside.violated(value) for value in (2, 3, 4, 5)] == [False, True, True, False]
    fire, other = database.parameters["/T/e"].alarms
    assert (fire.level, fire.violated("FIRE"), fire.violated("OK")) == ("critical", True, False)
    assert (other.level, other.form) == ("watch", "otherwise")


def test_a_label_with_an_alarm_of_its_own_is_none_of_the_others_however_severe_theirs_is(
    tmp_path: Path,
) -> None:
    labels = (
        '<DefaultAlarm defaultAlarmLevel="critical"><EnumerationAlarmList>'
        '<EnumerationAlarm alarmLevel="normal" enumerationLabel="OK"/>'
        "</EnumerationAlarmList></DefaultAlarm>"
    )
    types = (
        '<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>'
        f'<Enumeration value="0" label="OK"/><Enumeration value="1" label="FIRE"/></EnumerationList>{labels}'
        "</EnumeratedParameterType>"
    )
    database = xml.load(tmp_path, xml.system(xml.telemetry(types, xml.parameter("e", "E"))))
    alarms = database.parameters["/T/e"].alarms
    levels = {
        label: next(alarm.level for alarm in alarms if alarm.violated(label)) for label in ("OK", "FIRE")
    }
    assert levels == {"OK": "normal", "FIRE": "critical"}


def test_what_is_read_over_is_a_remark_with_its_place(tmp_path: Path) -> None:
    alarm = "<DefaultAlarm><ChangeAlarmRanges/></DefaultAlarm>"
    kind = U8.replace("</IntegerParameterType>", f"{alarm}</IntegerParameterType>")
    text = xml.system(xml.telemetry(kind, xml.parameter("a", "U8")) + "<ServiceSet/>")
    remarks = xml.load(tmp_path, text).remarks
    assert len(remarks) == 2
    assert all(remark.startswith("part0.xml:") for remark in remarks)
    assert any("ServiceSet" in remark for remark in remarks)


def test_commands_are_left_to_the_command_definitions(tmp_path: Path) -> None:
    text = xml.system(
        one_packet()
        + '<CommandMetaData><MetaCommandSet><MetaCommand name="X"/></MetaCommandSet></CommandMetaData>'
    )
    assert xml.load(tmp_path, text).remarks == ()


def test_parameters_without_an_encoding_are_known_but_in_no_container(tmp_path: Path) -> None:
    derived = '<FloatParameterType name="F"/>'
    parameter = (
        '<Parameter name="f" parameterTypeRef="F"><ParameterProperties dataSource="derived"/></Parameter>'
    )
    assert (
        xml.load(tmp_path, xml.system(xml.telemetry(derived, parameter))).parameters["/T/f"].type.encoding
        is None
    )


def test_epochs_are_names_or_instants(tmp_path: Path) -> None:
    def type_of(epoch: str) -> AbsoluteTimeType:
        kind = (
            '<AbsoluteTimeParameterType name="A"><Encoding scale="1e-3" offset="5">'
            '<IntegerDataEncoding sizeInBits="32"/></Encoding>'
            f"<ReferenceTime><Epoch>{epoch}</Epoch></ReferenceTime></AbsoluteTimeParameterType>"
        )
        found = (
            xml.load(tmp_path, xml.system(xml.telemetry(kind, xml.parameter("t", "A"))))
            .parameters["/T/t"]
            .type
        )
        assert isinstance(found, AbsoluteTimeType)
        return found

    assert type_of("GPS").epoch == "GPS"
    assert type_of("1970-01-02").epoch == 86400 * 10**9
    assert type_of("2000-01-01T12:00:00.5Z").epoch == 946728000_500_000_000
    assert type_of("2000-01-01T13:00:00+01:00").epoch == 946728000_000_000_000
    assert type_of("TAI").scale * 1000 == 1
    assert type_of("TAI").offset == 5


def test_enumerations_are_sorted_ranges(tmp_path: Path) -> None:
    kind = (
        '<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>'
        '<Enumeration value="0x10" maxValue="0x1F" label="HIGH"/><Enumeration value="2" label="LOW"/>'
        "</EnumerationList></EnumeratedParameterType>"
    )
    found = (
        xml.load(tmp_path, xml.system(xml.telemetry(kind, xml.parameter("e", "E")))).parameters["/T/e"].type
    )
    assert isinstance(found, EnumeratedType)
    assert found.labels == ((2, 2, "LOW"), (16, 31, "HIGH"))


def test_containers_are_found_by_short_or_qualified_name(tmp_path: Path) -> None:
    database = xml.load(tmp_path, xml.system(one_packet(), "A"), xml.system(one_packet(), "B"))
    assert database.find_container("P") is None
    assert database.find_container("/B/P") is database.containers["/B/P"]
    assert xml.load(tmp_path, xml.system(one_packet()), root="P").root == "/T/P"
