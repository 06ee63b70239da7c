"""Packets of a flight, decoded by the project and by `space_packet_parser`, against the flight's truth."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from space_packet_parser.xtce.definitions import XtcePacketDefinition
from support.kestrel import MISSION, NAMES, Columns, decoded, flight

from infra.simulator import FlightState, build_flight
from infra.simulator.packets import EPOCH_NS, TICKS_PER_SECOND, Apid
from infra.simulator.telemetry import BOOT_BEFORE_S, MONOTONIC_START_NS
from infra.simulator.truth import Fate, Item

LIMITS = {
    "BATTERY_VOLTAGE": (10.8, 12.8),
    "BUS_VOLTAGE": (4.85, 5.2),
    "PYRO_VOLTAGE": (6.5, 9.0),
    "BATTERY_CURRENT": (-np.inf, 12.0),
    "TEMP_BATTERY": (0.0, 45.0),
    "TEMP_MOTOR_BAY": (-40.0, 70.0),
    "TEMP_AVIONICS": (-20.0, 55.0),
    "BARO_PRESSURE": (-np.inf, 1080.0),
    "BARO_TEMPERATURE": (-30.0, 60.0),
    "CPU_LOAD": (-np.inf, 80.0),
    "RSSI": (-100.0, np.inf),
}
"""The warning limits of rocket.xml."""


def whole_items() -> list[Item]:
    return [item for item in flight().items if item.fate is Fate.WHOLE]


@pytest.fixture(scope="module")
def packets() -> dict[str, Columns]:
    return decoded(item.data for item in whole_items())


def times_of(packets: dict[str, Columns], name: str) -> np.ndarray[Any, Any]:
    """The mission times at which the packets of one type were made, as the truth has them."""
    items = whole_items()
    return np.array([items[row].t for row in packets[name]["__row"]])


def state_of(packets: dict[str, Columns], name: str) -> FlightState:
    return flight().model.state_at(times_of(packets, name))


def test_every_whole_packet_is_of_the_type_that_its_apid_says(packets: dict[str, Columns]) -> None:
    counts = {name: len(columns["__row"]) for name, columns in packets.items()}
    assert counts == {NAMES[apid]: count for apid, count in flight().truth.intact.items()}


def test_rates_are_those_of_the_packet_types(packets: dict[str, Columns]) -> None:
    flying = flight().times.landing
    for name, rate in (("IMU", 100.0), ("NAV", 10.0), ("POWER", 5.0), ("STATUS", 1.0), ("EVENT", 1.3)):
        t = times_of(packets, name)
        assert np.sum(t < flying) == pytest.approx(rate * flying, rel=0.1)


def test_the_clock_of_a_packet_is_the_time_at_which_it_was_made(packets: dict[str, Columns]) -> None:
    for name, columns in packets.items():
        ticks = columns["CLOCK_S"].astype(float) + columns["CLOCK_FINE"] / TICKS_PER_SECOND
        since_epoch = (flight().start_ns - EPOCH_NS) / 1e9
        assert ticks - since_epoch == pytest.approx(times_of(packets, name), abs=1.1 / TICKS_PER_SECOND)


NOISE = 6.0
"""How many standard deviations of noise a value may lie beside the truth, beside half a step of its field."""

COMPARED: list[tuple[str, str, Callable[[FlightState], Any], float]] = [
    ("IMU", "ACC_X", lambda s: s.specific_force[:, 0], 0.06 * NOISE + 0.005),
    ("IMU", "ACC_Y", lambda s: s.specific_force[:, 1], 0.06 * NOISE + 0.005),
    ("IMU", "ACC_Z", lambda s: s.specific_force[:, 2], 0.06 * NOISE + 0.005),
    ("IMU", "RATE_X", lambda s: s.body_rates[:, 0], 0.15 * NOISE + 0.031),
    ("IMU", "RATE_Z", lambda s: s.body_rates[:, 2], 0.15 * NOISE + 0.031),
    ("IMU", "Q_W", lambda s: s.quaternion[:, 0], 1e-7),
    ("IMU", "Q_Z", lambda s: s.quaternion[:, 3], 1e-7),
    ("IMU", "BARO_PRESSURE", lambda s: s.pressure_hpa, 0.05 * NOISE + 0.005),
    ("IMU", "BARO_TEMPERATURE", lambda s: s.avionics_c - 2.0, 0.0051),
    ("NAV", "LATITUDE", lambda s: np.where(s.gps_lock, s.latitude_deg, 0.0), 1.2e-5 * NOISE),
    ("NAV", "LONGITUDE", lambda s: np.where(s.gps_lock, s.longitude_deg, 0.0), 1.2e-5 * NOISE),
    ("NAV", "ALTITUDE", lambda s: np.where(s.gps_lock, s.altitude_m, 0.0), 1.8 * NOISE),
    ("NAV", "VELOCITY_UP", lambda s: np.where(s.gps_lock, s.velocity[:, 2], 0.0), 0.08 * NOISE),
    ("POWER", "BATTERY_VOLTAGE", lambda s: s.battery_v, 0.004 * NOISE + 0.0021),
    ("POWER", "BATTERY_CURRENT", lambda s: s.battery_a, 0.004 * NOISE + 0.0026),
    ("POWER", "HEATER__raw", lambda s: s.heater_on, 0.0),
    ("POWER", "TEMP_BATTERY", lambda s: s.battery_c, 0.05),
    ("POWER", "TEMP_MOTOR_BAY", lambda s: s.motor_bay_c, 0.05),
    ("POWER", "TEMP_AVIONICS", lambda s: s.avionics_c, 0.05),
    ("STATUS", "PHASE__raw", lambda s: s.phase, 0.0),
    ("STATUS", "GPS_OK__raw", lambda s: s.gps_lock, 0.0),
    ("STATUS", "UPTIME", lambda s: (s.t + BOOT_BEFORE_S) * 1000, 0.51),
    ("STATUS", "MONOTONIC", lambda s: MONOTONIC_START_NS + np.rint(s.t * 1e9), 1.0),
]


@pytest.mark.parametrize(("packet", "column", "truth", "apart"), COMPARED, ids=[row[1] for row in COMPARED])
def test_values_are_the_truth_within_noise_and_quantisation(
    packets: dict[str, Columns], packet: str, column: str, truth: Any, apart: float
) -> None:
    values = packets[packet][column].astype(float)
    assert np.abs(values - truth(state_of(packets, packet)).astype(float)).max() <= apart


def test_noise_is_really_there(packets: dict[str, Columns]) -> None:
    still = times_of(packets, "IMU") < flight().times.ignition
    assert 0.05 < packets["IMU"]["ACC_Y"][still].std() < 0.07


def test_both_ranges_of_the_current_amplifier_are_used(packets: dict[str, Columns]) -> None:
    assert set(packets["POWER"]["CURRENT_RANGE"]) == {"FINE", "COARSE"}
    fine = packets["POWER"]["CURRENT_RANGE"] == "FINE"
    assert packets["POWER"]["BATTERY_CURRENT"][fine].max() < 2.0 < packets["POWER"]["BATTERY_CURRENT"].max()


def test_flags_of_the_flight_computer_follow_the_flight(packets: dict[str, Columns]) -> None:
    status, t, times = packets["STATUS"], times_of(packets, "STATUS"), flight().times
    since_when = {"LIFTOFF": times.ignition, "DROGUE_FIRED": times.drogue, "MAIN_FIRED": times.main}
    for flag, since in {"ARMED": 3.0, **since_when}.items():
        assert (status[flag].astype(bool) == (t >= since)).all(), flag
    assert not status["TERMINATED"].astype(bool).any()


def test_one_parameter_passes_its_limit_once_as_the_truth_says(packets: dict[str, Columns]) -> None:
    for name, columns in packets.items():
        for parameter in LIMITS.keys() & columns.keys():
            low, high = LIMITS[parameter]
            outside = (columns[parameter] < low) | (columns[parameter] > high)
            if parameter != "TEMP_MOTOR_BAY":
                assert not outside.any(), parameter
                continue
            t = times_of(packets, name)
            assert np.abs(np.diff(outside.astype(int))).sum() == 2
            assert t[outside][[0, -1]] == pytest.approx(flight().model.hot_bay, abs=0.5)


def test_the_rocket_says_so_when_its_motor_bay_is_hot(packets: dict[str, Columns]) -> None:
    said = list(zip(packets["EVENT"]["EVENT_TEXT"], times_of(packets, "EVENT"), strict=True))
    hot = [t for text, t in said if text.startswith("motor bay")]
    assert hot == pytest.approx(flight().model.hot_bay)


def test_events_have_a_value_when_they_say_so_and_texts_of_any_length(packets: dict[str, Columns]) -> None:
    event = packets["EVENT"]
    has_value = event["EVENT_HAS_VALUE"].astype(bool)
    assert (np.isfinite(event["EVENT_VALUE"].astype(float)) == has_value).all()
    assert has_value.any() and not has_value.all()
    assert [len(text.encode()) for text in event["EVENT_TEXT"]] == event["EVENT_TEXT_LENGTH"].tolist()
    assert len(set(event["EVENT_TEXT_LENGTH"].tolist())) > 8
    assert any("µ" in text for text in event["EVENT_TEXT"])


def test_space_packet_parser_finds_the_same_values(packets: dict[str, Columns]) -> None:
    """Every 37th packet, so that all types, phases and the beacon are among them.

    Not EVENTs without a value: it knows no include conditions.
    """
    theirs = XtcePacketDefinition.from_xtce(MISSION / "rocket.xml")
    items = whole_items()
    for name, columns in packets.items():
        for place in range(0, len(columns["__row"]), 37 if name == "IMU" else 7):
            if not columns.get("EVENT_HAS_VALUE", {place: True})[place]:
                continue
            data = items[columns["__row"][place]].data
            parsed = theirs.parse_bytes(data, root_container_name="CCSDSPacket")
            assert len(parsed) > 7
            for parameter, value in parsed.items():
                ours = columns[parameter][place]
                raw = columns.get(f"{parameter}__raw", columns[parameter])[place]
                assert same(ours, value), (name, parameter, ours, value)
                assert same(raw, value.raw_value), (name, parameter, raw, value.raw_value)


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, str):
        return bool(ours == theirs.rstrip("\0"))
    if isinstance(theirs, bytes):
        return bool(bytes(ours).rstrip(b"\0") == theirs.rstrip(b"\0"))
    return float(ours) == pytest.approx(float(theirs), rel=1e-12, abs=0.0)


def test_the_same_seed_sends_the_same_bytes_and_a_longer_flight_begins_like_a_shorter_one() -> None:
    data = flight().to_bytes()
    assert build_flight(1).to_bytes() == data
    assert data.startswith(build_flight(1, 83.0).to_bytes())
    assert build_flight(2, 20.0).to_bytes() != build_flight(1, 20.0).to_bytes()


def test_no_packet_is_longer_than_the_link_allows_and_lengths_are_true() -> None:
    for item in whole_items():
        assert len(item.data) == 7 + struct.unpack_from(">H", item.data, 4)[0] <= 128


def test_a_landed_rocket_is_a_beacon() -> None:
    after = flight(1, 420.0).times.landing + 20.0
    kinds = [item.apid for item in flight(1, 420.0).items if item.t > after]
    assert Apid.IMU not in kinds
    assert {Apid.NAV, Apid.POWER, Apid.STATUS, Apid.EVENT} <= set(kinds)
    assert len(kinds) < 3 * (420.0 - after)
