"""The packets of telecommands: headers, computed fields, error control, and a second opinion on all of them."""

# ruff: noqa: E501 - one line of XTCE per case reads best

from __future__ import annotations

from pathlib import Path

import pytest
import telecommand_text as tc
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ccsds.spacepacket import PacketType, SequenceFlags, SpacePacketHeader
from spacepackets.ecss.tc import PusTc

from commands.definitions import Definition
from commands.headers import PrimaryHeader, PusHeader
from infra.errors import CommandError, ConfigError
from streams.framing.channel_coding import error_control, is_intact

X8 = tc.integer("T")
X = tc.argument("X", "T")
DATA = tc.argument_entries("X")
HERE = {"TYPE": 1, "SECONDARY_HEADER": 0, "APID": 100}


def definition(
    folder: Path, container: str, settings: str = "", before: str = "", parameters: str = tc.HEADER_PARAMETERS
) -> Definition:
    text = tc.command_data(X8, tc.meta("C", X, container, before=before), parameters=parameters)
    found = tc.telecommands(folder, text, settings)
    assert not found.problems, found.problems
    return found.find("C")


def packet(found: Definition, x: int = 0x5A, count: int = 7) -> bytes:
    return found.encode(found.resolve({"X": x}), count)


def problem(folder: Path, container: str, settings: str = "", before: str = "") -> str:
    text = tc.command_data(X8, tc.meta("C", X, container, before=before))
    found = tc.telecommands(folder, text, settings)
    assert found.names() == ()
    return found.problems["/T/C"]


# The whole packet in the mission database


def test_fields_of_the_primary_header_without_a_value_are_computed(tmp_path: Path) -> None:
    found = definition(tmp_path, tc.container("K", DATA, **HERE))
    assert packet(found).hex() == "1064" + "c007" + "0000" + "5a"
    assert found.apid == 100


def test_sequence_count_and_length_are_computed_whatever_stands_for_them(tmp_path: Path) -> None:
    found = definition(tmp_path, tc.container("K", DATA, **HERE, COUNT=9, LENGTH=999, FLAGS=3))
    assert packet(found).hex() == "1064" + "c007" + "0000" + "5a"


def test_the_header_may_be_cut_into_other_fields(tmp_path: Path) -> None:
    fields = "".join(
        f'<Parameter name="{name}" parameterTypeRef="U16"/>' for name in ("ID", "SEQUENCE", "SIZE")
    )
    entries = "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in ("ID", "SEQUENCE", "SIZE"))
    container = f'<CommandContainer name="Packet"><EntryList>{entries}</EntryList></CommandContainer>'
    text = tc.command_data(
        X8, tc.meta("C", X, tc.container("K", DATA, ID=0x1864)), parameters=fields, containers=container
    )
    found = tc.telecommands(tmp_path, text)
    assert not found.problems
    assert packet(found.find("C")).hex() == "1864" + "c007" + "0000" + "5a"
    assert found.find("C").apid == 100


def test_the_header_may_be_of_fixed_values(tmp_path: Path) -> None:
    entries = '<FixedValueEntry binaryValue="1864C0000000" sizeInBits="48"/>' + DATA
    found = definition(tmp_path, tc.container("K", entries, base=""))
    assert packet(found).hex() == "1864" + "c007" + "0000" + "5a"


def test_the_apid_may_be_an_argument(tmp_path: Path) -> None:
    entries = (
        tc.HEADER_ENTRIES.replace(
            '<ParameterRefEntry parameterRef="APID"/>', '<ArgumentRefEntry argumentRef="ID"/>'
        )
        + DATA
    )
    values = tc.HEADER_PARAMETERS.replace('name="TYPE"', 'name="TYPE" initialValue="1"').replace(
        '"SECONDARY_HEADER"', '"SECONDARY_HEADER" initialValue="0"'
    )
    arguments = tc.argument("ID", "Apid") + X
    text = tc.command_data(
        X8 + tc.integer("Apid", 11),
        tc.meta("C", arguments, tc.container("K", entries, base="")),
        parameters=values,
    )
    found = tc.telecommands(tmp_path, text).find("C")
    resolved = found.resolve({"ID": 0x123, "X": 1})
    assert found.apid is None
    assert found.apid_of(resolved) == 0x123
    assert found.encode(resolved, 0).hex() == "1123c000000001"


