"""What a mission database holds of telecommands, and what is remarked or left out."""

# ruff: noqa: E501 - one line of XTCE per case reads best

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
import xtce_text as xml

from infra.errors import MissionError
from streams.xtce import Database, MetaCommand
from streams.xtce.command_containers import ArgumentField, FixedValue
from streams.xtce.conditions import Combination, Comparison
from streams.xtce.encodings import StringEncoding
from streams.xtce.sizes import DynamicSize

U8 = '<IntegerArgumentType name="A8" signed="false"><IntegerDataEncoding sizeInBits="8"/></IntegerArgumentType>\n'
ENTRY = '<ArgumentRefEntry argumentRef="x"/>'


def commands(
    metas: str, types: str = U8, containers: str = "", parameters: str = "", parameter_types: str = ""
) -> str:
    return (
        f"<CommandMetaData>\n<ParameterTypeSet>{parameter_types}</ParameterTypeSet>\n"
        f"<ParameterSet>{parameters}</ParameterSet>\n<ArgumentTypeSet>\n{types}</ArgumentTypeSet>\n"
        f"<MetaCommandSet>\n{metas}\n</MetaCommandSet>\n"
        f"<CommandContainerSet>{containers}</CommandContainerSet>\n</CommandMetaData>\n"
    )


def meta(inside: str = "", name: str = "C", attributes: str = "") -> str:
    return f'<MetaCommand name="{name}" {attributes}>\n{inside}</MetaCommand>\n'


def with_x(after: str = "", entry: str = ENTRY) -> str:
    """A MetaCommand with one argument."""
    arguments = '<ArgumentList><Argument name="x" argumentTypeRef="A8"/></ArgumentList>\n'
    return meta(
        f"{arguments}<CommandContainer name='K'><EntryList>{entry}</EntryList></CommandContainer>\n{after}"
    )


TELEMETRY = xml.telemetry(
    xml.integer("U8"),
    xml.parameter("mode", "U8") + xml.parameter("echo", "U8"),
    xml.container("Head", xml.entry("mode"), abstract=True)
    + xml.container("Report", xml.entry("echo"), "Head"),
)


def load(tmp_path: Path, text: str) -> Database:
    return xml.load(tmp_path, xml.system(TELEMETRY + text))


def only(tmp_path: Path, text: str) -> MetaCommand:
    database = load(tmp_path, text)
    assert not database.left_out
    return database.commands["/T/C"]


def test_a_database_without_commands_has_none(tmp_path: Path) -> None:
    database = xml.load(tmp_path, xml.system(TELEMETRY))
    assert dict(database.commands) == {}
    assert database.find_command("C") is None


def test_commands_are_found_by_short_or_qualified_name(tmp_path: Path) -> None:
    database = load(tmp_path, commands(meta(name="C") + meta(name="D")))
    assert list(database.commands) == ["/T/C", "/T/D"]
    assert database.find_command("D") is database.find_command("/T/D")


def test_an_argument_has_a_type_a_default_and_a_description(tmp_path: Path) -> None:
    types = (
        '<FloatArgumentType name="F" initialValue="1.5" shortDescription="of the type"><UnitSet><Unit>V</Unit></UnitSet>'
        '<FloatDataEncoding/><ValidRangeSet validRangeAppliesToCalibrated="false">'
        '<ValidRange minInclusive="-1" maxExclusive="2"/><ValidRange minExclusive="5" maxInclusive="INF"/>'
        "</ValidRangeSet></FloatArgumentType>"
    )
    arguments = '<Argument name="a" argumentTypeRef="F"/><Argument name="b" argumentTypeRef="F" initialValue="2" shortDescription="own"/>'
    a, b = only(tmp_path, commands(meta(f"<ArgumentList>{arguments}</ArgumentList>"), types)).arguments
    assert (a.name, a.default, a.description, a.type.data.unit) == ("a", "1.5", "of the type", "V")
    assert (b.default, b.description) == ("2", "own")
    assert not a.type.ranges_calibrated
    assert [(part.contains(Fraction(-1)), part.contains(Fraction(2))) for part in a.type.ranges] == [
        (True, False),
        (False, False),
    ]
    assert [(part.contains(Fraction(5)), part.contains(Fraction(6))) for part in a.type.ranges] == [
        (False, False),
        (False, True),
    ]


