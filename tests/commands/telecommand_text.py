"""XTCE text of telecommands for tests, and missions made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commands.definitions import Definition, TelecommandSet
from streams.mission import Mission, load_mission

HEADER_FIELDS = {
    "VERSION": 3, "TYPE": 1, "SECONDARY_HEADER": 1, "APID": 11, "FLAGS": 2, "COUNT": 14, "LENGTH": 16,
}  # fmt: skip
HEADER_TYPES = "".join(
    f'<IntegerParameterType name="U{bits}" signed="false">'
    f'<IntegerDataEncoding sizeInBits="{bits}"/></IntegerParameterType>\n'
    for bits in sorted({*HEADER_FIELDS.values(), 8, 32})
)
HEADER_TYPES += (
    '<BinaryParameterType name="Blob"><BinaryDataEncoding><SizeInBits><FixedValue>16</FixedValue>'
    "</SizeInBits></BinaryDataEncoding></BinaryParameterType>\n"
)
HEADER_PARAMETERS = "".join(
    f'<Parameter name="{name}" parameterTypeRef="U{bits}"/>\n' for name, bits in HEADER_FIELDS.items()
)
HEADER_PARAMETERS += '<Parameter name="BLOB" parameterTypeRef="Blob"/>\n'
HEADER_ENTRIES = "".join(f'<ParameterRefEntry parameterRef="{name}"/>\n' for name in HEADER_FIELDS)
HEADER_CONTAINER = (
    f'<CommandContainer name="Packet"><EntryList>\n{HEADER_ENTRIES}</EntryList></CommandContainer>\n'
)
NO_HEADER = '[commands.packet]\nheader = "none"'


def integer(
    name: str,
    bits: int = 8,
    *,
    before: str = "",
    calibrator: str = "",
    encoding: str = "",
    attributes: str = "",
) -> str:
    """An IntegerArgumentType; `encoding` are attributes of its encoding, `before` stands before that."""
    return (
        f'<IntegerArgumentType name="{name}" {attributes}>{before}'
        f'<IntegerDataEncoding sizeInBits="{bits}" {encoding}>{calibrator}</IntegerDataEncoding>'
        "</IntegerArgumentType>\n"
    )


def valid(*ranges: str, calibrated: bool = True) -> str:
    """A ValidRangeSet; each range is its attributes."""
    inside = "".join(f"<ValidRange {part}/>" for part in ranges)
    return (
        f'<ValidRangeSet validRangeAppliesToCalibrated="{str(calibrated).lower()}">{inside}</ValidRangeSet>'
    )


def polynomial(*coefficients: float) -> str:
    terms = "".join(f'<Term coefficient="{c!r}" exponent="{n}"/>' for n, c in enumerate(coefficients))
    return f"<DefaultCalibrator><PolynomialCalibrator>{terms}</PolynomialCalibrator></DefaultCalibrator>"


def spline(*points: tuple[float, float], order: int = 1, extrapolate: bool = False) -> str:
    inside = "".join(f'<SplinePoint raw="{raw!r}" calibrated="{value!r}"/>' for raw, value in points)
    attributes = f'order="{order}" extrapolate="{str(extrapolate).lower()}"'
    return (
        f"<DefaultCalibrator><SplineCalibrator {attributes}>{inside}</SplineCalibrator></DefaultCalibrator>"
    )


def argument(name: str, type_name: str, attributes: str = "") -> str:
    return f'<Argument name="{name}" argumentTypeRef="{type_name}" {attributes}/>\n'


def argument_entries(*names: str) -> str:
    return "".join(f'<ArgumentRefEntry argumentRef="{name}"/>\n' for name in names)


def container(name: str, entries: str, base: str = "Packet", **values: Any) -> str:
    """A CommandContainer that extends another and gives parameters of it values."""
    comparisons = "".join(
        f'<Comparison parameterRef="{key}" value="{value}"/>\n' for key, value in values.items()
    )
    listed = f"<ComparisonList>{comparisons}</ComparisonList>"
    criteria = f"<RestrictionCriteria>{listed}</RestrictionCriteria>" if comparisons else ""
    extended = f'<BaseContainer containerRef="{base}">{criteria}</BaseContainer>' if base else ""
    return (
        f'<CommandContainer name="{name}"><EntryList>\n{entries}</EntryList>{extended}</CommandContainer>\n'
    )


def meta(
    name: str,
    arguments: str = "",
    container: str = "",
    *,
    before: str = "",
    after: str = "",
    attributes: str = "",
) -> str:
    """A MetaCommand; `before` stands before its ArgumentList, `after` after its container."""
    listed = f"<ArgumentList>\n{arguments}</ArgumentList>\n" if arguments else ""
    return f'<MetaCommand name="{name}" {attributes}>\n{before}{listed}{container}{after}</MetaCommand>\n'


def extends(name: str, **assignments: Any) -> str:
    inside = "".join(
        f'<ArgumentAssignment argumentName="{key}" argumentValue="{value}"/>\n'
        for key, value in assignments.items()
    )
    listed = f"<ArgumentAssignmentList>{inside}</ArgumentAssignmentList>" if inside else ""
    return f'<BaseMetaCommand metaCommandRef="{name}">{listed}</BaseMetaCommand>\n'


def extra(**data: Any) -> str:
    inside = "".join(f'<AncillaryData name="{key}">{value}</AncillaryData>' for key, value in data.items())
    return f"<AncillaryDataSet>{inside}</AncillaryDataSet>\n"


def command_data(
    types: str = "",
    commands: str = "",
    *,
    parameters: str = HEADER_PARAMETERS,
    containers: str = HEADER_CONTAINER,
    parameter_types: str = HEADER_TYPES,
) -> str:
    return (
        f"<CommandMetaData>\n<ParameterTypeSet>\n{parameter_types}</ParameterTypeSet>\n"
        f"<ParameterSet>\n{parameters}</ParameterSet>\n<ArgumentTypeSet>\n{types}</ArgumentTypeSet>\n"
        f"<MetaCommandSet>\n{commands}</MetaCommandSet>\n"
        f"<CommandContainerSet>\n{containers}</CommandContainerSet>\n</CommandMetaData>\n"
    )


def system(inside: str, name: str = "T") -> str:
    return f'<?xml version="1.0"?>\n<SpaceSystem name="{name}">\n{inside}</SpaceSystem>\n'


def mission(folder: Path, inside: str, settings: str = "") -> Mission:
    """A mission of one XTCE file, `tc.xml`, and a mission.toml with some settings."""
    folder.mkdir(exist_ok=True)
    (folder / "tc.xml").write_text(system(inside), encoding="utf-8")
    (folder / "mission.toml").write_text(f'database = "tc.xml"\n{settings}\n', encoding="utf-8")
    return load_mission(folder)


def telecommands(folder: Path, inside: str, settings: str = "") -> TelecommandSet:
    return TelecommandSet(mission(folder, inside, settings))


def one(folder: Path, types: str, arguments: str, entries: str, settings: str = NO_HEADER) -> Definition:
    """The telecommand C, whose container holds just some entries."""
    text = command_data(types, meta("C", arguments, container("CC", entries, base="")))
    found = telecommands(folder, text, settings)
    assert not found.problems, found.problems
    return found.find("C")


def value_of(folder: Path, type_text: str, given: Any) -> Any:
    """(raw value, value) of the one argument V of type T when something is given."""
    definition = one(folder, type_text, argument("V", "T"), argument_entries("V"))
    (found,) = definition.resolve({"V": given}).arguments
    return found.raw, found.value