def test_the_apid_may_be_an_argument_that_a_base_assigns(tmp_path: Path) -> None:
    """As databases for Yamcs have it: placeholders in the header, everything else an argument."""
    entries = (
        '<FixedValueEntry binaryValue="03" sizeInBits="5"/>'
        + tc.argument_entries("ID")
        + '<FixedValueEntry binaryValue="03" sizeInBits="2"/><FixedValueEntry binaryValue="0000" sizeInBits="14"/>'
        + '<FixedValueEntry binaryValue="0000" sizeInBits="16"/>'
        + tc.argument_entries("SERVICE")
    )
    base = tc.meta(
        "base",
        tc.argument("ID", "Apid") + tc.argument("SERVICE", "T"),
        tc.container("base", entries, base=""),
        attributes='abstract="true"',
    )
    own = tc.meta("C", X, tc.container("C", DATA, base="base"), before=tc.extends("base", ID=100, SERVICE=17))
    found = tc.telecommands(tmp_path, tc.command_data(X8 + tc.integer("Apid", 11), base + own)).find("C")
    assert packet(found).hex() == "1864" + "c007" + "0001" + "11" + "5a"
    assert found.apid == 100


def test_a_value_in_the_settings_wins_over_the_initial_one_but_not_over_a_restriction(tmp_path: Path) -> None:
    settings = "[commands.packet.parameters]\nAPID = 5\nSECONDARY_HEADER = 1"
    parameters = tc.HEADER_PARAMETERS.replace('"SECONDARY_HEADER"', '"SECONDARY_HEADER" initialValue="0"')
    found = definition(tmp_path, tc.container("K", DATA, TYPE=1, APID=100), settings, parameters=parameters)
    assert packet(found).hex() == "1864" + "c007" + "0000" + "5a"


def test_the_apid_of_the_settings_fills_a_field_without_a_value(tmp_path: Path) -> None:
    found = definition(
        tmp_path, tc.container("K", DATA, TYPE=1, SECONDARY_HEADER=0), "[commands.packet]\napid = 9"
    )
    assert packet(found).hex() == "1009" + "c007" + "0000" + "5a"
    assert found.apid == 9


def test_what_stands_nearer_wins_over_what_it_extends(tmp_path: Path) -> None:
    middle = tc.HEADER_CONTAINER + tc.container("Middle", "", **HERE)
    text = tc.command_data(
        X8, tc.meta("C", X, tc.container("K", DATA, base="Middle", APID=7)), containers=middle
    )
    assert packet(tc.telecommands(tmp_path, text).find("C")).hex() == "1007" + "c007" + "0000" + "5a"


def test_a_raw_value_and_a_label_can_stand_in_a_restriction(tmp_path: Path) -> None:
    labelled = tc.HEADER_TYPES + (
        '<EnumeratedParameterType name="Kind"><IntegerDataEncoding sizeInBits="1"/><EnumerationList>'
        '<Enumeration value="0" label="TM"/><Enumeration value="1" label="TC"/></EnumerationList></EnumeratedParameterType>'
    )
    parameters = tc.HEADER_PARAMETERS.replace(
        'name="TYPE" parameterTypeRef="U1"', 'name="TYPE" parameterTypeRef="Kind"'
    )
    for value in ("TC", "1"):
        text = tc.command_data(
            X8,
            tc.meta("C", X, tc.container("K", DATA, TYPE=value, SECONDARY_HEADER=0, APID=100)),
            parameters=parameters,
            parameter_types=labelled,
        )
        assert packet(tc.telecommands(tmp_path, text).find("C")).hex() == "1064" + "c007" + "0000" + "5a"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (tc.container("K", DATA, TYPE=1, APID=100), "SECONDARY_HEADER of C has no value"),
        (tc.container("K", DATA, TYPE=1, SECONDARY_HEADER=0), "APID of C has no value"),
        (
            tc.container("K", '<ParameterRefEntry parameterRef="BLOB"/>' * 3 + DATA, base=""),
            "BLOB of C has no value",
        ),
        (
            tc.container("K", DATA, TYPE=0, SECONDARY_HEADER=0, APID=100),
            "does not start with the primary header of a telecommand",
        ),
        (tc.container("K", DATA, base=""), "does not start with the primary header of a telecommand"),
        (
            tc.container("K", DATA, **HERE, VERSION=1),
            "does not start with the primary header of a telecommand",
        ),
        (
            tc.container("K", DATA, **HERE, LENGTH=70000),
            "LENGTH is '70000', must be from 0 to 65535".replace("'70000'", "70000"),
        ),
        (tc.container("K", DATA, **(HERE | {"APID": "abc"})), "APID is 'abc', must be a number"),
        (tc.container("K", tc.argument_entries("Y"), **HERE), 'argumentRef "Y": C has no such argument'),
        ("", "C has no CommandContainer"),
    ],
)
def test_a_container_that_makes_no_packet_is_a_problem_with_its_place(
    tmp_path: Path, container: str, expected: str
) -> None:
    found = problem(tmp_path, container)
    assert expected in found
    assert found.startswith("tc.xml:")