def test_a_valid_range_may_stand_alone(tmp_path: Path) -> None:
    types = U8.replace(
        "</IntegerArgumentType>", '<ValidRange minInclusive="1" maxInclusive="9"/></IntegerArgumentType>'
    )
    (x,) = only(tmp_path, commands(with_x(), types)).arguments
    assert [(part.minimum, part.maximum) for part in x.type.ranges] == [(1, 9)]
    assert x.type.ranges_calibrated


def test_a_type_inherits_its_ranges_and_default_from_its_base(tmp_path: Path) -> None:
    base = U8.replace(
        "</IntegerArgumentType>", '<ValidRange minInclusive="1" maxInclusive="9"/></IntegerArgumentType>'
    )
    base = base.replace('name="A8"', 'name="Base" initialValue="4"')
    types = base + '<IntegerArgumentType name="A8" baseType="Base"/>'
    (x,) = only(tmp_path, commands(with_x(), types)).arguments
    assert x.default == "4"
    assert x.type.ranges[0].maximum == 9


def test_lengths_and_patterns_of_texts_are_kept(tmp_path: Path) -> None:
    types = (
        '<StringArgumentType name="A8" restrictionPattern="[A-Z]+"><StringDataEncoding><SizeInBits><Fixed><FixedValue>80'
        '</FixedValue></Fixed></SizeInBits></StringDataEncoding><SizeRangeInCharacters minInclusive="2" maxInclusive="8"/>'
        "</StringArgumentType>"
    )
    (x,) = only(tmp_path, commands(with_x(), types)).arguments
    assert (x.type.characters, x.type.pattern) == ((2, 8), "[A-Z]+")


def test_the_misspelt_type_of_the_schema_is_read_too(tmp_path: Path) -> None:
    types = '<RelativeTimeAgumentType name="A8"><Encoding><IntegerDataEncoding/></Encoding></RelativeTimeAgumentType>'
    (x,) = only(tmp_path, commands(with_x(), types)).arguments
    assert type(x.type.data).__name__ == "RelativeTimeType"


def test_a_size_may_come_from_an_argument(tmp_path: Path) -> None:
    types = U8 + (
        '<BinaryArgumentType name="B"><BinaryDataEncoding><SizeInBits><DynamicValue><ArgumentInstanceRef argumentRef="n"/>'
        '<LinearAdjustment slope="8"/></DynamicValue></SizeInBits></BinaryDataEncoding></BinaryArgumentType>'
    )
    arguments = '<Argument name="n" argumentTypeRef="A8"/><Argument name="x" argumentTypeRef="B"/>'
    size = (
        only(tmp_path, commands(meta(f"<ArgumentList>{arguments}</ArgumentList>"), types))
        .arguments[1]
        .type.data.encoding.size
    )
    assert isinstance(size, DynamicSize)
    assert (size.reference.parameter, size.slope) == ("n", 8)


def test_entries_are_arguments_parameters_fixed_values_and_containers(tmp_path: Path) -> None:
    entries = (
        '<FixedValueEntry name="sync" binaryValue="1ACF" sizeInBits="13"/>'
        + ENTRY
        + xml.entry("mode")
        + '<ContainerRefEntry containerRef="Tail"><LocationInContainerInBits referenceLocation="containerStart">'
        "<FixedValue>64</FixedValue></LocationInContainerInBits></ContainerRefEntry>"
    )
    tail = f'<CommandContainer name="Tail"><EntryList>{xml.entry("echo")}</EntryList></CommandContainer>'
    container = only(tmp_path, commands(with_x(entry=entries), containers=tail)).container
    assert container is not None
    sync, x, mode, inner = container.entries
    assert sync.content == FixedValue("sync", 13, 0x1ACF)
    assert x.content == ArgumentField("x")
    assert mode.content.qualified_name == "/T/mode"  # type: ignore[union-attr]
    assert (inner.content.name, inner.start, inner.from_container_start) == ("Tail", 64, True)  # type: ignore[union-attr]


