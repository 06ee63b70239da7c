"""Finding telecommands, and checking and completing their arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import telecommand_text as tc

from commands.definitions import Definition, TelecommandSet
from infra.errors import CommandError

MODE = (
    '<EnumeratedArgumentType name="Mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList>'
    '<Enumeration value="1" label="SAFE"/><Enumeration value="2" label="FLIGHT"/></EnumerationList>'
    "</EnumeratedArgumentType>\n"
)
RATE = tc.integer(
    "Rate",
    16,
    before="<UnitSet><Unit>Hz</Unit></UnitSet>" + tc.valid('minInclusive="1" maxInclusive="100"'),
    attributes='shortDescription="How often"',
)
ARGUMENTS = tc.argument("MODE", "Mode") + tc.argument("RATE", "Rate", 'initialValue="10"')
NOTHING = tc.container("K", "", base="")


@pytest.fixture
def telecommands(tmp_path: Path) -> TelecommandSet:
    base = tc.meta(
        "SET_MODE",
        ARGUMENTS,
        tc.container("Set", tc.argument_entries("MODE", "RATE"), base=""),
        after='<DefaultSignificance consequenceLevel="critical" reasonForWarning="it moves"/>',
    )
    safe = tc.meta("GO_SAFE", before=tc.extends("SET_MODE", MODE="SAFE"))
    abstract = tc.meta("ANY", attributes='abstract="true"')
    broken = tc.meta("BROKEN", tc.argument("RATE", "Rate", 'initialValue="500"'), NOTHING)
    left_out = tc.meta(
        "LEFT_OUT", container=NOTHING.replace("</EntryList>", "<StreamSegmentEntry/></EntryList>")
    )
    text = tc.command_data(
        MODE + RATE, base + safe + abstract + broken + left_out + tc.meta("NOOP", "", NOTHING)
    )
    return tc.telecommands(tmp_path, text, tc.NO_HEADER)


def given(definition: Definition, **arguments: Any) -> dict[str, tuple[Any, Any, str]]:
    return {
        argument.name: (argument.raw, argument.value, argument.source)
        for argument in definition.resolve(arguments).arguments
    }


def problems(definition: Definition, **arguments: Any) -> dict[str, str]:
    with pytest.raises(CommandError) as caught:
        definition.resolve(arguments)
    return caught.value.problems


def test_names_are_those_that_can_be_sent(telecommands: TelecommandSet) -> None:
    assert telecommands.names() == ("/T/SET_MODE", "/T/GO_SAFE", "/T/NOOP")
    assert telecommands.find("NOOP") is telecommands.find("/T/NOOP")


def test_what_cannot_be_sent_says_why(telecommands: TelecommandSet) -> None:
    assert set(telecommands.problems) == {"/T/BROKEN", "/T/LEFT_OUT"}
    with pytest.raises(CommandError, match=r"BROKEN cannot be sent: tc.xml:\d+: the argument RATE is '500'"):
        telecommands.find("BROKEN")
    with pytest.raises(CommandError, match=r"LEFT_OUT cannot be sent: .*StreamSegmentEntry is not supported"):
        telecommands.find("LEFT_OUT")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SET_MOD", "there is no telecommand SET_MOD (did you mean SET_MODE?)"),
        ("/T/NOP", "there is no telecommand /T/NOP (did you mean NOOP?)"),
        ("EXPLODE", "there is no telecommand EXPLODE (use one of SET_MODE, GO_SAFE, NOOP)"),
        ("ANY", "there is no telecommand ANY"),
        ("", "there is no telecommand"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(
    telecommands: TelecommandSet, name: str, expected: str
) -> None:
    with pytest.raises(CommandError) as caught:
        telecommands.find(name)
    assert expected in str(caught.value)


def test_a_name_that_several_systems_have_needs_its_path(tmp_path: Path) -> None:
    inner = tc.system(tc.command_data(commands=tc.meta("NOOP", "", NOTHING)), "IN").split("\n", 1)[1]
    found = tc.telecommands(
        tmp_path, tc.command_data(commands=tc.meta("NOOP", "", NOTHING)) + inner, tc.NO_HEADER
    )
    with pytest.raises(CommandError, match="use one of /T/NOOP, /T/IN/NOOP"):
        found.find("NOOP")
    assert found.find("/T/IN/NOOP").qualified_name == "/T/IN/NOOP"


def test_a_mission_without_telecommands_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="the mission database has none"):
        tc.telecommands(tmp_path, tc.command_data()).find("NOOP")


def test_arguments_are_given_defaults_or_assigned(telecommands: TelecommandSet) -> None:
    assert given(telecommands.find("SET_MODE"), MODE="FLIGHT") == {
        "MODE": (2, "FLIGHT", "given"),
        "RATE": (10, 10, "default"),
    }
    assert given(telecommands.find("GO_SAFE"), RATE="0x20") == {
        "MODE": (1, "SAFE", "assigned"),
        "RATE": (32, 32, "given"),
    }
    assert given(telecommands.find("NOOP")) == {}


def test_none_counts_as_not_given(telecommands: TelecommandSet) -> None:
    assert given(telecommands.find("SET_MODE"), MODE="SAFE", RATE=None)["RATE"] == (10, 10, "default")
    assert problems(telecommands.find("SET_MODE"), MODE=None) == {"MODE": "is missing: one of SAFE, FLIGHT"}


def test_every_mistake_is_found_at_once(telecommands: TelecommandSet) -> None:
    assert problems(telecommands.find("SET_MODE"), MODUS="SAFE", RATE=500, colour="red") == {
        "MODUS": "is no argument of SET_MODE, which has MODE, RATE (did you mean MODE?)",
        "colour": "is no argument of SET_MODE, which has MODE, RATE",
        "MODE": "is missing: one of SAFE, FLIGHT",
        "RATE": "is 500, must be a whole number from 1 to 100 Hz",
    }


def test_the_message_names_the_telecommand_and_all_arguments(telecommands: TelecommandSet) -> None:
    with pytest.raises(CommandError) as caught:
        telecommands.find("SET_MODE").resolve({"MODE": "OFF", "RATE": 0})
    assert str(caught.value) == (
        "SET_MODE: MODE is 'OFF', must be one of SAFE, FLIGHT; "
        "RATE is 0, must be a whole number from 1 to 100 Hz (mend the arguments)"
    )


def test_an_assigned_argument_cannot_be_given(telecommands: TelecommandSet) -> None:
    assert problems(telecommands.find("GO_SAFE"), MODE="FLIGHT") == {
        "MODE": "cannot be given: GO_SAFE always has SAFE"
    }
    assert problems(telecommands.find("NOOP"), X=1) == {"X": "is no argument of NOOP, which has none"}


def test_resolved_arguments_are_json_for_an_event(telecommands: TelecommandSet) -> None:
    resolved = telecommands.find("SET_MODE").resolve({"MODE": "SAFE"}).to_json()
    assert json.loads(json.dumps(resolved)) == [
        {"name": "MODE", "value": "SAFE", "raw": 1, "unit": "", "source": "given"},
        {"name": "RATE", "value": 10, "raw": 10, "unit": "Hz", "source": "default"},
    ]


def test_the_set_encodes_what_one_of_its_definitions_resolved(telecommands: TelecommandSet) -> None:
    definition = telecommands.find("SET_MODE")
    resolved = definition.resolve({"MODE": "FLIGHT", "RATE": 258 // 3})
    assert telecommands.encode(resolved, 0) == definition.encode(resolved, 0) == bytes.fromhex("020056")


def test_a_definition_describes_itself_as_json(telecommands: TelecommandSet) -> None:
    described = telecommands.find("GO_SAFE").describe()
    assert json.loads(json.dumps(described)) == described
    mode, rate = described.pop("arguments")
    place = described.pop("place")
    assert place.startswith("tc.xml:")
    assert described == {
        "name": "GO_SAFE", "qualified_name": "/T/GO_SAFE", "description": "", "apid": None,
        "significance": "critical", "significance_word": "critical", "significance_reason": "it moves",
        "constraints": [], "verifiers": [],
    }  # fmt: skip
    assert (mode["assigned"], mode["required"]) == ("SAFE", False)
    assert (rate["default"], rate["description"], rate["unit"]) == (10, "How often", "Hz")


def test_conditions_are_described_in_words(tmp_path: Path) -> None:
    after = (
        '<TransmissionConstraintList><TransmissionConstraint timeOut="PT2S"><ComparisonList>'
        '<Comparison parameterRef="APID" value="5"/><Comparison parameterRef="COUNT" value="3" '
        'comparisonOperator="&gt;=" useCalibratedValue="false"/></ComparisonList></TransmissionConstraint>'
        "</TransmissionConstraintList><VerifierSet><CompleteVerifier><BooleanExpression><ANDedConditions>"
        '<Condition><ParameterInstanceRef parameterRef="APID"/><ComparisonOperator>==</ComparisonOperator>'
        '<ParameterInstanceRef parameterRef="COUNT"/></Condition><ORedConditions>'
        '<Condition><ParameterInstanceRef parameterRef="TYPE"/><ComparisonOperator>!=</ComparisonOperator>'
        "<Value>1</Value></Condition>"
        '<Condition><ParameterInstanceRef parameterRef="LENGTH"/>'
        "<ComparisonOperator>&lt;</ComparisonOperator><Value>9</Value></Condition></ORedConditions></ANDedConditions></BooleanExpression>"
        '<CheckWindow timeToStopChecking="PT5S"/></CompleteVerifier></VerifierSet>'
    )
    found = tc.telecommands(
        tmp_path, tc.command_data(commands=tc.meta("C", "", NOTHING, after=after)), tc.NO_HEADER
    )
    described = found.find("C").describe()
    (constraint,), (verifier,) = described["constraints"], described["verifiers"]
    assert (constraint["condition"], constraint["timeout_s"]) == ("APID == 5 and raw COUNT >= 3", 2.0)
    assert verifier["condition"] == "APID == COUNT and (TYPE != 1 or LENGTH < 9)"
    assert (verifier["stage"], verifier["start_s"], verifier["stop_s"]) == ("completed", 0.0, 5.0)


BYTES = (
    '<BinaryArgumentType name="Bytes"><BinaryDataEncoding><SizeInBits><DynamicValue>'
    '<ArgumentInstanceRef argumentRef="N"/><LinearAdjustment slope="8" intercept="8"/></DynamicValue>'
    "</SizeInBits></BinaryDataEncoding></BinaryArgumentType>\n"
)
SIZED = tc.argument("N", "Count") + tc.argument("DATA", "Bytes")


def test_a_size_that_another_argument_gives_must_fit(tmp_path: Path) -> None:
    found = tc.one(tmp_path, tc.integer("Count") + BYTES, SIZED, tc.argument_entries("N", "DATA"))
    packet = found.encode(found.resolve({"N": 2, "DATA": "010203"}), 0)
    assert packet.hex() == "02010203"
    assert [argument.shown for argument in found.decode(packet).resolved.arguments] == [2, "010203"]
    assert problems(found, N=1, DATA="010203") == {"DATA": "has 3 bytes, must have 2"}


def test_a_size_from_what_stands_later_is_a_problem(tmp_path: Path) -> None:
    container = tc.container("K", tc.argument_entries("DATA", "N"), base="")
    text = tc.command_data(tc.integer("Count") + BYTES, tc.meta("C", SIZED, container))
    found = tc.telecommands(tmp_path, text, tc.NO_HEADER)
    assert "the size of DATA refers to N, which does not come earlier" in found.problems["/T/C"]


def test_a_size_from_an_assigned_argument_needs_no_place_for_it(tmp_path: Path) -> None:
    base = tc.meta("BASE", SIZED, attributes='abstract="true"')
    container = tc.container("K", tc.argument_entries("DATA"), base="")
    text = tc.command_data(
        tc.integer("Count") + BYTES, base + tc.meta("C", container=container, before=tc.extends("BASE", N=1))
    )
    found = tc.telecommands(tmp_path, text, tc.NO_HEADER).find("C")
    packet = found.encode(found.resolve({"DATA": "abcd"}), 0)
    assert packet.hex() == "abcd"
    assert found.decode(packet).resolved.arguments[1].shown == "abcd"