def test_a_field_without_a_value_that_reaches_beyond_the_header_is_a_problem(tmp_path: Path) -> None:
    entries = tc.HEADER_ENTRIES.replace('"LENGTH"', '"WIDE"')
    container = f'<CommandContainer name="Packet"><EntryList>{entries}</EntryList></CommandContainer>'
    parameters = tc.HEADER_PARAMETERS + '<Parameter name="WIDE" parameterTypeRef="U32"/>'
    text = tc.command_data(
        X8, tc.meta("C", X, tc.container("K", DATA, **HERE)), parameters=parameters, containers=container
    )
    assert "WIDE of C has no value" in tc.telecommands(tmp_path, text).problems["/T/C"]


def test_a_value_for_what_is_no_field_is_a_problem(tmp_path: Path) -> None:
    container = tc.container("K", DATA, base="Small", APID=100)
    small = tc.HEADER_CONTAINER + '<CommandContainer name="Small"><EntryList/></CommandContainer>'
    found = tc.telecommands(tmp_path, tc.command_data(X8, tc.meta("C", X, container), containers=small))
    assert "/T/APID is given a value, but is no field of C" in found.problems["/T/C"]


def test_an_argument_in_place_of_the_length_is_a_problem(tmp_path: Path) -> None:
    entries = tc.argument_entries("X") * 8
    assert "stands where a packet has its sequence count or length" in problem(
        tmp_path, tc.container("K", entries, base="")
    )


def test_a_parameter_whose_size_comes_from_a_list_is_a_problem(tmp_path: Path) -> None:
    kind = (
        '<BinaryParameterType name="Lookup"><BinaryDataEncoding><SizeInBits><DiscreteLookupList><DiscreteLookup value="8">'
        '<Comparison parameterRef="APID" value="1"/></DiscreteLookup></DiscreteLookupList></SizeInBits></BinaryDataEncoding></BinaryParameterType>'
    )
    parameters = (
        tc.HEADER_PARAMETERS + '<Parameter name="LISTED" parameterTypeRef="Lookup" initialValue="00"/>'
    )
    container = tc.container("K", DATA + '<ParameterRefEntry parameterRef="LISTED"/>', **HERE)
    text = tc.command_data(
        X8, tc.meta("C", X, container), parameters=parameters, parameter_types=tc.HEADER_TYPES + kind
    )
    assert "LISTED has a size from a DiscreteLookupList" in tc.telecommands(tmp_path, text).problems["/T/C"]


def test_containers_that_double_again_and_again_are_a_problem(tmp_path: Path) -> None:
    twice = '<ContainerRefEntry containerRef="C{0}"/>' * 2
    shared = tc.HEADER_CONTAINER + '<CommandContainer name="C0"><EntryList/></CommandContainer>'
    shared += "".join(
        f'<CommandContainer name="C{number}"><EntryList>{twice.format(number - 1)}</EntryList></CommandContainer>'
        for number in range(1, 40)
    )
    container = tc.container("K", DATA + '<ContainerRefEntry containerRef="C39"/>', **HERE)
    found = tc.telecommands(tmp_path, tc.command_data(X8, tc.meta("C", X, container), containers=shared))
    assert "a packet with more than 100000 entries" in found.problems["/T/C"]


def test_fields_on_the_same_bits_are_a_problem(tmp_path: Path) -> None:
    location = '<LocationInContainerInBits referenceLocation="{}"><FixedValue>{}</FixedValue></LocationInContainerInBits>'
    entries = (
        DATA
        + f'<ParameterRefEntry parameterRef="COUNT">{location.format("containerStart", 4)}</ParameterRefEntry>'
    )
    settings = tc.NO_HEADER + "\n[commands.packet.parameters]\nCOUNT = 1"
    assert "COUNT of C stands on the bits of X" in problem(
        tmp_path, tc.container("K", entries, base=""), settings
    )
    early = f'<ArgumentRefEntry argumentRef="X">{location.format("previousEntry", -8)}</ArgumentRefEntry>'
    assert "X of C starts 8 bits before the packet" in problem(
        tmp_path, tc.container("K", early, base=""), tc.NO_HEADER
    )


