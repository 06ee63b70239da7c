"""Alarm contexts (XTCE 1.2, ContextAlarmList): which one counts in a packet, by the batch and one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xtce_text as xml
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import MissionError
from streams.decode import Decoder, compile_decoder
from streams.xtce import Database

U8 = xml.integer("U8")
MODE = (
    '<EnumeratedParameterType name="MODE"><IntegerDataEncoding sizeInBits="8"/><EnumerationList>'
    '<Enumeration value="0" label="OFF"/><Enumeration value="1" label="SAFE"/>'
    '<Enumeration value="2" label="HOT"/>'
    "</EnumerationList></EnumeratedParameterType>"
)


def context(condition: str, inside: str) -> str:
    return f"<ContextAlarm>{inside}<ContextMatch>{condition}</ContextMatch></ContextAlarm>"


def limit(level: str, maximum: float) -> str:
    return f'<StaticAlarmRanges><{level}Range maxInclusive="{maximum}"/></StaticAlarmRanges>'


def watched(*contexts: str, default: str = "") -> str:
    """A type VOLT of a byte with a list of contexts."""
    alarms = f"<DefaultAlarm>{default}</DefaultAlarm>" if default else ""
    listed = f"<ContextAlarmList>{''.join(contexts)}</ContextAlarmList>"
    end = "</IntegerParameterType>"
    return xml.integer("VOLT").replace(end, alarms + listed + end)


def loaded(folder: Path, kind: str, entries: str = "", *, more: str = "") -> Database:
    """Packets P of a mode, its byte m, the watched byte x, and what `entries` puts behind."""
    parameters = xml.parameter("mode", "MODE") + xml.parameter("m", "U8") + xml.parameter("x", "VOLT")
    parameters += xml.parameter("later", "U8") + xml.parameter("elsewhere", "U8")
    inside = "".join(map(xml.entry, ("mode", "m", "x"))) + entries
    containers = xml.container("P", inside) + more
    return xml.load(folder, xml.system(xml.telemetry(U8 + MODE + kind, parameters, containers)), root="P")


def numbers(decoder: Decoder, *packets: bytes) -> list[Any]:
    """The contexts that count, found by the batch and packet by packet."""
    batch, each = decoder.decode(*xml.batch(*packets)), decoder.decode_each(*xml.batch(*packets))
    assert batch.faults == each.faults
    (ours,), (theirs,) = batch.tables, each.tables
    assert ours.batch.equals(theirs.batch)
    return list(ours.batch.column("x__context").to_pylist())


SAFE = context(xml.comparison("mode", "SAFE"), limit("Warning", 10))
LARGE = context(xml.comparison("m", 100, ">"), limit("Critical", 50))


def test_a_list_is_read_with_its_conditions_and_alarms_in_its_order(tmp_path: Path) -> None:
    database = loaded(tmp_path, watched(SAFE, LARGE, default=limit("Watch", 5)))
    parameter = database.parameters["/T/x"]
    assert [alarm.level for alarm in parameter.alarms] == ["watch"]
    assert [[alarm.level for alarm in one.alarms] for one in parameter.context_alarms] == [
        ["warning"],
        ["critical"],
    ]
    assert all(one.place.startswith("part0.xml:") for one in parameter.context_alarms)
    assert database.remarks == ()


def test_labels_have_contexts_too(tmp_path: Path) -> None:
    label = '<EnumerationAlarm alarmLevel="severe" enumerationLabel="HOT"/>'
    hot = context(xml.comparison("m", 1), f"<EnumerationAlarmList>{label}</EnumerationAlarmList>")
    listed = f"<ContextAlarmList>{hot}</ContextAlarmList>"
    kind = MODE.replace('"MODE"', '"VOLT"').replace(
        "</EnumeratedParameterType>", f"{listed}</EnumeratedParameterType>"
    )
    (one,) = loaded(tmp_path, kind).parameters["/T/x"].context_alarms
    assert [alarm.level for alarm in one.alarms if alarm.violated("HOT")] == ["severe"]


def test_the_first_context_that_holds_counts_and_none_is_zero(tmp_path: Path) -> None:
    decoder = compile_decoder(loaded(tmp_path, watched(SAFE, LARGE)))
    (kind,) = decoder.packet_types
    column = kind.columns[-1]
    assert (column.name, column.label, column.role) == ("x__context", "x", "context")
    assert (column.arrow_type, column.nullable) == (pa.uint16(), False)
    assert kind.remarks == ()
    packets = [bytes([0, 0, 7]), bytes([1, 200, 7]), bytes([2, 200, 7]), bytes([1, 0, 7]), bytes([9, 9, 9])]
    assert numbers(decoder, *packets) == [0, 1, 2, 1, 0]


def test_the_places_of_a_packet_are_those_of_its_fields_alone(tmp_path: Path) -> None:
    decoder = compile_decoder(loaded(tmp_path, watched(SAFE)))
    found = [(place.column, place.raw, place.value) for place in decoder.locate(bytes([1, 2, 3]))]
    assert found == [("mode", 1, "SAFE"), ("m", 2, 2), ("x", 3, 3)]


def test_a_condition_may_look_at_what_comes_later_at_the_value_itself_and_join(tmp_path: Path) -> None:
    both = f"<ComparisonList>{xml.comparison('later', 1)}{xml.comparison('x', 5, '>')}</ComparisonList>"
    database = loaded(tmp_path, watched(context(both, limit("Warning", 1))), xml.entry("later"))
    packets = [bytes([0, 0, x, later]) for x, later in ((6, 1), (5, 1), (6, 2))]
    assert numbers(compile_decoder(database), *packets) == [1, 0, 0]


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=20))
def test_absent_parameters_fulfil_no_condition_and_an_absent_one_has_no_context(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int]]
) -> None:
    """`later` is there when m is 1; x is there when mode is not OFF."""
    has_later = f"<IncludeCondition>{xml.comparison('m', 1)}</IncludeCondition>"
    has_x = f"<IncludeCondition>{xml.comparison('mode', 'OFF', '!=')}</IncludeCondition>"
    kind = watched(context(xml.comparison("later", 2), limit("Warning", 1)), LARGE.replace('"100"', '"2"'))
    parameters = "".join(
        xml.parameter(name, kind)
        for name, kind in (("mode", "MODE"), ("m", "U8"), ("x", "VOLT"), ("later", "U8"))
    )
    inside = xml.entry("mode") + xml.entry("m") + xml.entry("x", has_x) + xml.entry("later", has_later)
    text = xml.system(xml.telemetry(U8 + MODE + kind, parameters, xml.container("P", inside)))
    decoder = compile_decoder(xml.load(tmp_path_factory.mktemp("absent"), text))
    packets, wanted = [], []
    for mode, m, x, later in rows:
        packets.append(bytes([mode, m, *([x] if mode else []), *([later] if m == 1 else [])]))
        holds = 1 if m == 1 and later == 2 else 2 if m > 2 else 0
        wanted.append(holds if mode else None)
    assert numbers(decoder, *packets) == wanted


def test_each_place_of_a_parameter_has_a_context_of_its_own(tmp_path: Path) -> None:
    """The second x is there when m is 1; a condition means the place that is nearest before it."""
    again = xml.entry("x", f"<IncludeCondition>{xml.comparison('m', 1)}</IncludeCondition>")
    kind = watched(context(xml.comparison("x", 50, ">"), limit("Warning", 1)), SAFE)
    decoder = compile_decoder(loaded(tmp_path, kind, again))
    packets = [bytes([1, 1, 60, 7]), bytes([0, 1, 7, 60]), bytes([0, 0, 60])]
    assert numbers(decoder, *packets) == [2, 1, 1]
    (table,) = decoder.decode(*xml.batch(*packets)).tables
    assert table.batch.column("x__1__context").to_pylist() == [1, 0, None]


def test_a_condition_on_another_packet_leaves_the_default_alarm_and_says_so(tmp_path: Path) -> None:
    kind = watched(
        LARGE, context(xml.comparison("elsewhere", 1), limit("Warning", 1)), default=limit("Watch", 5)
    )
    database = loaded(tmp_path, kind, more=xml.container("Q", xml.entry("elsewhere")))
    (packets,) = compile_decoder(database).packet_types
    assert [column.role for column in packets.columns if column.role == "context"] == []
    (remark,) = packets.remarks
    assert remark.startswith("part0.xml:")
    assert "refers to /T/elsewhere, which is not in the same packet" in remark
    assert remark.endswith("in packets P only the default alarm of /T/x is watched")


def test_a_condition_that_can_not_be_read_is_a_remark_and_leaves_the_default_alarm(tmp_path: Path) -> None:
    earlier = '<Comparison parameterRef="m" value="1" instance="-1"/>'
    kind = watched(LARGE, context(earlier, limit("Warning", 1)), default=limit("Watch", 5))
    database = loaded(tmp_path, kind)
    assert database.parameters["/T/x"].context_alarms == ()
    assert len(database.parameters["/T/x"].alarms) == 1
    (remark,) = database.remarks
    assert remark.startswith("part0.xml:")
    assert "ContextAlarmList was read over, its DefaultAlarm alone is watched" in remark
    assert "earlier or later instance" in remark


def test_a_condition_on_what_is_not_there_at_all_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match=r"nowhere.*part0\.xml:|part0\.xml:\d+.*nowhere"):
        loaded(tmp_path, watched(context(xml.comparison("nowhere", 1), limit("Warning", 1))))


def test_several_violations_before_an_alarm_are_a_remark(tmp_path: Path) -> None:
    kind = watched(SAFE, default=limit("Watch", 5)).replace(
        "<DefaultAlarm>", '<DefaultAlarm minViolations="3">'
    )
    (remark,) = loaded(tmp_path, kind).remarks
    assert "minViolations was read over: each violation counts" in remark
