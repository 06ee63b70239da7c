from typing import Any

import pytest
import spacepackets.ecss.tc as pus
from support.telecommand_mission import write_mission

from commands.reports import SUBTYPES, Reports, expected, packet_key
from commands.telemetry import Row, TelemetryMap
from infra.errors import ConfigError
from streams.mission import load_mission


@pytest.fixture(scope="module")
def telemetry(tmp_path_factory: pytest.TempPathFactory) -> TelemetryMap:
    return TelemetryMap(load_mission(write_mission(tmp_path_factory.mktemp("m") / "mission", 1)))


def row(**columns: Any) -> Row:
    full = {
        "frame_offset": 7, "packet_index": 0, "received": 5, "recorded": 6, "SERVICE": 1, "SUBSERVICE": 1,
        "REQUEST_APID": 200, "REQUEST_SEQUENCE_COUNT": 3, "STEP": 2, "FAILURE_CODE": 9, **columns,
    }  # fmt: skip
    return Row("REPORT", "g", full, 0)


def test_each_subtype_is_an_event_of_the_telecommand_it_names(telemetry: TelemetryMap) -> None:
    reports = Reports(telemetry, {})
    for subtype, (event, stage) in SUBTYPES.items():
        report = reports.read(row(SUBSERVICE=subtype))
        assert report is not None
        assert (report.about, report.event, report.fields.get("stage", "")) == ((200, 3), event, stage)
        assert (report.fields["frame_offset"], report.fields["frame_recorded"]) == (7, 6)
        assert report.fields.get("code") == (9 if stage else None)
        assert report.fields.get("step") == (2 if event == "progressed" else None)


@pytest.mark.parametrize(
    "columns",
    [{"SERVICE": 5}, {"SUBSERVICE": 9}, {"SUBSERVICE": None}, {"REQUEST_APID": None}, {"REQUEST_APID": "x"}],
)
def test_what_is_no_report_is_none(telemetry: TelemetryMap, columns: dict[str, Any]) -> None:
    assert Reports(telemetry, {}).read(row(**columns)) is None


def test_a_request_may_stand_in_two_whole_fields(telemetry: TelemetryMap) -> None:
    names = {
        "apid": "-", "packet_id": "REQUEST_APID", "sequence_control": "REQUEST_SEQUENCE_COUNT",
    }  # fmt: skip
    report = Reports(telemetry, names).read(row(REQUEST_APID=0x18C8, REQUEST_SEQUENCE_COUNT=0xC003))
    assert report is not None
    assert report.about == (200, 3)


@pytest.mark.parametrize(
    ("settings", "words"), [({"colour": "red"}, "colour"), ({"packets": "STATUS"}, "no packet type STATUS")]
)
def test_settings_that_make_no_sense_are_named(
    telemetry: TelemetryMap, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        Reports(telemetry, settings)


@pytest.mark.parametrize(
    ("flags", "stages"),
    [
        (0b1111, ("accepted", "started", "completed")),
        (0b1000, ("accepted",)),
        (0b0001, ("completed",)),
        (0, ()),
    ],
)
def test_the_acknowledgement_flags_say_which_reports_to_wait_for(flags: int, stages: tuple[str, ...]) -> None:
    packet = bytes(pus.PusTc(apid=200, service=17, subservice=1, seq_count=9).pack())
    with_flags = packet[:6] + bytes([packet[6] & 0xF0 | flags]) + packet[7:]
    assert expected(with_flags) == stages
    assert packet_key(with_flags) == (200, 9)


def test_a_packet_without_flags_is_expected_to_be_accepted_and_completed() -> None:
    assert expected(bytes.fromhex("10c8c00500040100000007")) == ("accepted", "completed")
    assert packet_key(bytes.fromhex("10c8c00500040100000007")) == (200, 5)
    assert packet_key(b"AT+REBOOT\r\n") is None