def test_fields_that_come_onto_the_same_bits_by_an_argument_are_refused(tmp_path: Path) -> None:
    text = '<StringArgumentType name="S"><StringDataEncoding><Variable maxSizeInBits="800"><TerminationChar/></Variable></StringDataEncoding></StringArgumentType>'
    at = '<LocationInContainerInBits referenceLocation="containerStart"><FixedValue>32</FixedValue></LocationInContainerInBits>'
    entries = tc.argument_entries("NAME") + f'<ArgumentRefEntry argumentRef="X">{at}</ArgumentRefEntry>'
    found = tc.one(tmp_path, X8 + text, X + tc.argument("NAME", "S"), entries)
    assert found.encode(found.resolve({"X": 0xFF, "NAME": "abc"}), 0).hex() == "61626300ff"
    with pytest.raises(CommandError, match="X stands on the bits of NAME"):
        found.resolve({"X": 1, "NAME": "abcd"})


def test_entries_stand_where_their_locations_say(tmp_path: Path) -> None:
    at = '<LocationInContainerInBits referenceLocation="{}"><FixedValue>{}</FixedValue></LocationInContainerInBits>'
    inner = (
        f'<CommandContainer name="Inner"><EntryList><FixedValueEntry binaryValue="EE" sizeInBits="8"/>'
        f'<FixedValueEntry binaryValue="FF" sizeInBits="8">{at.format("containerStart", 16)}</FixedValueEntry></EntryList></CommandContainer>'
    )
    entries = (
        f'<ArgumentRefEntry argumentRef="X">{at.format("containerStart", 4)}</ArgumentRefEntry>'
        f'<ContainerRefEntry containerRef="Inner">{at.format("previousEntry", 4)}</ContainerRefEntry>'
        f'<FixedValueEntry binaryValue="3" sizeInBits="4">{at.format("containerStart", 0)}</FixedValueEntry>'
    )
    text = tc.command_data(X8, tc.meta("C", X, tc.container("K", entries, base="")), containers=inner)
    found = tc.telecommands(tmp_path, text, tc.NO_HEADER).find("C")
    assert packet(found, 0xAB).hex() == "3ab0" + "ee00ff"


CONDITION = (
    '<ContainerRefEntry containerRef="Secondary"><IncludeCondition>{}</IncludeCondition></ContainerRefEntry>'
)
SECONDARY = '<CommandContainer name="Secondary"><EntryList><FixedValueEntry binaryValue="EE" sizeInBits="8"/></EntryList></CommandContainer>'


@pytest.mark.parametrize(
    ("condition", "value", "is_there"),
    [
        ('<Comparison parameterRef="SECONDARY_HEADER" value="1"/>', 1, True),
        ('<Comparison parameterRef="SECONDARY_HEADER" value="1"/>', 0, False),
        ('<Comparison parameterRef="APID" value="200" comparisonOperator="&lt;"/>', 0, True),
        ('<ComparisonList><Comparison parameterRef="SECONDARY_HEADER" value="1"/><Comparison parameterRef="APID" value="0x65"/></ComparisonList>', 1, False),
        ('<BooleanExpression><ORedConditions><Condition><ParameterInstanceRef parameterRef="APID"/><ComparisonOperator>==</ComparisonOperator><Value>3</Value></Condition>'
         '<Condition><ParameterInstanceRef parameterRef="SECONDARY_HEADER"/><ComparisonOperator>==</ComparisonOperator><ParameterInstanceRef parameterRef="TYPE"/></Condition>'
         "</ORedConditions></BooleanExpression>", 1, True),
    ],
)  # fmt: skip
def test_an_entry_is_there_only_where_its_condition_holds(
    tmp_path: Path, condition: str, value: int, is_there: bool
) -> None:
    shared = (
        tc.HEADER_CONTAINER.replace("</EntryList>", CONDITION.format(condition) + "</EntryList>") + SECONDARY
    )
    text = tc.command_data(
        X8,
        tc.meta("C", X, tc.container("K", DATA, **(HERE | {"SECONDARY_HEADER": value}))),
        containers=shared,
    )
    found = tc.telecommands(tmp_path, text)
    assert not found.problems
    assert packet(found.find("C"))[6:].hex() == ("ee5a" if is_there else "5a")


