"""What the rocket answers to telecommands and what they do: reports, telemetry, log."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from spacepackets.ecss.pus_1_verification import ManagedParamsVerification, Service1Tm
from spacepackets.ecss.tm import ManagedParams
from support.kestrel import FIRE_CODE, TERMINATION_CODE, Columns, decoded, flight, pus, telecommand

from infra.simulator import Fate, Flight, FlightModel, UplinkLoss, build_flight
from infra.simulator.orders import Orders
from infra.simulator.packets import Apid
from infra.simulator.recording import DEFAULT_START_NS
from infra.simulator.rocket import Rocket
from infra.simulator.telecommands import NAMES

SEED = 36
PAD, COAST, DESCENT, LANDED = 5.0, 45.0, 100.0, 300.0
"""Mission times in these phases."""

REPORTS = ("TC_ACCEPTED", "TC_REJECTED", "TC_STARTED", "TC_PROGRESS", "TC_COMPLETED", "TC_FAILED")
SUCCESS = ["TC_ACCEPTED", "TC_STARTED", "TC_COMPLETED"]


@dataclass
class Sent:
    """A flight with telecommands, and what can be decoded of it: with packets that the radio lost, or not."""

    flight: Flight
    with_lost: bool = True

    @cached_property
    def packets(self) -> dict[str, Columns]:
        return decoded(item.data for item in self._whole)

    @cached_property
    def _whole(self) -> list[Any]:
        fates = {Fate.WHOLE, Fate.LOST} if self.with_lost else {Fate.WHOLE}
        return [item for item in self.flight.items if item.fate in fates]

    def times(self, name: str) -> np.ndarray[Any, Any]:
        return np.array([self._whole[row].t for row in self.packets[name]["__row"]])

    def reports(self, count: int | None = None) -> list[str]:
        """The kinds of reports in their order, all or those about one sequence count."""
        rows = [
            (columns["__row"][place], name)
            for name, columns in self.packets.items()
            if name in REPORTS
            for place in range(len(columns["__row"]))
            if count is None or columns["REQUEST_SEQUENCE_COUNT"][place] == count
        ]
        return [name for _, name in sorted(rows)]

    def failure(self, name: str = "TC_REJECTED") -> tuple[str, float]:
        columns = self.packets[name]
        return columns["FAILURE_CODE"][0], pytest.approx(float(columns["FAILURE_DETAIL"][0]), rel=1e-6)

    def texts(self) -> list[str]:
        return list(self.packets["EVENT"]["EVENT_TEXT"])

    def status(self, column: str, t: float) -> Any:
        """A value in the first STATUS after a mission time."""
        return self.packets["STATUS"][column][np.searchsorted(self.times("STATUS"), t)]


def fly(*telecommands: tuple[float, bytes], duration: float | None = None, **options: Any) -> Sent:
    """A flight of SEED, in which nothing is damaged that these tests look at."""
    end = duration or max(t for t, _ in telecommands) + 12.0
    return Sent(build_flight(SEED, end, telecommands=telecommands, **options))


# --- Reports


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_telecommand_is_accepted_started_and_completed_at_the_right_time(name: str) -> None:
    t = {"FIRE_DROGUE": COAST, "TERMINATE_FLIGHT": 35.0}.get(name, 0.0)
    sent = fly((t, telecommand(name, count=7)))
    assert [kind for kind in sent.reports(7) if kind != "TC_PROGRESS"] == SUCCESS
    first, last = sent.flight.log[0], sent.flight.log[-1]
    assert (first["name"], first["done"], first["sequence_count"]) == (name, "accepted", 7)
    assert (last["event"], last["number"]) == ("executed", 1)


def test_reports_name_the_telecommand_and_are_what_spacepackets_reads() -> None:
    packet = telecommand("PING", count=77)
    items = build_flight(1, 6.0, telecommands=[(PAD, packet)]).items
    reports = [item.data for item in items if item.apid == Apid.VERIFICATION]
    header, verification = ManagedParams(6, has_checksum=False), ManagedParamsVerification(1, 1)
    for number, report in enumerate(reports):
        theirs = Service1Tm.unpack(report, header, verification)
        assert theirs.message_subtype == (1, 3, 7)[number]
        assert theirs.pus_tm.tm_data[:4] == packet[:4]
        assert theirs.pus_tm.pus_tm_sec_header.dest_id == 1
        assert theirs.sp_header.seq_count == number
    assert len(reports) == 3


def test_reports_are_decoded_with_their_request_by_the_mission_database() -> None:
    sent = fly((PAD, telecommand("PING", count=16_383)))
    row = {name: values[0] for name, values in sent.packets["TC_COMPLETED"].items()}
    assert (row["SERVICE"], row["SUBSERVICE"], row["PUS_VERSION"], row["DESTINATION"]) == (1, 7, 2, 1)
    assert (row["REQUEST_KIND"], row["REQUEST_APID"]) == ("TC", 200)
    assert (row["REQUEST_SEQUENCE_COUNT"], row["REQUEST_SEQUENCE_FLAGS"]) == (16_383, "UNSEGMENTED")


@pytest.mark.parametrize(
    ("acknowledge", "kinds"), [(0, []), (1, ["TC_ACCEPTED"]), (10, ["TC_STARTED", "TC_COMPLETED"])]
)
def test_only_the_reports_of_success_that_are_wanted_are_sent(acknowledge: int, kinds: list[str]) -> None:
    assert fly((PAD, telecommand("PING", acknowledge=acknowledge))).reports() == kinds


def test_a_failure_is_always_reported() -> None:
    assert fly((PAD, telecommand("FIRE_DROGUE", acknowledge=0))).reports() == ["TC_REJECTED"]


def test_a_calibration_reports_its_steps_over_some_seconds() -> None:
    sent = fly((0.5, telecommand("CALIBRATE_BAROMETER", 972.5, 200, 0x80)))
    assert sent.reports() == ["TC_ACCEPTED", "TC_STARTED", *["TC_PROGRESS"] * 4, "TC_COMPLETED"]
    progress = sent.packets["TC_PROGRESS"]
    assert progress["STEP"].tolist() == [1, 2, 3, 4] and set(progress["STEPS"]) == {4}
    assert sent.times("TC_PROGRESS") == pytest.approx([1.6, 2.6, 3.6, 4.6])


def test_messages_of_each_subtype_are_counted_for_themselves() -> None:
    sent = fly(
        *[(PAD + n, telecommand("PING", count=n)) for n in range(3)], (9.0, telecommand("FIRE_DROGUE"))
    )
    assert sent.packets["TC_COMPLETED"]["MESSAGE_COUNT"].tolist() == [0, 1, 2]
    assert sent.packets["TC_REJECTED"]["MESSAGE_COUNT"].tolist() == [0]


# --- Refusals


@pytest.mark.parametrize(
    ("t", "packet", "why"),
    [
        (PAD, telecommand("PING")[:-1] + b"\0", ("BAD_CHECKSUM", 0)),
        (PAD, pus(17, 1, b"\0"), ("BAD_LENGTH", 14)),
        (PAD, pus(3, 31, b"\x64"), ("BAD_LENGTH", 14)),
        (PAD, pus(17, 1, apid=201), ("UNKNOWN_APID", 201)),
        (PAD, pus(17, 2), ("UNKNOWN_SERVICE", 17)),
        (PAD, pus(200, 1), ("UNKNOWN_SERVICE", 200)),
        (PAD, telecommand("SET_TELEMETRY_RATE", 103, 1), ("BAD_ARGUMENT", 103)),
        (PAD, telecommand("SET_TELEMETRY_RATE", 100, 0), ("BAD_ARGUMENT", 0)),
        (PAD, telecommand("SET_TELEMETRY_RATE", 101, 11), ("BAD_ARGUMENT", 11)),
        (PAD, telecommand("CALIBRATE_BAROMETER", 799.9, 50, 0), ("BAD_ARGUMENT", 799.9)),
        (PAD, telecommand("CALIBRATE_BAROMETER", math.nan, 50, 0), ("BAD_ARGUMENT", 0)),
        (PAD, telecommand("CALIBRATE_BAROMETER", 970.0, 501, 0), ("BAD_ARGUMENT", 501)),
        (PAD, telecommand("SET_BEACON_TEXT", b"\xff"), ("BAD_ARGUMENT", 255)),
        (PAD, telecommand("ENABLE_TRANSMITTER", 31), ("BAD_ARGUMENT", 31)),
        (PAD, telecommand("ENABLE_TRANSMITTER", -11), ("BAD_ARGUMENT", -11)),
        (PAD, telecommand("DISABLE_TRANSMITTER", 0), ("BAD_ARGUMENT", 0)),
        (PAD, telecommand("TERMINATE_FLIGHT", TERMINATION_CODE, 5), ("BAD_ARGUMENT", 5)),
        (PAD, telecommand("TERMINATE_FLIGHT", FIRE_CODE, 1), ("WRONG_CODE", 0)),
        (PAD, telecommand("FIRE_DROGUE"), ("WRONG_PHASE", 0)),
        (COAST, telecommand("FIRE_DROGUE", TERMINATION_CODE), ("WRONG_CODE", 0)),
        (COAST, telecommand("ARM_RECOVERY"), ("WRONG_PHASE", 2)),
        (COAST, telecommand("DISARM_RECOVERY"), ("WRONG_PHASE", 2)),
        (COAST, telecommand("CALIBRATE_BAROMETER"), ("WRONG_PHASE", 2)),
        (LANDED, telecommand("SET_TELEMETRY_RATE"), ("WRONG_PHASE", 5)),
        (LANDED, telecommand("TERMINATE_FLIGHT"), ("WRONG_PHASE", 5)),
    ],
)
def test_what_cannot_be_done_is_rejected_with_the_reason(
    t: float, packet: bytes, why: tuple[str, float]
) -> None:
    sent = fly((t, packet))
    assert sent.reports() == ["TC_REJECTED"]
    assert sent.failure() == why
    assert [entry["done"] for entry in sent.flight.log] == [f"rejected: {why[0]}"]
    assert sent.status("TC_RECEIVED_COUNT", t + 1) == sent.status("TC_REJECTED_COUNT", t + 1) == 1
    assert sent.status("TC_ACCEPTED_COUNT", t + 1) == 0


def test_a_calibration_at_a_time_and_a_silence_at_a_time() -> None:
    calibration, silence = telecommand("CALIBRATE_BAROMETER"), telecommand("DISABLE_TRANSMITTER", 3)
    sent = fly((0.0, calibration), (1.0, calibration), (5.0, silence), (6.0, silence), (20.0, silence))
    done = [entry["done"] for entry in sent.flight.log if entry["event"] == "received"]
    assert done == ["accepted", "rejected: BUSY", "accepted", "rejected: BUSY", "accepted"]


@pytest.mark.parametrize(
    ("t", "packet", "why"),
    [
        (0.0, telecommand("CALIBRATE_BAROMETER", 1013.25, 50, 0), "IMPLAUSIBLE"),
        (10.0, telecommand("CALIBRATE_BAROMETER", 970.0, 500, 0), "INTERRUPTED"),
        (20.0, telecommand("FIRE_DROGUE"), "TOO_FAST"),
        (DESCENT, telecommand("FIRE_DROGUE"), "ALREADY_FIRED"),
    ],
)
def test_what_fails_on_the_way_was_accepted_and_says_why(t: float, packet: bytes, why: str) -> None:
    sent = fly((t, packet))
    assert [kind for kind in sent.reports() if kind != "TC_PROGRESS"] == [
        "TC_ACCEPTED",
        "TC_STARTED",
        "TC_FAILED",
    ]
    assert sent.failure("TC_FAILED")[0] == why
    assert (sent.flight.log[-1]["event"], sent.flight.log[-1]["why"]) == ("failed", why)


def test_the_detail_of_a_failure_is_the_number_that_was_wrong() -> None:
    sent = fly((0.0, telecommand("CALIBRATE_BAROMETER", 1013.25, 50, 0)))
    pressure = float(flight(SEED).model.state_at(1.0).pressure_hpa)
    assert float(sent.packets["TC_FAILED"]["FAILURE_DETAIL"][0]) == pytest.approx(
        1013.25 - pressure, abs=1e-3
    )
    sent = fly((20.0, telecommand("FIRE_DROGUE")))
    assert 150.0 < float(sent.packets["TC_FAILED"]["FAILURE_DETAIL"][0]) < 600.0


# --- Effects


def test_status_counts_what_was_received_accepted_and_rejected() -> None:
    wrong = telecommand("PING")[:-1] + b"\0"
    sent = fly((2.0, telecommand("PING")), (3.0, wrong), (4.0, telecommand("PING", count=1) + wrong))
    counts = [sent.status(f"TC_{what}_COUNT", 5.0) for what in ("RECEIVED", "ACCEPTED", "REJECTED")]
    assert counts == [4, 2, 2]
    assert sent.status("TC_RECEIVED_COUNT", 1.0) == 0


def test_counters_are_reset_and_announced() -> None:
    sent = fly((2.0, telecommand("PING")), (4.0, telecommand("RESET_COUNTERS", 0x80)))
    assert "counters reset, telecommands were 2 received, 2 accepted, 0 rejected" in sent.texts()
    assert [sent.status("TC_RECEIVED_COUNT", t) for t in (3.0, 6.0)] == [1, 0]
    quiet = fly((2.0, telecommand("RESET_COUNTERS", 0)))
    assert not any(text.startswith("counters") for text in quiet.texts())


@pytest.mark.parametrize(("apid", "name", "rate"), [(100, "IMU", 20), (101, "NAV", 2), (102, "POWER", 20)])
def test_a_rate_is_another_one_from_then_on(apid: int, name: str, rate: int) -> None:
    sent = fly((PAD, telecommand("SET_TELEMETRY_RATE", apid, rate)), duration=12.0)
    t = sent.times(name)
    assert np.diff(t[t < 3.5]) == pytest.approx({"IMU": 0.01, "NAV": 0.1, "POWER": 0.2}[name])
    assert np.diff(t[t > PAD + 0.2]) == pytest.approx(1 / rate)
    assert [sent.status(f"{name}_RATE", at) for at in (1.0, 7.0)] == [
        {"IMU": 100, "NAV": 10, "POWER": 5}[name], rate,
    ]  # fmt: skip
    counts = sent.packets[name]["SEQUENCE_COUNT"][t > 4.0]
    assert counts.tolist() == list(range(counts[0], counts[0] + len(counts)))


def test_the_beacon_says_the_new_text() -> None:
    sent = fly((PAD, telecommand("SET_BEACON_TEXT", "grüße".encode())))
    assert [sent.status("BEACON_TEXT", t) for t in (1.0, 7.0)] == ["KESTREL 1", "grüße"]
    full = fly((PAD, telecommand("SET_BEACON_TEXT", b"x" * 32)))
    assert full.status("BEACON_TEXT", 7.0) == "x" * 32


def test_a_calibrated_barometer_shows_the_reference() -> None:
    sent = fly((0.0, telecommand("CALIBRATE_BAROMETER", 980.0, 50, 0x80)), duration=11.0)
    t, pressure = sent.times("IMU"), sent.packets["IMU"]["BARO_PRESSURE"]
    before, after = pressure[t < 1.0].mean(), pressure[(t > 1.5)].mean()
    assert before == pytest.approx(970.7, abs=0.2)
    assert after == pytest.approx(980.0, abs=0.02)
    assert sent.status("BARO_OFFSET", 2.0) == pytest.approx(980.0 - before, abs=0.02)
    assert [sent.status("CALIBRATING", at) for at in (0.0, 1.0, 2.0)] == [False, True, False]
    assert "barometer calibrated, offset in hPa" in sent.texts()


def test_a_disabled_transmitter_is_silent_for_its_time_and_a_gap_remains() -> None:
    sent = Sent(fly((2.0, telecommand("DISABLE_TRANSMITTER", 3)), duration=15.0).flight, with_lost=False)
    t, counts = sent.times("IMU"), sent.packets["IMU"]["SEQUENCE_COUNT"].astype(int)
    widest = int(np.argmax(np.diff(t)))
    assert t[widest] == pytest.approx(2.3, abs=0.02) and t[widest + 1] == pytest.approx(5.3, abs=0.02)
    assert counts[widest + 1] - counts[widest] == pytest.approx(300, abs=2)
    assert sent.reports() == SUCCESS
    assert sent.times("TC_COMPLETED") == pytest.approx([5.4])


def test_an_enabled_transmitter_ends_the_silence_and_has_its_power() -> None:
    silence, enable = telecommand("DISABLE_TRANSMITTER", 60), telecommand("ENABLE_TRANSMITTER", -10)
    sent = Sent(fly((1.0, silence), (4.0, enable), duration=11.0).flight, with_lost=False)
    t = sent.times("IMU")
    assert np.diff(t).max() == pytest.approx(2.8, abs=0.03)
    assert [sent.status("TRANSMIT_POWER", at) for at in (0.0, 5.0)] == [27, -10]
    # What it said of ENABLE_TRANSMITTER before it transmitted again, nobody heard.
    assert sent.reports() == ["TC_ACCEPTED", "TC_STARTED", "TC_COMPLETED"]


def test_a_silence_that_was_ended_does_not_end_a_later_one() -> None:
    silence, enable = telecommand("DISABLE_TRANSMITTER", 4), telecommand("ENABLE_TRANSMITTER", 27)
    sent = Sent(fly((0.0, silence), (1.0, enable), (3.0, silence), duration=10.0).flight, with_lost=False)
    t = sent.times("IMU")
    assert t[np.argmax(np.diff(t))] == pytest.approx(3.3, abs=0.02)
    assert np.diff(t).max() == pytest.approx(4.0, abs=0.03)


def test_a_rocket_that_is_not_armed_does_not_launch() -> None:
    sent = fly((1.0, telecommand("DISARM_RECOVERY")), duration=60.0)
    assert sent.flight.model.orders == Orders(scrubbed=True)
    assert set(sent.packets["STATUS"]["PHASE"]) == {"PAD"}
    assert not sent.packets["STATUS"]["ARMED"].astype(bool).any()
    assert "launch scrubbed: the recovery is not armed" in sent.texts()
    assert "armed" not in sent.texts()
    assert sent.status("TERMINATED", 20.0)


def test_a_rocket_that_is_armed_again_launches() -> None:
    sent = fly((4.0, telecommand("DISARM_RECOVERY")), (8.0, telecommand("ARM_RECOVERY")), duration=20.0)
    assert sent.flight.model.orders == Orders()
    assert [sent.status("ARMED", t) for t in (3.5, 5.0, 9.0)] == [True, False, True]
    assert sent.status("PHASE", 13.0) == "BOOST"


def test_a_drogue_that_is_fired_by_hand_changes_the_flight_from_then_on() -> None:
    sent = fly((COAST, telecommand("FIRE_DROGUE")), duration=300.0)
    times, usual = sent.flight.times, flight(SEED).times
    assert times.drogue == pytest.approx(COAST + 0.15) and usual.drogue > 50.0
    assert times.landing < usual.landing - 2.0
    assert [sent.status("DROGUE_FIRED", t) for t in (COAST - 1.5, COAST + 0.2)] == [False, True]
    assert sent.texts().count("drogue fired") == 1
    before = [item.data for item in sent.flight.items if item.t < COAST]
    assert before == [item.data for item in flight(SEED).items if item.t < COAST]


def test_a_flight_that_is_terminated_before_the_launch_never_begins() -> None:
    sent = fly((5.0, telecommand("TERMINATE_FLIGHT", TERMINATION_CODE, 4)), duration=60.0)
    assert set(sent.packets["STATUS"]["PHASE"]) == {"PAD"}
    assert "launch scrubbed by telecommand: EXERCISE" in sent.texts()
    assert sent.status("TERMINATED", 6.0)
    assert len(sent.flight.log) == 2


def test_a_flight_that_is_terminated_under_power_loses_its_thrust() -> None:
    sent = fly((14.0, telecommand("TERMINATE_FLIGHT")), duration=200.0)
    assert sent.flight.times.burnout == pytest.approx(14.15)
    assert "flight terminated: RANGE_SAFETY" in sent.texts()
    assert sent.packets["NAV"]["ALTITUDE"].max() < 5_000.0
    assert sent.packets["STATUS"]["PHASE"][-1] == "LANDED"
    again = fly((14.0, telecommand("TERMINATE_FLIGHT")), (30.0, telecommand("TERMINATE_FLIGHT")))
    assert again.failure() == ("BUSY", 0)


def test_a_telecommand_that_comes_twice_is_done_twice() -> None:
    packet = telecommand("PING", count=5)
    log = fly((PAD, packet), (PAD + 1, packet)).flight.log
    assert [entry["number"] for entry in log if entry["event"] == "executed"] == [1, 2]


# --- Losses and log


def test_telecommands_are_lost_by_chance_from_the_seed() -> None:
    pings = [(1.0 + n / 100, telecommand("PING", count=n)) for n in range(400)]
    logs = [fly(*pings, loss=UplinkLoss(0.1)).flight.log for _ in range(2)]
    assert logs[0] == logs[1]
    lost = [entry for entry in logs[0] if entry.get("done") == "lost: uplink"]
    assert 20 < len(lost) < 65
    assert len([entry for entry in logs[0] if entry["event"] == "executed"]) == 400 - len(lost)


def test_telecommands_are_lost_by_name() -> None:
    loss = UplinkLoss(by_name={"PING": 1.0, "ARM_RECOVERY": 1.0})
    names = ("PING", "RESET_COUNTERS", "DISARM_RECOVERY", "ARM_RECOVERY")
    sent = fly(*[(4.0 + n, telecommand(name, count=n)) for n, name in enumerate(names)], loss=loss)
    done = {entry["name"]: entry["done"] for entry in sent.flight.log if entry["event"] == "received"}
    lost, accepted = "lost: uplink", "accepted"
    assert done == dict(zip(names, (lost, accepted, accepted, lost), strict=True))
    assert sent.reports(0) == sent.reports(3) == []


def test_the_rocket_is_deaf_while_it_tumbles_over_its_apogee() -> None:
    apogee = flight(SEED).times.apogee
    log = fly((apogee + 0.6, telecommand("PING")), (apogee + 1.1, telecommand("PING", count=1))).flight.log
    assert [entry["done"] for entry in log if entry["event"] == "received"] == ["lost: blackout", "accepted"]


def test_the_log_has_the_bytes_the_arguments_and_what_was_done() -> None:
    packet = telecommand("CALIBRATE_BAROMETER", 972.5, 100, 0, count=3)
    received, done = fly((PAD, b"??" + packet)).flight.log[1:]
    assert received | {"time_ns": 0} == {
        "event": "received", "number": 1, "t": PAD, "bytes": packet.hex(), "name": "CALIBRATE_BAROMETER",
        "sequence_count": 3, "done": "accepted", "time_ns": 0,
        "arguments": {"REFERENCE": 972.5, "SAMPLES": 100, "ANNOUNCE": False},
    }  # fmt: skip
    assert (done["event"], done["number"], done["t"]) == ("executed", 1, pytest.approx(7.1))


def test_garbage_is_logged_and_answered_by_nothing() -> None:
    sent = fly((PAD, bytes(range(50))))
    assert [entry["event"] for entry in sent.flight.log] == ["garbage"]
    assert sent.reports() == []
    assert sent.status("TC_RECEIVED_COUNT", 6.0) == 0


def test_the_log_is_told_before_a_report_is_sent() -> None:
    told: list[int] = []
    sent: list[Any] = []
    rocket = Rocket(FlightModel(1), DEFAULT_START_NS, record=lambda entry: told.append(len(sent)))
    sent += rocket.advance(1.0)
    rocket.receive(telecommand("PING"))
    sent += rocket.advance(1.0)
    report = next(place for place, item in enumerate(sent) if item.apid == Apid.VERIFICATION)
    assert told[0] <= report


def test_bytes_that_come_in_pieces_or_at_another_pace_make_the_same_flight() -> None:
    ping = telecommand("PING")
    whole = build_flight(1, 30.0, telecommands=[(PAD, ping)])
    pieces = build_flight(1, 30.0, telecommands=[(PAD, ping[:5]), (PAD, ping[5:])])
    rocket, items, t = Rocket(FlightModel(1), whole.start_ns), [], 0.0
    while t < 30.0:
        t = min(t + 0.0173, 30.0) if not t < PAD < t + 0.0173 else PAD
        items += rocket.advance(t)
        if t == PAD:
            rocket.receive(ping)
    assert pieces.to_bytes() == whole.to_bytes()
    assert tuple(items) == whole.items


def test_damage_and_losses_do_not_spare_reports() -> None:
    pings = [(0.5 + n / 50, telecommand("PING", count=n)) for n in range(1500)]
    reports = [
        item for item in build_flight(1, 40.0, telecommands=pings).items if item.apid == Apid.VERIFICATION
    ]
    assert len(reports) == 4500
    assert {item.fate for item in reports} >= {Fate.WHOLE, Fate.LOST}