def test_an_entry_may_have_a_condition_on_a_parameter(tmp_path: Path) -> None:
    inside = CONDITION.format('<ParameterInstanceRef parameterRef="mode" useCalibratedValue="false"/>')
    attributes = CONDITION.replace(
        '<Comparison value="1">{}</Comparison>', xml.comparison("mode", 1, calibrated=False)
    )
    for entry in (inside, attributes):
        container = only(tmp_path, commands(with_x(entry=entry))).container
        assert container is not None
        condition = container.entries[0].condition
        assert isinstance(condition, Comparison)
        assert (condition.left.parameter, condition.left.calibrated, condition.right) == (
            "/T/mode",
            False,
            "1",
        )


def test_a_size_that_is_only_there_for_the_schema_is_none(tmp_path: Path) -> None:
    types = (
        '<StringArgumentType name="A8"><StringDataEncoding><Variable maxSizeInBits="48"><DynamicValue><ParameterInstanceRef '
        'parameterRef="_yamcs_ignore"/></DynamicValue><TerminationChar>00</TerminationChar></Variable></StringDataEncoding></StringArgumentType>'
    )
    encoding = only(tmp_path, commands(with_x(), types)).arguments[0].type.data.encoding
    assert isinstance(encoding, StringEncoding)
    assert encoding.size is None


@pytest.mark.parametrize("tag", ["CommandContainer", "SequenceContainer"])
def test_a_container_extends_a_shared_one_and_gives_its_parameters_values(tmp_path: Path, tag: str) -> None:
    shared = f'<{tag} name="Shared"><EntryList>{xml.entry("mode")}{xml.entry("echo")}</EntryList></{tag}>'
    criteria = f"<ComparisonList>{xml.comparison('mode', 3)}{xml.comparison('echo', 4, calibrated=False)}</ComparisonList>"
    own = (
        f'<CommandContainer name="K"><EntryList/><BaseContainer containerRef="Shared"><RestrictionCriteria>{criteria}'
        "</RestrictionCriteria></BaseContainer></CommandContainer>"
    )
    container = only(tmp_path, commands(meta(own), containers=shared)).container
    assert container is not None and container.base is not None
    assert container.base.name == "Shared"
    assert [(value.parameter, value.text, value.calibrated) for value in container.values] == [
        ("/T/mode", "3", True),
        ("/T/echo", "4", False),
    ]


def test_a_container_may_extend_one_of_the_telemetry(tmp_path: Path) -> None:
    own = '<CommandContainer name="K"><EntryList/><BaseContainer containerRef="Report"/></CommandContainer>'
    database = load(tmp_path, commands(meta(own)))
    container = database.commands["/T/C"].container
    assert container is not None and container.base is not None and container.base.base is not None
    assert (container.base.name, container.base.base.name) == ("Report", "Head")
    assert set(database.containers) == {"/T/Head", "/T/Report"}


def test_a_command_inherits_all_that_its_base_has(tmp_path: Path) -> None:
    base = with_x(
        '<TransmissionConstraintList><TransmissionConstraint timeOut="PT1M"><Comparison parameterRef="mode" value="1"/>'
        "</TransmissionConstraint></TransmissionConstraintList>"
        '<DefaultSignificance consequenceLevel="critical" reasonForWarning="it burns"/>'
        '<VerifierSet><AcceptedVerifier><ContainerRef containerRef="Report"/></AcceptedVerifier>'
        '<CompleteVerifier><Comparison parameterRef="echo" value="1"/></CompleteVerifier></VerifierSet>'
    ).replace('name="C"', 'name="Base" abstract="true" shortDescription="a base"')
    own = meta(
        '<AncillaryDataSet><AncillaryData name="apid">5</AncillaryData></AncillaryDataSet>'
        '<BaseMetaCommand metaCommandRef="Base"><ArgumentAssignmentList><ArgumentAssignment argumentName="x" argumentValue="7"/>'
        '</ArgumentAssignmentList></BaseMetaCommand><ArgumentList><Argument name="y" argumentTypeRef="A8"/></ArgumentList>'
        '<CommandContainer name="K2"><EntryList><ArgumentRefEntry argumentRef="y"/></EntryList><BaseContainer containerRef="K"/>'
        "</CommandContainer><TransmissionConstraintList><TransmissionConstraint suspendable='true'>"
        '<Comparison parameterRef="mode" value="2"/></TransmissionConstraint></TransmissionConstraintList>'
        '<VerifierSet><AcceptedVerifier><Comparison parameterRef="echo" value="2"/></AcceptedVerifier>'
        '<CompleteVerifier><Comparison parameterRef="echo" value="3"/></CompleteVerifier></VerifierSet>'
    )
    database = load(tmp_path, commands(own + base))  # the base may come later
    command = database.commands["/T/C"]
    assert database.commands["/T/Base"].abstract
    assert not command.abstract
    assert (command.base, command.description, dict(command.extra)) == ("/T/Base", "a base", {"apid": "5"})
    assert [argument.name for argument in command.arguments] == ["x", "y"]
    assert command.assignments["x"].text == "7"
    assert command.container is not None and command.container.base is not None
    assert command.container.base.name == "K"
    assert (command.significance.level, command.significance.reason) == ("critical", "it burns")
    assert [(one.timeout, one.suspendable) for one in command.constraints] == [
        (60 * 10**9, False),
        (None, True),
    ]
    assert [(one.stage, one.container) for one in command.verifiers] == [
        ("completed", None),
        ("accepted", None),
        ("completed", None),
    ]