def test_a_condition_on_what_has_no_value_is_a_problem(tmp_path: Path) -> None:
    condition = CONDITION.format('<Comparison parameterRef="LENGTH" value="1"/>')
    text = tc.command_data(
        X8,
        tc.meta("C", X, tc.container("K", DATA + condition, **HERE)),
        containers=tc.HEADER_CONTAINER + SECONDARY,
    )
    assert (
        "looks at /T/LENGTH, which has no value before it" in tc.telecommands(tmp_path, text).problems["/T/C"]
    )


def test_the_example_of_the_green_book_is_encoded(tmp_path: Path) -> None:
    """CCSDS 660.1-G, the telecommand PWHTMR: it extends a header of the telemetry, whose second part is optional."""
    header = (
        "<TelemetryMetaData><ParameterTypeSet>"
        + "".join(
            f'<IntegerParameterType name="B{bits}"><IntegerDataEncoding sizeInBits="{bits}"/></IntegerParameterType>'
            for bits in (1, 7, 8)
        )
        + '<IntegerParameterType name="B16" initialValue="0"><IntegerDataEncoding sizeInBits="16"/></IntegerParameterType></ParameterTypeSet><ParameterSet>'
        + "".join(
            f'<Parameter name="{name}" parameterTypeRef="B{bits}"/>'
            for name, bits in {"ID": 8, "SecH": 1, "Type": 7, "Length": 16}.items()
        )
        + '</ParameterSet><ContainerSet><SequenceContainer name="Header" abstract="true"><EntryList>'
        + "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in ("ID", "SecH", "Type", "Length"))
        + CONDITION.format('<Comparison parameterRef="SecH" value="1"/>').replace(
            "Secondary", "SecondaryHeader"
        )
        + '</EntryList></SequenceContainer><SequenceContainer name="SecondaryHeader"><EntryList/></SequenceContainer></ContainerSet></TelemetryMetaData>\n'
    )
    checksum = '<IntegerParameterType name="CheckSumType" initialValue="0"><IntegerDataEncoding/></IntegerParameterType>'
    timer = (
        '<EnumeratedArgumentType name="TimerStartStopType"><IntegerDataEncoding sizeInBits="16"/><EnumerationList><Enumeration label="TIMER_STOP" '
        'value="0"/><Enumeration label="TIMER_START" value="1"/></EnumerationList></EnumeratedArgumentType>'
    )
    entries = (
        '<FixedValueEntry binaryValue="1e"/><ParameterRefEntry parameterRef="CheckSum"/>'
        + tc.argument_entries("TimerStartStop")
    )
    command = tc.meta(
        "PWHTMR",
        tc.argument("TimerStartStop", "TimerStartStopType"),
        tc.container("PWHTMRPacket", entries, base="Header", ID=255, Type=0, SecH=0),
    )
    data = tc.command_data(
        timer,
        command,
        parameters='<Parameter name="CheckSum" parameterTypeRef="CheckSumType"/>',
        containers="",
        parameter_types=checksum,
    )
    found = tc.telecommands(tmp_path, header + data, tc.NO_HEADER).find("PWHTMR")
    assert (
        found.encode(found.resolve({"TimerStartStop": "TIMER_START"}), 0).hex()
        == "ff" + "00" + "0000" + "1e" + "00" + "0001"
    )


# Headers that the ground puts before the container


def test_the_ground_puts_a_primary_header_before_the_container(tmp_path: Path) -> None:
    found = definition(
        tmp_path, tc.container("K", DATA, base=""), '[commands.packet]\nheader = "ccsds"\napid = 100'
    )
    assert packet(found).hex() == "1064" + "c007" + "0000" + "5a"
    assert found.apid == 100


def test_the_container_may_start_with_a_secondary_header(tmp_path: Path) -> None:
    settings = '[commands.packet]\nheader = "ccsds"\napid = 100\nsecondary_header = true'
    assert (
        packet(definition(tmp_path, tc.container("K", DATA, base=""), settings)).hex()
        == "1864" + "c007" + "0000" + "5a"
    )


def test_the_apid_of_a_telecommand_wins_over_that_of_the_mission(tmp_path: Path) -> None:
    settings = '[commands.packet]\nheader = "ccsds"\napid = 100'
    found = definition(tmp_path, tc.container("K", DATA, base=""), settings, tc.extra(apid="0x7"))
    assert packet(found).hex() == "1007" + "c007" + "0000" + "5a"


