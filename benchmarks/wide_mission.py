"""A mission of many packet types and parameters, and tables filled as if it had flown for hours.

The tables are the real ones, made from the mission as the writer makes them; their rows are computed inside
of ClickHouse (`INSERT … SELECT … FROM numbers`), for parsing ten million packets would take minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

from projections.clickhouse import ClickHouse, quoted
from projections.describe import describe_generation
from projections.packet_tables import ensure_table
from projections.schema import create_fixed_tables
from projections.writer import write_generations
from streams.decode import Column, PacketType
from streams.generations import Generation, Generations
from streams.mission import Mission, load_mission

GENERATION = "g-wide"
SESSION = "s1"
START_NS = 1_780_000_000 * 10**9
"""Recorded time of frame 0; each frame is recorded a millisecond after the one before it."""

FRAME_NS = 10**6

_KINDS = ("calibrated", "calibrated", "float", "counter", "mode")
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


def fill(clickhouse: ClickHouse, mission: Mission, rows: list[int], frames: int) -> None:
    """Fill the tables: so many rows of each packet type, spread evenly over so many frames."""
    create_fixed_tables(clickhouse)
    state = Generations(
        known={GENERATION: Generation(GENERATION, mission.digest, "1", START_NS)},
        promotions=[(START_NS, GENERATION)],
    )
    write_generations(clickhouse, state)
    describe_generation(clickhouse, GENERATION, mission)
    for number, (kind, count) in enumerate(zip(mission.decoder().packet_types, rows, strict=True)):
        source = f"numbers({count})"
        offset = f"intDiv(number * {frames}, {count}) + 1 AS offset"
        _fill_table(clickhouse, kind, number, f"FROM (SELECT number, {offset} FROM {source})")


def _fill_table(clickhouse: ClickHouse, kind: PacketType, number: int, source: str) -> None:
    table = ensure_table(clickhouse, kind)
    moment = f"fromUnixTimestamp64Nano(toInt64({START_NS} + offset * {FRAME_NS}), 'UTC')"
    origin = {
        "generation": f"'{GENERATION}'",
        "frame_offset": "offset",
        "packet_index": str(number),
        "link": "'radio'",
        "session": f"'{SESSION}'",
        "time": moment,
        "generated": moment,
        "received": moment,
        "recorded": moment,
        "apid": str(number + 1),
        "sequence_count": "number % 16384",
    }
    values = {column.name: _value(column, seed) for seed, column in enumerate(kind.columns)}
    for into, chosen in ((table, {**origin, **values}), ("packets", {"packet": f"'{kind.name}'", **origin})):
        names = ", ".join(map(quoted, chosen))
        fields = ", ".join(f"{value} AS {quoted(name)}" for name, value in chosen.items())
        clickhouse.command(f"INSERT INTO {quoted(into)} ({names}) SELECT {fields} {source}")


def _value(column: Column, seed: int) -> str:
    """Return an expression of a curve with noise, of the column's type."""
    turn = f"(number / {1_000 + 37 * seed} + {seed})"
    if pa.types.is_dictionary(column.arrow_type):
        return f"if(sin({turn}) > 0, 'ON', 'OFF')"
    if pa.types.is_floating(column.arrow_type):
        return f"round(200 + 190 * sin({turn}) + rand({seed}) % 64 / 10, 2)"
    return f"toInt64(100 + 90 * sin({turn})) + rand({seed}) % 16"