def test_a_command_without_a_container_has_that_of_its_base(tmp_path: Path) -> None:
    extra = '<AncillaryDataSet><AncillaryData name="apid">5</AncillaryData></AncillaryDataSet><ArgumentList>'
    base = with_x().replace('name="C"', 'name="Base"').replace("<ArgumentList>", extra)
    command = only(tmp_path, commands(base + meta('<BaseMetaCommand metaCommandRef="Base"/>')))
    assert command.container is not None
    assert command.container.name == "K"
    assert dict(command.extra) == {"apid": "5"}


def test_the_container_of_the_base_comes_before_a_shared_one_of_the_same_name(tmp_path: Path) -> None:
    base = with_x().replace('name="C"', 'name="Base"')
    shared = f'<CommandContainer name="K"><EntryList>{xml.entry("mode")}</EntryList></CommandContainer>'
    own = '<CommandContainer name="L"><EntryList/><BaseContainer containerRef="K"/></CommandContainer>'
    derived = meta(f'<BaseMetaCommand metaCommandRef="Base"/>{own}')
    container = only(tmp_path, commands(base + derived, containers=shared)).container
    assert container is not None and container.base is not None
    assert container.base.entries[0].content == ArgumentField("x")


@pytest.mark.parametrize(
    ("word", "level"),
    [
        *((level, level) for level in ("none", "watch", "warning", "distress", "critical", "severe")),  # 1.1
        ("normal", "none"), ("vital", "distress"), ("forbidden", "severe"), ("user1", "watch"), ("user2", "warning"),  # 1.2
    ],
)  # fmt: skip
def test_levels_of_consequence_of_both_versions_are_known(tmp_path: Path, word: str, level: str) -> None:
    significance = only(
        tmp_path, commands(with_x(f'<DefaultSignificance consequenceLevel="{word}"/>'))
    ).significance
    assert (significance.level, significance.word) == (level, word)


def test_every_verifier_is_read_with_its_window(tmp_path: Path) -> None:
    tags = {
        "TransferredToRangeVerifier": "transferred-to-range", "SentFromRangeVerifier": "sent-from-range",
        "ReceivedVerifier": "received", "AcceptedVerifier": "accepted", "QueuedVerifier": "queued",
        "ExecutionVerifier": "started", "CompleteVerifier": "completed", "FailedVerifier": "failed",
    }  # fmt: skip
    expression = (
        "<BooleanExpression><ORedConditions><Condition><ParameterInstanceRef parameterRef='mode'/><ComparisonOperator>=="
        "</ComparisonOperator><Value>1</Value></Condition><Condition><ParameterInstanceRef parameterRef='echo'/>"
        "<ComparisonOperator>&gt;</ComparisonOperator><Value>1</Value></Condition></ORedConditions></BooleanExpression>"
    )
    window = '<CheckWindow timeToStartChecking="PT0.5S" timeToStopChecking="PT1M30S" timeWindowIsRelativeTo="commandRelease"/>'
    inside = "".join(f"<{tag}>{expression}{window}</{tag}>" for tag in tags)
    verifiers = only(tmp_path, commands(with_x(f"<VerifierSet>{inside}</VerifierSet>"))).verifiers
    assert [verifier.stage for verifier in verifiers] == list(tags.values())
    for verifier in verifiers:
        assert isinstance(verifier.condition, Combination) and verifier.condition.kind == "or"
        assert verifier.window is not None
        assert (verifier.window.start, verifier.window.stop) == (500_000_000, 90 * 10**9)
        assert verifier.window.from_release