def test_the_ground_puts_a_header_of_pus_c_before_the_container(tmp_path: Path) -> None:
    settings = '[commands.packet]\nheader = "pus-c"\napid = 1\nsource_id = 0x0203\nacknowledge = ["acceptance", "completion"]'
    found = definition(tmp_path, tc.container("K", DATA, base=""), settings, tc.extra(service=17, subtype=1))
    body = bytes.fromhex("1801" + "c007" + "0007" + "29" + "11" + "01" + "0203" + "5a")
    assert packet(found) == body + error_control(body)


def test_a_telecommand_asks_for_its_own_reports(tmp_path: Path) -> None:
    settings = '[commands.packet]\nheader = "pus-c"\napid = 1'
    before = tc.extra(service=17, subtype=1, acknowledge="start progress", source_id=9)
    sent = packet(definition(tmp_path, tc.container("K", DATA, base=""), settings, before))
    assert PusHeader.unpack(sent[6:]) == PusHeader(17, 1, 9, ("start", "progress"))


def test_the_ping_of_the_second_opinion_comes_out_the_same(tmp_path: Path) -> None:
    """The example in the documentation of spacepackets."""
    settings = '[commands.packet]\nheader = "pus-c"\napid = 1'
    text = tc.command_data(
        "", tc.meta("PING", container=tc.container("K", "", base=""), before=tc.extra(service=17, subtype=1))
    )
    ping = tc.telecommands(tmp_path, text, settings).find("PING")
    assert ping.encode(ping.resolve({}), 22).hex(",") == "18,01,c0,16,00,06,2f,11,01,00,00,ab,62"


@pytest.mark.parametrize(
    ("settings", "extra", "expected"),
    [
        ('header = "ccsds"', {}, "C has no apid"),
        ('header = "ccsds"', {"apid": 2048}, 'C has the apid "2048"'),
        ('header = "pus-c"\napid = 1', {"subtype": 1}, "C has no service"),
        (
            'header = "pus-c"\napid = 1',
            {"service": "seventeen", "subtype": 1},
            'C has the service "seventeen"',
        ),
        (
            'header = "pus-c"\napid = 1',
            {"service": 17, "subtype": 1, "acknowledge": "all"},
            'has the word "all"',
        ),
        ('header = "none"', {}, ""),
    ],
)
def test_a_header_without_what_it_needs_is_a_problem(
    tmp_path: Path, settings: str, extra: dict[str, object], expected: str
) -> None:
    text = tc.command_data(X8, tc.meta("C", X, tc.container("K", DATA, base=""), before=tc.extra(**extra)))
    found = tc.telecommands(tmp_path, text, f"[commands.packet]\n{settings}")
    assert expected in found.problems.get("/T/C", "")
    assert bool(found.problems) == bool(expected)


# Error control


def test_the_error_control_is_the_crc_of_the_standard() -> None:
    assert error_control(b"123456789").hex() == "29b1"
    vectors = {
        "0000": "1d0f",
        "000000": "cc9c",
        "abcdef01": "04a2",
        "1456f89a0001": "7fd5",
    }  # ECSS-E-ST-70-41C, annex B.1.5
    assert {data: error_control(bytes.fromhex(data)).hex() for data in vectors} == vectors


def test_error_control_is_appended_and_counted_in_the_length(tmp_path: Path) -> None:
    found = definition(
        tmp_path, tc.container("K", DATA, **HERE), "[commands.packet]\npacket_error_control = true"
    )
    sent = packet(found)
    assert sent.hex().startswith("1064" + "c007" + "0002" + "5a")
    assert len(sent) == 9
    assert is_intact(sent)


def test_a_last_field_of_16_bits_without_a_value_is_the_error_control(tmp_path: Path) -> None:
    entries = DATA + '<ParameterRefEntry parameterRef="CRC"/>'
    parameters = tc.HEADER_PARAMETERS + '<Parameter name="CRC" parameterTypeRef="U16"/>'
    settings = "[commands.packet]\npacket_error_control = true"
    found = definition(tmp_path, tc.container("K", entries, **HERE), settings, parameters=parameters)
    assert packet(found) == packet(definition(tmp_path, tc.container("K", DATA, **HERE), settings))
    assert found.decode(packet(found)).sequence_count == 7


def test_a_packet_of_header_and_error_control_alone_keeps_its_length(tmp_path: Path) -> None:
    text = tc.command_data("", tc.meta("PING", container=tc.container("K", "", **HERE)))
    ping = tc.telecommands(tmp_path, text, "[commands.packet]\npacket_error_control = true").find("PING")
    sent = ping.encode(ping.resolve({}), 7)
    assert sent[:6].hex() == "1064" + "c007" + "0001"
    assert is_intact(sent)
    assert ping.decode(sent).sequence_count == 7


