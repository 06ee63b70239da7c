"""Missions made for one test: packet types by name, each with parameters of given XTCE types.

Every packet has a space packet's header and a device time in whole seconds and nanoseconds. Each packet type
has its own APID, from 100 on in the order in which they are named.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from streams.mission import Mission, load_mission

EPOCH_NS = 1_577_836_800 * 10**9
"""2020-01-01: where the device's clock begins."""

FIRST_APID = 100
HEADER = {
    "VERSION": 3, "KIND": 1, "SECONDARY": 1, "APID": 11, "FLAGS": 2, "COUNT": 14, "LENGTH": 16,
    "SECONDS": 32, "NANOS": 32,
}  # fmt: skip

Fields = Mapping[str, str]
"""Parameter name to the XTCE text of its type, in which `{}` stands for the type's name."""

_TOML = """\
name = {name!r}
database = ["made.xml"]
root = "Header"
[time]
epoch = "2020-01-01T00:00:00Z"
[[time.terms]]
parameter = "SECONDS"
unit = "s"
[[time.terms]]
parameter = "NANOS"
unit = "ns"
"""


def integer(bits: int, *, signed: bool = False) -> str:
    encoding = "twosComplement" if signed else "unsigned"
    return (
        f'<IntegerParameterType name="{{}}" signed="{str(signed).lower()}">'
        f'<IntegerDataEncoding sizeInBits="{bits}" encoding="{encoding}"/></IntegerParameterType>'
    )


def floating(bits: int) -> str:
    return (
        f'<FloatParameterType name="{{}}" sizeInBits="{bits}"><FloatDataEncoding sizeInBits="{bits}"/>'
        "</FloatParameterType>"
    )


def linear(bits: int, offset: float, slope: float) -> str:
    return (
        f'<FloatParameterType name="{{}}" sizeInBits="64"><IntegerDataEncoding sizeInBits="{bits}">'
        f'<DefaultCalibrator><PolynomialCalibrator><Term coefficient="{offset}" exponent="0"/>'
        f'<Term coefficient="{slope}" exponent="1"/></PolynomialCalibrator></DefaultCalibrator>'
        "</IntegerDataEncoding></FloatParameterType>"
    )


def enumeration(labels: Sequence[str]) -> str:
    rows = "".join(
        f"<Enumeration value={quoteattr(str(value))} label={quoteattr(label)}/>"
        for value, label in enumerate(labels)
    )
    text = '<IntegerDataEncoding sizeInBits="8"/>' + f"<EnumerationList>{rows}</EnumerationList>"
    return f'<EnumeratedParameterType name="{{}}">{_plain(text)}</EnumeratedParameterType>'


def boolean() -> str:
    return '<BooleanParameterType name="{}"><IntegerDataEncoding sizeInBits="8"/></BooleanParameterType>'


def text(size: int) -> str:
    """Return a type of UTF-8 text of `size` bytes that ends at the first zero."""
    return (
        '<StringParameterType name="{}"><StringDataEncoding encoding="UTF-8"><SizeInBits><Fixed>'
        f"<FixedValue>{8 * size}</FixedValue></Fixed><TerminationChar>00</TerminationChar></SizeInBits>"
        "</StringDataEncoding></StringParameterType>"
    )


def octets(size: int) -> str:
    return (
        '<BinaryParameterType name="{}"><BinaryDataEncoding><SizeInBits>'
        f"<FixedValue>{8 * size}</FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>"
    )


def unix_nanoseconds() -> str:
    return (
        '<AbsoluteTimeParameterType name="{}"><Encoding scale="1e-9"><IntegerDataEncoding sizeInBits="64"/>'
        "</Encoding><ReferenceTime><Epoch>UNIX</Epoch></ReferenceTime></AbsoluteTimeParameterType>"
    )


def limited(bits: int, slope: float, **limits: float) -> str:
    """Return a type of raw values times `slope`, in alarm above a limit: `warning=100, critical=150`."""
    ranges = "".join(
        f'<{level.capitalize()}Range maxInclusive="{limit}"/>' for level, limit in limits.items()
    )
    alarm = f"<DefaultAlarm><StaticAlarmRanges>{ranges}</StaticAlarmRanges></DefaultAlarm>"
    return linear(bits, 0, slope).replace("</FloatParameterType>", f"{alarm}</FloatParameterType>")


