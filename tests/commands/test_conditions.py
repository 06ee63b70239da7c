from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.telecommand_mission import write_mission

from commands.conditions import holds, parse_comparison, references
from commands.telemetry import Row, Sample, TelemetryMap
from infra.errors import CommandError
from streams.mission import load_mission
from streams.xtce.conditions import Combination, Comparison, Reference


@pytest.fixture(scope="module")
def telemetry(tmp_path_factory: pytest.TempPathFactory) -> TelemetryMap:
    return TelemetryMap(load_mission(write_mission(tmp_path_factory.mktemp("m") / "mission", 1)))


def sample(telemetry: TelemetryMap, parameter: str, value: Any, raw: Any = None) -> Sample:
    (field,) = telemetry.fields(parameter)
    return Sample(field, value, value if raw is None else raw, Row(field.packet, "g", {}, 0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LEVEL > 100", True),
        ("LEVEL >= 0x96", True),
        ("LEVEL<150", False),
        ("LEVEL != 150", False),
        ("LEVEL == 150.0", True),
        ("LEVEL == SAFE", False),
        ("MODE == SAFE", True),
        ("MODE == 'SAFE'", True),
        ('MODE != "SAFE" ', False),
        ("MODE != SAFE", False),
        ("MODE == NOMINAL", False),
        ("MODE < 1", True),
        ("NOTHING == 1", False),
    ],
)
def test_a_comparison_means_what_it_says(telemetry: TelemetryMap, text: str, expected: bool) -> None:
    seen = {"LEVEL": sample(telemetry, "LEVEL", 150), "MODE": sample(telemetry, "MODE", "SAFE", 0)}
    assert holds(parse_comparison(text), seen.get) is expected


@pytest.mark.parametrize("value", [None, "NaN", "Infinity", "-Infinity", float("nan")])
def test_what_has_no_value_or_no_number_never_raises(telemetry: TelemetryMap, value: Any) -> None:
    seen = {"LEVEL": sample(telemetry, "LEVEL", value)}
    assert holds(parse_comparison("LEVEL > 100"), seen.get) is (value == "Infinity")


def test_a_raw_value_is_compared_where_the_condition_asks_for_it(telemetry: TelemetryMap) -> None:
    condition = Comparison(Reference("MODE", False, ""), "==", "0", "")
    assert holds(condition, {"MODE": sample(telemetry, "MODE", "SAFE", 0)}.get)


@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["and", "or"]))
def test_parts_are_joined_as_the_words_say(telemetry: TelemetryMap, one: int, two: int, kind: Any) -> None:
    seen = {"LEVEL": sample(telemetry, "LEVEL", one), "STEP": sample(telemetry, "STEP", two)}
    parts = (parse_comparison("LEVEL > 4"), parse_comparison("STEP > 4"))
    joined = Combination(kind, parts)
    assert holds(joined, seen.get) is ((one > 4 and two > 4) if kind == "and" else (one > 4 or two > 4))
    assert {reference.parameter for reference in references(joined)} == {"LEVEL", "STEP"}


def test_two_parameters_can_be_compared(telemetry: TelemetryMap) -> None:
    condition = Comparison(Reference("LEVEL", True, ""), ">", Reference("STEP", True, ""), "")
    seen = {"LEVEL": sample(telemetry, "LEVEL", 3), "STEP": sample(telemetry, "STEP", 2)}
    assert holds(condition, seen.get)
    assert not holds(condition, {"LEVEL": seen["LEVEL"]}.get)


@pytest.mark.parametrize("text", ["", "LEVEL", "LEVEL >", "> 3", "LEVEL is 3"])
def test_what_is_no_comparison_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="no check"):
        parse_comparison(text)


def test_a_packet_type_extends_its_container(telemetry: TelemetryMap) -> None:
    assert telemetry.packets_in("/T/Header") == {"REPORT", "STATUS"}
    assert telemetry.packets_in("/T/STATUS") == {"STATUS"}
    assert telemetry.fields("/T/LEVEL") == telemetry.fields("LEVEL")
    assert telemetry.fields("EVEL") == ()