# What a packet may be


def test_a_sequence_count_out_of_range_is_refused(tmp_path: Path) -> None:
    found = definition(tmp_path, tc.container("K", DATA, **HERE))
    for count in (-1, 16384):
        with pytest.raises(CommandError, match="count from 0 to 16383"):
            packet(found, count=count)


def test_a_packet_without_a_byte_of_data_or_with_too_many_is_refused(tmp_path: Path) -> None:
    settings = '[commands.packet]\nheader = "ccsds"\napid = 1'
    text = tc.command_data("", tc.meta("EMPTY", container=tc.container("K", "", base="")))
    empty = tc.telecommands(tmp_path, text, settings).find("EMPTY")
    with pytest.raises(CommandError, match="7 to 65542 bytes, not 6"):
        empty.encode(empty.resolve({}), 0)
    kind = '<BinaryArgumentType name="T"><BinaryDataEncoding><SizeInBits><FixedValue>524296</FixedValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>'
    huge = tc.one(tmp_path, kind, X, DATA, settings)
    short = '<FixedValueEntry binaryValue="1864C00000" sizeInBits="40"/>'
    text = tc.command_data("", tc.meta("SHORT", container=tc.container("K", short, base="")))
    torn = tc.telecommands(tmp_path, text, "[commands.packet]\npacket_error_control = true").find("SHORT")
    with pytest.raises(CommandError, match="ends within its primary header"):
        torn.encode(torn.resolve({}), 0)
    with pytest.raises(CommandError, match="not 65543"):
        huge.encode(huge.resolve({"X": "00" * 65537}), 0)


# The way back


def test_the_set_finds_which_telecommand_a_packet_is(tmp_path: Path) -> None:
    two = tc.meta("ONE", X, tc.container("K", DATA, **HERE)) + tc.meta(
        "TWO", X, tc.container("K", DATA, **(HERE | {"APID": 101}))
    )
    special = tc.meta("FIVE", before=tc.extends("ONE", X=5))
    found = tc.telecommands(tmp_path, tc.command_data(X8, two + special))
    for name, x in (("ONE", 4), ("TWO", 4), ("FIVE", None)):
        one = found.find(name)
        sent = one.encode(one.resolve({} if x is None else {"X": x}), 3)
        decoded = found.decode(sent)
        assert decoded.resolved.telecommand == f"/T/{name}"
        assert decoded.sequence_count == 3
    with pytest.raises(CommandError, match="no telecommand of the mission looks like the packet"):
        found.decode(bytes.fromhex("1066c000000000"))


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ("1064c0070000", "6 bytes are no packet"),
        ("3064c00700005a", "the packet version is 1"),
        ("0064c00700005a", "the packet type says telemetry"),
        ("1064400700005a", "the sequence flags are 1"),
        ("1064c00700015a", "its length field says 8 bytes, it has 7"),
        ("1065c00700005a", "it differs from byte 1 on"),
        ("1064c00700015aff", "it differs from byte 5 on"),
    ],
)
def test_a_packet_of_something_else_is_refused_with_the_reason(
    tmp_path: Path, packet: str, expected: str
) -> None:
    found = definition(tmp_path, tc.container("K", DATA, **HERE))
    with pytest.raises(CommandError, match=expected):
        found.decode(bytes.fromhex(packet))


def test_a_packet_with_damaged_error_control_is_refused(tmp_path: Path) -> None:
    found = definition(
        tmp_path, tc.container("K", DATA, **HERE), "[commands.packet]\npacket_error_control = true"
    )
    sent = packet(found)
    with pytest.raises(CommandError, match="its error control is"):
        found.decode(sent[:-1] + bytes((sent[-1] ^ 1,)))


# A second opinion


@given(
    apid=st.integers(0, 2047),
    count=st.integers(0, 16383),
    secondary=st.booleans(),
    size=st.integers(7, 65542),
)
def test_headers_are_those_of_the_second_opinion(apid: int, count: int, secondary: bool, size: int) -> None:
    ours = PrimaryHeader(apid, secondary, count, size).pack()
    theirs = SpacePacketHeader.unpack(ours)
    assert (theirs.ccsds_version, theirs.packet_type, theirs.apid, theirs.seq_count) == (
        0,
        PacketType.TC,
        apid,
        count,
    )
    assert (theirs.sec_header_flag, theirs.seq_flags, theirs.packet_len) == (
        secondary,
        SequenceFlags.UNSEGMENTED,
        size,
    )
    assert theirs.pack() == ours
    assert PrimaryHeader.unpack(ours + b"\0") == PrimaryHeader(apid, secondary, count, size)