def by_context(kind: str, *contexts: tuple[tuple[str, object], Mapping[str, float]]) -> str:
    """Return a type with other limits where a parameter has a value: `(("MODE", "ON"), {"warning": 1})`."""
    listed = "".join(
        "<ContextAlarm><StaticAlarmRanges>"
        + "".join(f'<{level.capitalize()}Range maxInclusive="{limit}"/>' for level, limit in limits.items())
        + "</StaticAlarmRanges><ContextMatch>"
        + f"<Comparison parameterRef={quoteattr(name)} value={quoteattr(str(value))}/>"
        + "</ContextMatch></ContextAlarm>"
        for (name, value), limits in contexts
    )
    end = "</FloatParameterType>"
    return kind.replace(end, f"<ContextAlarmList>{listed}</ContextAlarmList>{end}")


def made_mission(
    folder: Path,
    packets: Mapping[str, Fields],
    name: str = "made",
    conditions: Mapping[str, tuple[str, int]] | None = None,
) -> Mission:
    """Write a mission's folder and load it.

    `conditions`: a parameter that is only in packets in which another one has a raw value.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mission.toml").write_text(_TOML.format(name=name))
    (folder / "made.xml").write_text(_xtce(packets, conditions or {}), encoding="utf-8")
    return load_mission(folder)


def _xtce(packets: Mapping[str, Fields], conditions: Mapping[str, tuple[str, int]]) -> str:
    fields = {name: integer(bits) for name, bits in HEADER.items()}
    for own in packets.values():
        fields |= own
    types = "\n".join(kind.format(f"type{number}") for number, kind in enumerate(fields.values()))
    parameters = "\n".join(
        f'<Parameter name={quoteattr(name)} parameterTypeRef="type{number}"/>'
        for number, name in enumerate(fields)
    )
    containers = (
        f'<SequenceContainer name="Header" abstract="true">{_entries(HEADER, {})}</SequenceContainer>'
    )
    for number, (name, own) in enumerate(packets.items()):
        containers += (
            f"<SequenceContainer name={quoteattr(name)}>{_entries(own, conditions)}"
            '<BaseContainer containerRef="Header">'
            f'<RestrictionCriteria><Comparison parameterRef="APID" value="{FIRST_APID + number}"/>'
            "</RestrictionCriteria></BaseContainer></SequenceContainer>\n"
        )
    return (
        '<SpaceSystem name="Made" xmlns="http://www.omg.org/spec/XTCE/20180204"><TelemetryMetaData>\n'
        f"<ParameterTypeSet>{types}</ParameterTypeSet>\n<ParameterSet>{parameters}</ParameterSet>\n"
        f"<ContainerSet>{containers}</ContainerSet>\n</TelemetryMetaData></SpaceSystem>\n"
    )


def _entries(names: Mapping[str, object], conditions: Mapping[str, tuple[str, int]]) -> str:
    rows = "".join(
        f"<ParameterRefEntry parameterRef={quoteattr(name)}>{_condition(conditions.get(name))}"
        "</ParameterRefEntry>"
        for name in names
    )
    return f"<EntryList>{rows}</EntryList>"


def _condition(condition: tuple[str, int] | None) -> str:
    if condition is None:
        return ""
    name, value = condition
    comparison = f'<Comparison parameterRef="{name}" value="{value}" useCalibratedValue="false"/>'
    return f"<IncludeCondition>{comparison}</IncludeCondition>"


def _plain(text: str) -> str:
    """Braces of labels are no place for the type's name."""
    return text.replace("{", "{{").replace("}", "}}")


def packet(body: bytes, *, count: int = 0, generated: int = EPOCH_NS, apid: int = FIRST_APID) -> bytes:
    """Return a packet with its device time (ns UTC) and what follows it."""
    seconds, nanos = divmod(generated - EPOCH_NS, 10**9)
    content = struct.pack(">II", seconds, nanos) + body
    return struct.pack(">HHH", 0x0800 | apid, 0xC000 | count % 16_384, len(content) - 1) + content
