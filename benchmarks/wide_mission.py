"""A mission of many packet types and parameters, and tables filled as if it had flown for hours.

The tables are the real ones, made from the mission as the writer makes them; their rows are computed inside
of ClickHouse (`INSERT … SELECT … FROM numbers`), for parsing ten million packets would take minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from projections.archive import table as archive
from projections.clickhouse import ClickHouse, quoted
from projections.describe import describe_generation
from projections.packet_tables import ensure_table
from projections.schema import create_fixed_tables
from projections.writer import write_generations
from streams import names
from streams.chain import header_text
from streams.decode import Column, PacketType
from streams.generations import PARSER_VERSION, Generation, Generations
from streams.mission import Mission, load_mission

GENERATION = "g-wide"
LINK, SESSION = "radio", "s1"
START_NS = 1_780_000_000 * 10**9
"""Recorded time of frame 0; each frame is recorded a millisecond after the one before it."""

FRAME_NS = 10**6

_KINDS = ("calibrated", "calibrated", "float", "counter", "mode")
_BYTES = {"calibrated": 2, "float": 4, "counter": 4, "mode": 1}
_HEADER = {"VERSION": 5, "APID": 11, "FLAGS": 2, "COUNT": 14, "LENGTH": 16}
_TYPES = """
<FloatParameterType name="calibrated" sizeInBits="64"><UnitSet><Unit>V</Unit></UnitSet>
<IntegerDataEncoding sizeInBits="16"><DefaultCalibrator><PolynomialCalibrator>
<Term coefficient="-40" exponent="0"/><Term coefficient="0.01" exponent="1"/></PolynomialCalibrator>
</DefaultCalibrator></IntegerDataEncoding><DefaultAlarm><StaticAlarmRanges>
<WarningRange minInclusive="-30" maxInclusive="500"/><CriticalRange minInclusive="-39" maxInclusive="600"/>
</StaticAlarmRanges></DefaultAlarm></FloatParameterType>
<FloatParameterType name="float" sizeInBits="32"><FloatDataEncoding sizeInBits="32"/></FloatParameterType>
<IntegerParameterType name="counter" signed="false"><IntegerDataEncoding sizeInBits="32"/>
</IntegerParameterType>
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList>
<Enumeration value="0" label="OFF"/><Enumeration value="1" label="ON"/></EnumerationList>
</EnumeratedParameterType>
"""


def wide_mission(types: int, parameters: int) -> Mission:
    """Return a mission of so many packet types with so many parameters each, beside those of the header."""
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        (Path(folder) / "wide.xml").write_text(_xtce(types, parameters), encoding="utf-8")
        return load_mission(Path(folder) / "wide.xml")


def _xtce(types: int, parameters: int) -> str:
    plain = "".join(
        f'<IntegerParameterType name="u{bits}" signed="false"><IntegerDataEncoding sizeInBits="{bits}"/>'
        "</IntegerParameterType>"
        for bits in sorted(set(_HEADER.values()))
    )
    names = {f"T{number}": [f"T{number}_P{own}" for own in range(parameters)] for number in range(types)}
    kinds = {name: f"u{bits}" for name, bits in _HEADER.items()} | {
        name: _KINDS[number % len(_KINDS)] for own in names.values() for number, name in enumerate(own)
    }
    declared = "".join(
        f'<Parameter name="{name}" parameterTypeRef="{kind}"/>' for name, kind in kinds.items()
    )
    containers = (
        f'<SequenceContainer name="Header" abstract="true">{_entries(list(_HEADER))}</SequenceContainer>'
    )
    for number, (name, own) in enumerate(names.items()):
        containers += (
            f'<SequenceContainer name="{name}">{_entries(own)}<BaseContainer containerRef="Header">'
            f'<RestrictionCriteria><Comparison parameterRef="APID" value="{number + 1}"/>'
            "</RestrictionCriteria></BaseContainer></SequenceContainer>"
        )
    return (
        '<SpaceSystem name="Wide" xmlns="http://www.omg.org/spec/XTCE/20180204"><TelemetryMetaData>'
        f"<ParameterTypeSet>{plain}{_TYPES}</ParameterTypeSet><ParameterSet>{declared}</ParameterSet>"
        f"<ContainerSet>{containers}</ContainerSet></TelemetryMetaData></SpaceSystem>"
    )


def _entries(names: list[str]) -> str:
    rows = "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in names)
    return f"<EntryList>{rows}</EntryList>"


def fill(clickhouse: ClickHouse, mission: Mission, repeats: list[int], cycles: int) -> None:
    """Fill tables and frame archive with cycles of packets, of each type as many as `repeats` says.

    Each packet has a frame of its own; within a cycle those of a type are spread evenly.
    """
    create_fixed_tables(clickhouse)
    state = Generations(
        known={GENERATION: Generation(GENERATION, mission.digest, PARSER_VERSION, START_NS)},
        promotions=[(START_NS, GENERATION)],
    )
    write_generations(clickhouse, state)
    describe_generation(clickhouse, GENERATION, mission)
    slots = _slots(repeats)
    for number, (kind, mine) in enumerate(zip(mission.decoder().packet_types, slots, strict=True)):
        turn, place = f"intDiv(number, {len(mine)})", f"number % {len(mine)} + 1"
        offset = f"{turn} * {sum(repeats)} + arrayElement({mine}, {place})"
        source = f"FROM (SELECT number, toUInt64({offset}) AS offset FROM numbers({cycles * len(mine)}))"
        _fill_type(clickhouse, kind, number, source)
    for table in ("packets", archive.TABLE):  # as if they had been written in the order of frames
        clickhouse.command(f"OPTIMIZE TABLE {table} FINAL")


def _slots(repeats: list[int]) -> list[list[int]]:
    """Return, by type, the places of its packets in a cycle, from 1."""
    spread = sorted(
        ((turn + 0.5) / count, number) for number, count in enumerate(repeats) for turn in range(count)
    )
    found: list[list[int]] = [[] for _ in repeats]
    for place, (_, number) in enumerate(spread, 1):
        found[number].append(place)
    return found


def _fill_type(clickhouse: ClickHouse, kind: PacketType, number: int, source: str) -> None:
    moment = f"fromUnixTimestamp64Nano(toInt64({START_NS} + offset * {FRAME_NS}), 'UTC')"
    origin = {
        "generation": f"'{GENERATION}'",
        "frame_offset": "offset",
        "packet_index": "0",
        "link": f"'{LINK}'",
        "session": f"'{SESSION}'",
        "time": moment,
        "generated": moment,
        "received": moment,
        "recorded": moment,
        "apid": str(number + 1),
        "sequence_count": "number % 16384",
    }
    fields = _Fields(kind, number)
    values = {column.name: fields.value(column) for column in kind.columns}
    table = ensure_table(clickhouse, kind)
    _insert(clickhouse, table, {**origin, **values}, source)
    _insert(clickhouse, "packets", {"packet": f"'{kind.name}'", **origin}, source)
    _insert(clickhouse, archive.TABLE, _archived(fields.packet(), moment), source)


def _insert(clickhouse: ClickHouse, table: str, values: dict[str, str], source: str) -> None:
    columns = ", ".join(map(quoted, values))
    fields = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
    clickhouse.command(f"INSERT INTO {quoted(table)} ({columns}) SELECT {fields} {source}")


def _archived(packet: str, moment: str) -> dict[str, str]:
    told = header_text({names.RECEIVED: "@", names.SESSION: SESSION}).decode()
    before, behind = told.replace("\r\n", "\\r\\n").split("@")
    return {
        "offset": "offset",
        "recorded": moment,
        "subject": f"'{names.frame_subject(LINK)}'",
        "headers": f"concat('{before}', toString({START_NS} + offset * {FRAME_NS}), '{behind}')",
        "data": packet,
    }


class _Fields:
    """Expressions of the fields of one packet type: curves with noise, the same in tables and frames."""

    def __init__(self, kind: PacketType, number: int) -> None:
        own = [column for column in kind.columns if column.is_value and column.label not in _HEADER]
        self._raw = {
            column.label: _raw(_KINDS[place % len(_KINDS)], place) for place, column in enumerate(own)
        }
        self._kinds = {column.label: _KINDS[place % len(_KINDS)] for place, column in enumerate(own)}
        size = sum(_BYTES[kind] for kind in self._kinds.values())
        self._header = {
            "VERSION": "0", "APID": str(number + 1), "FLAGS": "3", "COUNT": "number % 16384",
            "LENGTH": str(size - 1),
        }  # fmt: skip

    def value(self, column: Column) -> str:
        """Return a column's value."""
        if column.label in _HEADER:
            return self._header[column.label]
        raw, kind = self._raw[column.label], self._kinds[column.label]
        if column.role != "value":
            return raw
        return f"-40 + 0.01 * {raw}" if kind == "calibrated" else f"if({raw} = 1, 'ON', 'OFF')"

    def packet(self) -> str:
        """Return a packet's bytes."""
        words = [self._header["APID"], f"3 * 16384 + {self._header['COUNT']}", self._header["LENGTH"]]
        parts = [f"toUInt16({word})" for word in words]
        for label, raw in self._raw.items():
            parts.append(f"reinterpretAsUInt32({raw})" if self._kinds[label] == "float" else raw)
        return f"concat({', '.join(f'reinterpretAsFixedString(byteSwap({part}))' for part in parts)})"


def _raw(kind: str, seed: int) -> str:
    curve, noise = f"sin(number / {1_000 + 37 * seed} + {seed})", f"intHash32(number + {seed} * 1000003)"
    return {
        "calibrated": f"toUInt16(24000 + 19000 * {curve} + {noise} % 640)",
        "float": f"toFloat32(round(200 + 190 * {curve} + {noise} % 64 / 10, 2))",
        "counter": f"toUInt32(100 + 90 * {curve} + {noise} % 16)",
        "mode": f"toUInt8({curve} > 0)",
    }[kind]