@pytest.fixture(scope="module")
def memory_load(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    """A telecommand of PUS-C whose data, up to 65,535 bytes, are an argument."""
    kind = (
        '<StringArgumentType name="D"><StringDataEncoding encoding="ISO-8859-1"><Variable maxSizeInBits="524296">'
        '<LeadingSize sizeInBitsOfSizeTag="16"/></Variable></StringDataEncoding></StringArgumentType>'
    )
    command = tc.meta(
        "LOAD",
        tc.argument("DATA", "D"),
        tc.container("K", tc.argument_entries("DATA"), base=""),
        before=tc.extra(service=6, subtype=2),
    )
    settings = '[commands.packet]\nheader = "pus-c"\napid = 321\nsource_id = 77\nacknowledge = ["acceptance", "start"]'
    return tc.telecommands(tmp_path_factory.mktemp("pus"), tc.command_data(kind, command), settings).find(
        "LOAD"
    )


@given(data=st.text(st.characters(codec="latin-1"), max_size=300), count=st.integers(0, 16383))
def test_packets_of_pus_c_are_accepted_and_reproduced_by_the_second_opinion(
    memory_load: Definition, data: str, count: int
) -> None:
    ours = memory_load.encode(memory_load.resolve({"DATA": data}), count)
    theirs = PusTc.unpack(ours)  # raises for a wrong CRC
    assert (theirs.service, theirs.message_subtype, theirs.apid, theirs.seq_count) == (6, 2, 321, count)
    assert (theirs.source_id, theirs.pus_tc_sec_header.ack_flags) == (77, 0b0011)
    assert theirs.app_data == len(data).to_bytes(2, "big") + data.encode("latin-1")
    rebuilt = PusTc(
        service=6,
        message_subtype=2,
        apid=321,
        app_data=bytes(theirs.app_data),
        seq_count=count,
        source_id=77,
        ack_flags=0b0011,
    )
    assert rebuilt.pack() == ours


@given(
    app_data=st.binary(min_size=2, max_size=2),
    count=st.integers(0, 16383),
    source=st.integers(0, 65535),
    ack=st.integers(0, 15),
)
def test_packets_of_the_second_opinion_are_read(app_data: bytes, count: int, source: int, ack: int) -> None:
    theirs = bytes(
        PusTc(
            service=3,
            message_subtype=5,
            apid=99,
            app_data=app_data,
            seq_count=count,
            source_id=source,
            ack_flags=ack,
        ).pack()
    )
    header, pus = PrimaryHeader.unpack(theirs), PusHeader.unpack(theirs[6:])
    assert (header.apid, header.secondary_header, header.sequence_count, header.size) == (
        99,
        True,
        count,
        len(theirs),
    )
    assert (pus.service, pus.subtype, pus.source_id) == (3, 5, source)
    assert pus.pack() == theirs[6:11]
    assert is_intact(theirs)


# Settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('[commands.packet]\nheader = "smoke"', "`header` is 'smoke'"),
        ("[commands.packet]\napid = 2048", "`apid` is 2048"),
        ('[commands.packet]\napid = "1"', "`apid` is '1'"),
        ("[commands.packet]\npacket_error_control = 1", "`packet_error_control` is 1"),
        ('[commands.packet]\nacknowledge = ["all"]', "`acknowledge` is ['all']"),
        ("[commands.packet]\nparameters = 5", "`parameters` is 5"),
        ("[commands.packet]\ncolour = 5", "unknown key 'colour'"),
        ("commands = 5", "`commands` is 5"),
        ("[commands]\npacket = 5", "`packet` is 5"),
        ('[commands]\nheader = "pus-c"', "`header` stands in [commands]"),
        ("[commands.packet.parameters]\nNOPE = 5", "there is no parameter NOPE"),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, settings: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tc.telecommands(tmp_path, tc.command_data(), settings)
    assert expected in caught.value.what
    assert "mission.toml" in caught.value.where
    assert caught.value.fix


def test_settings_of_others_in_the_same_table_are_left_alone(tmp_path: Path) -> None:
    assert tc.telecommands(tmp_path, tc.command_data(), "[commands]\nexpiry_s = 60").names() == ()
