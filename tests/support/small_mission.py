"""A small mission for tests of the whole program: three packet types, two links, and its packets' bytes.

ATTITUDE (APID 100) has a fixed layout with floats, MODE (101) an enumeration and a calibrated number, NOTE
(102) a text of any length. Link `radio` brings space packets, link `frames` TM transfer frames of 256 bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

NAME = "small"
EPOCH_NS = 946_684_800 * 10**9
ATTITUDE, MODE, NOTE = 100, 101, 102
FRAME_LENGTH = 256
MAX_PACKET = 300

_TOML = """\
name = "small"
database = ["small.xml"]
root = "Header"
[time]
epoch = "2000-01-01T00:00:00Z"
[[time.terms]]
parameter = "SECONDS"
unit = "s"
[[time.terms]]
parameter = "TICKS"
unit = "1/65536 s"
[[links]]
name = "radio"
transport = "tcp-client"
port = 1
[links.framing]
kind = "packets"
length = 300
[[links]]
name = "frames"
transport = "tcp-client"
port = 1
[links.framing]
kind = "transfer-frames"
length = 256
asm = false
fecf = true
"""

_FIELDS = {
    "VERSION": "u3", "KIND": "u1", "SECONDARY": "u1", "APID": "u11", "FLAGS": "u2", "COUNT": "u14",
    "LENGTH": "u16", "SECONDS": "u32", "TICKS": "u16", "ANGLE": "f64", "RATE": "f32", "NUMBER": "u32",
    "MODE": "mode", "VOLTAGE": "volts", "SIZE": "u8", "TEXT": "text",
}  # fmt: skip
_PACKETS = {
    ("ATTITUDE", ATTITUDE): ("ANGLE", "RATE", "NUMBER"),
    ("MODE_PACKET", MODE): ("MODE", "VOLTAGE"),
    ("NOTE", NOTE): ("SIZE", "TEXT"),
}
_TYPES = """
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList>
<Enumeration value="0" label="SAFE"/><Enumeration value="1" label="NOMINAL"/></EnumerationList>
</EnumeratedParameterType>
<FloatParameterType name="volts" sizeInBits="64"><UnitSet><Unit>V</Unit></UnitSet>
<IntegerDataEncoding sizeInBits="16"><DefaultCalibrator><PolynomialCalibrator>
<Term coefficient="-1" exponent="0"/><Term coefficient="0.5" exponent="1"/>
</PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding><DefaultAlarm><StaticAlarmRanges>
<WarningRange maxInclusive="50"/></StaticAlarmRanges></DefaultAlarm></FloatParameterType>
<StringParameterType name="text"><StringDataEncoding encoding="UTF-8"><Variable maxSizeInBits="2040">
<DynamicValue><ParameterInstanceRef parameterRef="SIZE"/><LinearAdjustment slope="8"/></DynamicValue>
</Variable></StringDataEncoding></StringParameterType>
"""


def write_mission(folder: Path) -> Path:
    """Write the mission's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mission.toml").write_text(_TOML)
    (folder / "small.xml").write_text(_xtce())
    return folder


def _xtce() -> str:
    plain = sorted({kind for kind in _FIELDS.values() if kind[1:].isdigit()})
    types = "\n".join(map(_plain_type, plain)) + _TYPES
    parameters = "\n".join(
        f'<Parameter name="{name}" parameterTypeRef="{kind}"/>' for name, kind in _FIELDS.items()
    )
    header = list(_FIELDS)[:9]
    containers = f'<SequenceContainer name="Header" abstract="true">{_entries(header)}</SequenceContainer>'
    for (name, apid), fields in _PACKETS.items():
        containers += (
            f'<SequenceContainer name="{name}">{_entries(fields)}<BaseContainer containerRef="Header">'
            f'<RestrictionCriteria><Comparison parameterRef="APID" value="{apid}"/></RestrictionCriteria>'
            "</BaseContainer></SequenceContainer>"
        )
    return (
        '<SpaceSystem name="Small" xmlns="http://www.omg.org/spec/XTCE/20180204"><TelemetryMetaData>\n'
        f"<ParameterTypeSet>{types}</ParameterTypeSet>\n<ParameterSet>{parameters}</ParameterSet>\n"
        f"<ContainerSet>{containers}</ContainerSet>\n</TelemetryMetaData></SpaceSystem>\n"
    )


def _plain_type(kind: str) -> str:
    bits = int(kind[1:])
    if kind[0] == "f":
        return (
            f'<FloatParameterType name="{kind}" sizeInBits="{bits}"><FloatDataEncoding sizeInBits="{bits}"/>'
            "</FloatParameterType>"
        )
    return (
        f'<IntegerParameterType name="{kind}" signed="false"><IntegerDataEncoding sizeInBits="{bits}"/>'
        "</IntegerParameterType>"
    )


def _entries(names: list[str] | tuple[str, ...]) -> str:
    rows = "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in names)
    return f"<EntryList>{rows}</EntryList>"


def space_packet(apid: int, number: int, body: bytes, *, seconds: int | None = None) -> bytes:
    """One packet with its time, a hundredth of a second after the one before it."""
    ticks = number * 655
    seconds = 800_000_000 + ticks // 65_536 if seconds is None else seconds
    content = struct.pack(">IH", seconds, ticks % 65_536) + body
    return struct.pack(">HHH", 0x0800 | apid, 0xC000 | number % 16_384, len(content) - 1) + content


def attitude(number: int, angle: float | None = None) -> bytes:
    """An ATTITUDE packet; NUMBER tells packets apart."""
    body = struct.pack(">dfI", number / 7 if angle is None else angle, number / 3, number)
    return space_packet(ATTITUDE, number, body)


def packets(count: int, first: int = 0) -> list[bytes]:
    """Good packets of all three types, mostly ATTITUDE; each type counts its own sequence."""
    made: list[bytes] = []
    seen = {ATTITUDE: first, MODE: first, NOTE: first}
    for number in range(count):
        apid = {0: MODE, 1: NOTE}.get(number % 10, ATTITUDE)
        own, seen[apid] = seen[apid], seen[apid] + 1
        if apid == ATTITUDE:
            made.append(attitude(own))
        elif apid == MODE:
            made.append(space_packet(MODE, own, struct.pack(">BH", own % 2, own % 60_000)))
        else:
            text = f"note {own} größer".encode()
            made.append(space_packet(NOTE, own, bytes([len(text)]) + text))
    return made


def recording(file: Path, count: int, first: int = 0) -> Path:
    """Write a recording of `count` good packets."""
    file.write_bytes(b"".join(packets(count, first)))
    return file


def transfer_frames(stream: list[bytes], *, channel: int = 0) -> list[bytes]:
    """Pack space packets into TM transfer frames (132.0-B-3) of 256 bytes with an error control field."""
    room = FRAME_LENGTH - 6 - 2
    data = b"".join(stream)
    starts = np.cumsum([0, *map(len, stream)])[:-1]
    frames = []
    for number, at in enumerate(range(0, len(data) - room + 1, room)):
        inside = starts[(starts >= at) & (starts < at + room)]
        first = int(inside[0]) - at if len(inside) else 0x7FF
        header = struct.pack(">HBBH", 0x2A << 4 | channel << 1, number % 256, number % 256, 0x1800 | first)
        frame = header + data[at : at + room]
        frames.append(frame + struct.pack(">H", crc(frame)))
    return frames


def crc(data: bytes) -> int:
    """CRC-16-CCITT with all ones at the start, as 132.0-B-3 section 4.1.6 has it."""
    value = 0xFFFF
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value
