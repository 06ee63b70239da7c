"""Every mistake in the telecommands of an XTCE file is found at load, with file, line and what to do."""

# ruff: noqa: E501 - one line of XTCE per mistake reads best

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xtce_text as xml
from test_xtce_commands import ENTRY, TELEMETRY, U8, commands, meta, with_x

from infra.errors import MissionError

RANGED = U8.replace(
    "</IntegerArgumentType>", "<ValidRangeSet><ValidRange {}/></ValidRangeSet></IntegerArgumentType>"
)
LOOP = '<CommandContainer name="A"><EntryList><ContainerRefEntry containerRef="B"/></EntryList></CommandContainer>'


def verified(inside: str) -> str:
    return commands(with_x(f"<VerifierSet><AcceptedVerifier>{inside}</AcceptedVerifier></VerifierSet>"))


def constrained(inside: str, attributes: str = "") -> str:
    return commands(
        with_x(
            f"<TransmissionConstraintList><TransmissionConstraint {attributes}>{inside}</TransmissionConstraint></TransmissionConstraintList>"
        )
    )


def extended(assignments: str) -> str:
    base = with_x().replace('name="C"', 'name="Base"')
    listed = f"<ArgumentAssignmentList>{assignments}</ArgumentAssignmentList>"
    return commands(base + meta(f'<BaseMetaCommand metaCommandRef="Base">{listed}</BaseMetaCommand>'))


