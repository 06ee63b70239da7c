"""The demo mission's telecommands: the rocket understands what the ground makes of rocket.xml.

The rocket reads packets with a table of its own, which is not derived from the mission database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.conditions import parse_comparison
from commands.definitions import TelecommandSet
from commands.procedure import load_procedure
from infra.errors import CommandError
from infra.simulator.telecommands import NAMES, REASONS, decode, read_request
from infra.simulator.uplink import is_whole
from streams.mission import load_mission

FOLDER = Path(__file__).resolve().parents[2] / "missions" / "demo_rocket"
MISSION = load_mission(FOLDER)
TELECOMMANDS = TelecommandSet(MISSION)

ARGUMENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "PING": st.just({}),
    "SET_TELEMETRY_RATE": st.fixed_dictionaries({"PACKET": st.just("IMU"), "RATE": st.integers(1, 100)}),
    "SET_BEACON_TEXT": st.fixed_dictionaries(
        {"TEXT": st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=32)}
    ),
    "CALIBRATE_BAROMETER": st.fixed_dictionaries(
        {
            "REFERENCE": st.floats(800, 1100, width=32),
            "SAMPLES": st.integers(50, 500),
            "ANNOUNCE": st.booleans(),
        }
    ),
    "RESET_COUNTERS": st.fixed_dictionaries({"ANNOUNCE": st.booleans()}),
    "ENABLE_TRANSMITTER": st.fixed_dictionaries({"POWER": st.integers(-10, 30)}),
    "DISABLE_TRANSMITTER": st.fixed_dictionaries({"DURATION": st.integers(1, 60)}),
    "ARM_RECOVERY": st.just({}),
    "DISARM_RECOVERY": st.just({}),
    "FIRE_DROGUE": st.fixed_dictionaries({"CODE": st.binary(min_size=4, max_size=4).map(bytes.hex)}),
    "TERMINATE_FLIGHT": st.fixed_dictionaries(
        {"CODE": st.just("DEADD00D"), "REASON": st.sampled_from(sorted(REASONS.values()))}
    ),
}
ASSIGNED = {"ARM_RECOVERY": {"ARM": True}, "DISARM_RECOVERY": {"ARM": False}}


def test_every_telecommand_of_the_rocket_can_be_sent() -> None:
    assert not TELECOMMANDS.problems
    assert not MISSION.database.remarks
    assert {TELECOMMANDS.find(name).name for name in TELECOMMANDS.names()} == NAMES == set(ARGUMENTS)
    assert {TELECOMMANDS.find(name).apid for name in NAMES} == {200}


def test_the_steps_of_the_flight_procedure_are_telecommands_and_parameters_of_the_rocket() -> None:
    procedure = load_procedure(FOLDER / "before_launch.toml")
    parameters = {parameter.name for parameter in MISSION.database.parameters.values()}
    for step in procedure.steps:
        if step.kind == "send":
            TELECOMMANDS.find(step.what).resolve(step.arguments)
        if step.kind == "check":
            assert parse_comparison(step.what).left.parameter in parameters


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
@given(data=st.data(), count=st.integers(0, 16383))
def test_the_rocket_understands_what_the_ground_sends(name: str, data: st.DataObject, count: int) -> None:
    arguments = data.draw(ARGUMENTS[name])
    telecommand = TELECOMMANDS.find(name)
    resolved = telecommand.resolve(arguments)
    packet = telecommand.encode(resolved, count)
    assert is_whole(packet)
    understood = decode(packet)
    expected = {**arguments, **ASSIGNED.get(name, {})}
    if "CODE" in expected:
        expected["CODE"] = bytes.fromhex(expected["CODE"])
    assert (understood.name, dict(understood.arguments)) == (name, expected)
    assert {argument.name: argument.value for argument in resolved.arguments} == expected
    request = read_request(packet)
    assert (request.sequence_count, request.acknowledge, request.source) == (count, 0b1111, 1)
    decoded = TELECOMMANDS.decode(packet)
    assert (decoded.resolved.telecommand, decoded.sequence_count) == (telecommand.qualified_name, count)


def test_a_range_of_the_mission_database_holds_back_what_the_rocket_would_refuse() -> None:
    with pytest.raises(CommandError, match="REFERENCE is 1200, must be a number from 800 to 1100 hPa"):
        TELECOMMANDS.find("CALIBRATE_BAROMETER").resolve({"REFERENCE": 1200})


def test_significance_is_that_of_the_mission_database() -> None:
    found = {name: TELECOMMANDS.find(name).significance for name in sorted(NAMES)}
    assert {name for name, level in found.items() if level == "none"} == {
        "PING", "SET_TELEMETRY_RATE", "SET_BEACON_TEXT", "CALIBRATE_BAROMETER", "RESET_COUNTERS",
        "ENABLE_TRANSMITTER",
    }  # fmt: skip
    assert (found["DISABLE_TRANSMITTER"], found["FIRE_DROGUE"], found["TERMINATE_FLIGHT"]) == (
        "distress",
        "critical",
        "severe",
    )