def test_a_verifier_counts_from_the_one_before_unless_it_says_otherwise(tmp_path: Path) -> None:
    inside = (
        '<VerifierSet><ExecutionVerifier><ContainerRef containerRef="Report"/><CheckWindow timeToStopChecking="P1DT2H"/>'
        "<PercentComplete><FixedValue>12.5</FixedValue></PercentComplete></ExecutionVerifier></VerifierSet>"
    )
    (verifier,) = only(tmp_path, commands(with_x(inside))).verifiers
    assert (verifier.container, verifier.percent) == ("/T/Report", Fraction(25, 2))
    assert verifier.window is not None
    assert (verifier.window.start, verifier.window.stop) == (0, 26 * 3600 * 10**9)
    assert not verifier.window.from_release


def test_a_constraint_is_a_condition_on_telemetry(tmp_path: Path) -> None:
    inside = (
        f"<TransmissionConstraintList><TransmissionConstraint><ComparisonList>{xml.comparison('mode', 1)}"
        f"{xml.comparison('echo', 5, '<=')}</ComparisonList></TransmissionConstraint></TransmissionConstraintList>"
    )
    (constraint,) = only(tmp_path, commands(with_x(inside))).constraints
    assert isinstance(constraint.condition, Combination)
    first, second = constraint.condition.parts
    assert isinstance(first, Comparison) and isinstance(second, Comparison)
    assert (first.left.parameter, second.operator) == ("/T/mode", "<=")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_x("<ContextSignificanceList/>"), "ContextSignificanceList was read over: only DefaultSignificance counts"),
        (with_x("<Interlock/>"), "Interlock was read over: it does not hold back"),
        (with_x("<ParameterToSetList/>"), "ParameterToSetList was read over: no parameter is set"),
        (with_x("<ParametersToSuspendAlarmsOnSet/>"), "ParametersToSuspendAlarmsOnSet was read over"),
        (with_x("<Surprise/>"), "Surprise was read over"),
        (with_x("<VerifierSet><Surprise/></VerifierSet>"), "Surprise was read over"),
        (with_x("<VerifierSet><FailedVerifier><CustomAlgorithm/></FailedVerifier></VerifierSet>"), "this FailedVerifier was read over"),
        (with_x("<VerifierSet><FailedVerifier><ParameterValueChange/></FailedVerifier></VerifierSet>"), "ParameterValueChange in a verifier is not supported"),
        (
            with_x('<VerifierSet><CompleteVerifier><ContainerRef containerRef="Report"/><ReturnParmRef parameterRef="echo"/></CompleteVerifier></VerifierSet>'),
            "ReturnParmRef was read over",
        ),
        (
            with_x('<VerifierSet><ExecutionVerifier><ContainerRef containerRef="Report"/><PercentComplete><DynamicValue/></PercentComplete></ExecutionVerifier></VerifierSet>'),
            "PercentComplete of a parameter was read over",
        ),
        (with_x() + '<BlockMetaCommand name="B"/>', "BlockMetaCommand was read over"),
        (with_x() + "<MetaCommandRef>C</MetaCommandRef>", "MetaCommandRef was read over"),
    ],
)  # fmt: skip
def test_what_is_not_done_is_remarked_and_the_command_stays(tmp_path: Path, text: str, expected: str) -> None:
    database = load(tmp_path, commands(text))
    (remark,) = database.remarks
    assert expected in remark
    assert re.match(r"part0\.xml:\d+: ", remark)
    assert list(database.commands) == ["/T/C"]


