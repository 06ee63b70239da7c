"""How packets leave on a link: as they are, in transfer frames, in CLTUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import telecommand_text as tc
from hypothesis import given
from hypothesis import strategies as st

from commands.cltu import START, TAIL
from commands.transfer_frame import SequenceFlags, TransferFrame
from commands.uplink_framing import UplinkFraming
from infra.errors import CommandError, ConfigError


def framing(**settings: Any) -> UplinkFraming:
    return UplinkFraming.from_mapping(settings, "mission.toml, link 'radio', uplink")


@st.composite
def framings(draw: st.DrawFn) -> UplinkFraming:
    kind = draw(st.sampled_from(["packets", "transfer-frames", "cltu"]))
    if kind == "packets":
        return framing(kind=kind)
    settings: dict[str, Any] = {
        "kind": kind,
        "scid": draw(st.integers(0, 1023)),
        "vcid": draw(st.integers(0, 63)),
        "bypass": draw(st.booleans()),
        "fecf": draw(st.booleans()),
    }
    if draw(st.booleans()):
        settings |= {"map_id": draw(st.integers(0, 63)), "max_frame": draw(st.integers(9, 200))}
    if kind == "cltu":
        settings["randomised"] = draw(st.booleans())
    return framing(**settings)


@given(
    found=framings(),
    packets=st.lists(st.binary(min_size=7, max_size=900), min_size=1, max_size=3),
    sequence=st.integers(0, 255),
)
def test_what_was_framed_is_unframed_again(found: UplinkFraming, packets: list[bytes], sequence: int) -> None:
    units = [unit for packet in packets for unit in found.frame(packet, sequence)]
    assert found.unframe(units) == packets


def test_without_a_table_packets_leave_as_they_are() -> None:
    assert framing().frame(b"\x10\x00\xc0\x00\x00\x00\x01") == [b"\x10\x00\xc0\x00\x00\x00\x01"]


def test_a_frame_is_of_type_bd_with_sequence_number_zero_unless_asked_otherwise() -> None:
    (unit,) = framing(kind="transfer-frames", scid=5, vcid=2).frame(b"packet!", 77)
    frame = TransferFrame.unpack(unit)
    assert (frame.scid, frame.vcid, frame.bypass, frame.control, frame.sequence) == (5, 2, True, False, 0)
    assert frame.data == b"packet!"


def test_frames_of_type_ad_count_on_and_around() -> None:
    found = framing(kind="transfer-frames", scid=5, bypass=False, map_id=3, max_frame=5 + 1 + 4 + 2)
    frames = [TransferFrame.unpack(unit, segments=True) for unit in found.frame(b"0123456789", 255)]
    assert [frame.sequence for frame in frames] == [255, 0, 1]
    assert [frame.segment.flags for frame in frames if frame.segment] == [
        SequenceFlags.FIRST,
        SequenceFlags.CONTINUING,
        SequenceFlags.LAST,
    ]
    assert [frame.data for frame in frames] == [b"0123", b"4567", b"89"]


def test_each_frame_has_a_cltu_of_its_own() -> None:
    found = framing(kind="cltu", scid=5, map_id=0, max_frame=20)
    units = found.frame(bytes(30))
    assert len(units) == 3
    assert all(unit.startswith(START) and unit.endswith(TAIL) for unit in units)


def test_a_packet_that_is_too_long_for_a_frame_is_refused_before_it_leaves() -> None:
    found = framing(kind="transfer-frames", scid=5)
    assert len(found.frame(bytes(1017))[0]) == 1024
    with pytest.raises(CommandError, match="1018 bytes does not fit into a transfer frame: 1017 do"):
        found.frame(bytes(1018))


def test_frames_of_another_channel_and_segments_out_of_order_are_refused() -> None:
    found = framing(kind="transfer-frames", scid=5, map_id=0, max_frame=20)
    first, middle, last = found.frame(bytes(30))
    for wrong in ([middle], [last], [first, first]):
        with pytest.raises(ValueError, match="a segment"):
            found.unframe(wrong)
    (other,) = framing(kind="transfer-frames", scid=6, map_id=0).frame(b"packet!")
    with pytest.raises(ValueError, match="for spacecraft 6, virtual channel 0"):
        found.unframe([other])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"kind": "smoke"}, "`kind` is 'smoke'"),
        ({"kind": "cltu"}, "`scid` is missing"),
        ({"kind": "transfer-frames", "scid": 1024}, "`scid` is 1024"),
        ({"kind": "transfer-frames", "scid": 1, "vcid": 64}, "`vcid` is 64"),
        ({"kind": "transfer-frames", "scid": 1, "map_id": -1}, "`map_id` is -1"),
        ({"kind": "transfer-frames", "scid": 1, "max_frame": 1025}, "`max_frame` is 1025"),
        ({"kind": "transfer-frames", "scid": True}, "`scid` is True"),
        ({"kind": "transfer-frames", "scid": 1, "bypass": "no"}, "`bypass` is 'no'"),
        ({"kind": "transfer-frames", "scid": 1, "randomised": True}, "`randomised` has no meaning"),
        ({"scid": 1}, "`scid` has no meaning with kind 'packets'"),
        ({"kind": "cltu", "scid": 1, "colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        framing(**settings)
    assert expected in caught.value.what
    assert caught.value.where == "mission.toml, link 'radio', uplink"
    assert caught.value.fix


def test_the_table_of_a_link_is_kept_by_the_mission(tmp_path: Path) -> None:
    link = '[[links]]\nname = "radio"\ntransport = "udp"\nport = 0\n[links.uplink]\nkind = "cltu"\nscid = 7'
    (radio,) = tc.mission(tmp_path, tc.command_data(), link).links
    assert UplinkFraming.from_mapping(radio.uplink, "radio") == UplinkFraming("cltu", 7)