REPORT = '<ContainerRef containerRef="Report"/>'
MISTAKES = {
    "an argument type twice": (commands("", U8 + U8), 'the argument type "A8" is defined twice'),
    "a command twice": (commands(meta() + meta()), 'the MetaCommand "C" is defined twice'),
    "a command container twice": (commands("", containers='<CommandContainer name="K"/>' * 2), 'the command container "K" is defined twice'),
    "an unknown argument type": (commands(with_x().replace("A8", "Nope")), 'argumentTypeRef "Nope": there is no such argument type'),
    "an argument without a type": (commands(with_x().replace('argumentTypeRef="A8"', "")), 'no attribute "argumentTypeRef"'),
    "an argument twice": (commands(with_x().replace("</ArgumentList>", '<Argument name="x" argumentTypeRef="A8"/></ArgumentList>')), 'the argument "x" is defined twice'),
    "an argument of the base again": (
        commands(with_x().replace('name="C"', 'name="Base"') + with_x().replace("<ArgumentList>", '<BaseMetaCommand metaCommandRef="Base"/><ArgumentList>')),
        'the argument "x" is defined twice',
    ),
    "a type of 65 bits": (commands("", U8.replace('"8"', '"65"')), "an integer of 65 bits"),
    "a type with two encodings": (commands("", U8.replace("</Integer", "<FloatDataEncoding/></Integer", 1)), "two encodings"),
    "a type that derives from another kind": (
        commands("", U8 + '<FloatArgumentType name="F" baseType="A8"/>'), "the baseType A8 is a IntegerArgumentType"
    ),
    "a range backwards": (commands("", RANGED.format('minInclusive="9" maxInclusive="1"')), "the valid range from 9 to 1 is empty"),
    "a range that is no number": (commands("", RANGED.format('minInclusive="nine"')), "is not a number"),
    "a length backwards": (
        commands(
            "",
            '<StringArgumentType name="S"><StringDataEncoding><Variable maxSizeInBits="80"><TerminationChar/></Variable></StringDataEncoding>'
            '<SizeRangeInCharacters minInclusive="5" maxInclusive="2"/></StringArgumentType>',
        ),
        "a text of 5 to 2 characters",
    ),
    "a time without an epoch": (
        commands("", '<AbsoluteTimeArgumentType name="T"><Encoding><IntegerDataEncoding/></Encoding></AbsoluteTimeArgumentType>'),
        "the AbsoluteTimeArgumentType has no epoch",
    ),
    "an unknown base": (commands(meta('<BaseMetaCommand metaCommandRef="Nope"/>')), 'metaCommandRef "Nope": there is no such MetaCommand'),
    "a command that extends itself": (
        commands(meta('<BaseMetaCommand metaCommandRef="D"/>') + meta('<BaseMetaCommand metaCommandRef="C"/>', "D")), "circular inheritance: /T/C -> /T/D -> /T/C"
    ),
    "an unknown argument assigned": (extended('<ArgumentAssignment argumentName="y" argumentValue="1"/>'), 'argumentName "y": the base has no such argument'),
    "an assignment without a value": (extended('<ArgumentAssignment argumentName="x"/>'), 'no attribute "argumentValue"'),
    "an unknown container": (commands(with_x().replace("</EntryList>", '</EntryList><BaseContainer containerRef="Nope"/>')), 'containerRef "Nope"'),
    "an unknown parameter": (commands(with_x(entry=xml.entry("nope"))), 'parameterRef "nope"'),
    "containers in a circle": (
        commands(with_x(entry='<ContainerRefEntry containerRef="A"/>'), containers=LOOP + LOOP.replace('"A"', '"X"').replace('"B"', '"A"').replace('"X"', '"B"')),
        "contains or extends itself",
    ),
    "a fixed value that is none": (commands(with_x(entry='<FixedValueEntry binaryValue="xyz" sizeInBits="8"/>')), 'binaryValue="xyz" is not hexadecimal'),
    "a fixed value that is too long": (commands(with_x(entry='<FixedValueEntry binaryValue="1FF" sizeInBits="8"/>')), "1FF does not fit into 8 bits"),
    "a container without entries": (commands(meta('<CommandContainer name="K"/>')), "has no EntryList"),
    "a level that is none": (commands(with_x('<DefaultSignificance consequenceLevel="panic"/>')), 'consequenceLevel="panic" is no level'),
    "a verifier without a condition": (verified(""), "AcceptedVerifier has no condition"),
    "a verifier of an unknown parameter": (verified('<Comparison parameterRef="nope" value="1"/>'), 'parameterRef "nope"'),
    "a verifier of an unknown packet": (verified('<ContainerRef containerRef="Nope"/>'), 'containerRef "Nope": there is no such container'),
    "a window without an end": (verified(REPORT + "<CheckWindow/>"), 'no attribute "timeToStopChecking"'),
    "a window that is no time": (verified(REPORT + '<CheckWindow timeToStopChecking="5s"/>'), 'timeToStopChecking="5s" is no duration'),
    "a window of a month": (verified(REPORT + '<CheckWindow timeToStopChecking="P1M"/>'), "is no duration"),
    "a window backwards": (verified(REPORT + '<CheckWindow timeToStartChecking="PT9S" timeToStopChecking="PT5S"/>'), "stops before it starts"),
    "a window from somewhere": (verified(REPORT + '<CheckWindow timeToStopChecking="PT5S" timeWindowIsRelativeTo="dawn"/>'), '"dawn" is unknown'),
    "a percentage that is none": (
        commands(with_x(f"<VerifierSet><ExecutionVerifier>{REPORT}<PercentComplete><FixedValue>half</FixedValue></PercentComplete></ExecutionVerifier></VerifierSet>")),
        "is not a number",
    ),
    "a constraint without a condition": (constrained(""), "has no condition"),
    "a constraint on an unknown parameter": (constrained('<Comparison parameterRef="nope" value="1"/>'), 'parameterRef "nope"'),
    "a constraint with an unknown operator": (constrained('<Comparison parameterRef="mode" value="1" comparisonOperator="=~"/>'), "no comparison operator"),
    "a constraint that waits for no time": (constrained('<Comparison parameterRef="mode" value="1"/>', 'timeOut="soon"'), 'timeOut="soon" is no duration'),
    "a command without a name": (commands(meta().replace('name="C"', "")), 'no attribute "name"'),
    "extra data without a name": (commands(meta("<AncillaryDataSet><AncillaryData>5</AncillaryData></AncillaryDataSet>")), 'no attribute "name"'),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_with_its_place(tmp_path: Path, mistake: str) -> None:
    text, expected = MISTAKES[mistake]
    with pytest.raises(MissionError) as caught:
        xml.load(tmp_path, xml.system(TELEMETRY + text))
    assert expected in caught.value.what
    assert re.fullmatch(r"part0\.xml:\d+", caught.value.where)
    assert caught.value.fix


def test_the_line_is_that_of_the_mistake(tmp_path: Path) -> None:
    text = xml.system(TELEMETRY + commands(with_x(entry=f'{ENTRY}\n\n<FixedValueEntry binaryValue="oops"/>')))
    with pytest.raises(MissionError) as caught:
        xml.load(tmp_path, text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "oops" in line)
    assert caught.value.where == f"part0.xml:{line}"


def test_commands_that_extend_each_other_very_deep_are_refused(tmp_path: Path) -> None:
    metas = meta(name="C0") + "".join(
        meta(f'<BaseMetaCommand metaCommandRef="C{number - 1}"/>', f"C{number}")
        for number in range(300, 0, -1)
    )
    deepest_first = metas.split("</MetaCommand>\n")
    text = "</MetaCommand>\n".join([*deepest_first[1:-1], deepest_first[0], ""])
    with pytest.raises(MissionError, match="more than 100 deep"):
        xml.load(tmp_path, xml.system(commands(text)))


def test_a_name_that_exists_elsewhere_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match=r"did you mean /A/C\?"):
        xml.load(
            tmp_path,
            xml.system(commands(meta()), "A"),
            xml.system(commands(meta('<BaseMetaCommand metaCommandRef="C"/>', "D")), "B"),
        )