CONDITION = '<ArgumentRefEntry argumentRef="x"><IncludeCondition><Comparison value="1">{}</Comparison></IncludeCondition></ArgumentRefEntry>'
NOT_SUPPORTED = {
    "an array": (with_x(), '<ArrayArgumentType name="A8" arrayTypeRef="x"/>', "an ArrayArgumentType is not supported"),
    "an aggregate": (with_x(), '<AggregateArgumentType name="A8"/>', "an AggregateArgumentType is not supported"),
    "a calibrator that depends on a context": (
        with_x(), U8.replace('"8"/>', '"8"><ContextCalibratorList/></IntegerDataEncoding>'), "a ContextCalibratorList in an argument type"
    ),
    "a size from a list": (
        with_x(),
        '<BinaryArgumentType name="A8"><BinaryDataEncoding><SizeInBits><DiscreteLookupList/></SizeInBits></BinaryDataEncoding></BinaryArgumentType>',
        "a DiscreteLookupList in an argument type",
    ),
    "a strange pattern": (with_x(), U8.replace("signed", 'restrictionPattern="[" signed'), "restrictionPattern"),
    "a float of 80 bits": (with_x(), U8.replace("Integer", "Float").replace('"8"', '"80"'), "80 bits is not supported"),
    "a condition on an argument": (
        with_x(entry=CONDITION.format('<ArgumentInstanceRef argumentRef="x"/>')), U8, "IncludeCondition with ArgumentInstanceRef in a telecommand's container"
    ),
    "a repeat": (with_x(entry='<ArgumentRefEntry argumentRef="x"><RepeatEntry/></ArgumentRefEntry>'), U8, "RepeatEntry"),
    "an indirect entry": (with_x(entry="<IndirectParameterRefEntry/>"), U8, "IndirectParameterRefEntry is not supported"),
    "a restriction that is no value": (
        meta(
            '<CommandContainer name="K"><EntryList/><BaseContainer containerRef="Head"><RestrictionCriteria>'
            f'{xml.comparison("mode", 1, ">")}</RestrictionCriteria></BaseContainer></CommandContainer>'
        ),
        U8,
        "more than parameters equal to values",
    ),
    "a constraint by an algorithm": (
        with_x("<TransmissionConstraintList><TransmissionConstraint><CustomAlgorithm/></TransmissionConstraint></TransmissionConstraintList>"),
        U8,
        "CustomAlgorithm as a condition",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_SUPPORTED)
def test_a_command_that_needs_what_is_not_supported_is_left_out_with_all_that_extend_it(
    tmp_path: Path, case: str
) -> None:
    text, types, expected = NOT_SUPPORTED[case]
    more = meta('<BaseMetaCommand metaCommandRef="C"/>', "Derived") + meta(name="Other")
    database = load(tmp_path, commands(text + more, types))
    assert list(database.commands) == ["/T/Other"]
    assert set(database.left_out) == {"/T/C", "/T/Derived"}
    assert expected in database.left_out["/T/C"]
    assert "what its base /T/C needs is not supported" in database.left_out["/T/Derived"]
    assert any(
        re.match(r"part0\.xml:\d+: the telecommand /T/C was left out: part0\.xml:\d+", remark)
        for remark in database.remarks
    )
    assert set(database.containers) == {"/T/Head", "/T/Report"}


def test_a_parameter_type_of_commands_that_is_not_supported_harms_only_what_needs_it(tmp_path: Path) -> None:
    kind = '<IntegerParameterType name="Odd"><IntegerDataEncoding bitOrder="leastSignificantBitFirst"/></IntegerParameterType>'
    needing = with_x(entry=xml.entry("odd"))
    database = load(
        tmp_path,
        commands(needing + meta(name="Other"), parameters=xml.parameter("odd", "Odd"), parameter_types=kind),
    )
    assert list(database.commands) == ["/T/Other"]
    assert 'the parameter "odd"' in database.left_out["/T/C"]
    assert sum("bitOrder" in remark for remark in database.remarks) == 2  # of the type, and of the parameter
    assert set(database.parameters) == {"/T/mode", "/T/echo"}


def test_what_telemetry_needs_is_still_refused_when_it_is_not_supported(tmp_path: Path) -> None:
    text = xml.telemetry(
        xml.integer("U", 8).replace("encoding=", 'bitOrder="leastSignificantBitFirst" encoding=')
    )
    with pytest.raises(MissionError, match="bitOrder"):
        xml.load(tmp_path, xml.system(text))


def test_commands_change_nothing_of_what_telemetry_has(tmp_path: Path) -> None:
    shared = f'<CommandContainer name="Head"><EntryList>{xml.entry("mode")}</EntryList></CommandContainer>'
    alone = xml.load(tmp_path, xml.system(TELEMETRY))
    both = load(tmp_path, commands(with_x(), containers=shared))  # a name that telemetry has, too
    assert list(both.containers) == list(alone.containers)
    assert list(both.parameters) == list(alone.parameters)
    assert both.remarks == alone.remarks == ()
