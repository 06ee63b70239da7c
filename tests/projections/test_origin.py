"""From a value back to the bits that it was made of, with everything about them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest
from support import small_mission
from support.ground import Ground, ground

from infra.errors import QueryError
from projections.queries.scope import parse_time


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("origin")
    mission = small_mission.write_mission(folder / "mission")
    with ground(folder / "data", mission) as system:
        yield system


def bits_of(answer: dict[str, Any], field: dict[str, Any]) -> int:
    """Read a field's bits from the frames' bytes, place by place."""
    frames = {frame["frame_offset"]: bytes.fromhex(frame["hex"]) for frame in answer["frames"]}
    number = 0
    for place in field["places"]:
        data = frames[place["frame_offset"]]
        whole = int.from_bytes(data, "big") >> (8 * len(data) - place["first_bit"] - place["bits"])
        number = number << place["bits"] | whole & ((1 << place["bits"]) - 1)
    return number


def test_the_origin_of_packets_in_one_frame_has_each_of_them(filled: Ground) -> None:
    two = small_mission.attitude(1, 2.5) + small_mission.space_packet(
        small_mission.MODE, 7, struct.pack(">BH", 1, 500)
    )
    offset = filled.append([two], session="both")
    (answer,) = filled.ask("origin", frame_offset=offset)
    assert [packet["packet"] for packet in answer["packets"]] == ["ATTITUDE", "MODE_PACKET"]
    assert answer["frame"]["hex"] == two.hex()
    assert answer["frame"]["result"] == "parsed"
    assert [frame["frame_offset"] for frame in answer["frames"]] == [offset]
    fields = {field["parameter"]: field for field in answer["packets"][1]["fields"]}
    assert fields["VOLTAGE"]["raw"] == 500 == bits_of(answer, fields["VOLTAGE"])
    assert (fields["VOLTAGE"]["value"], fields["VOLTAGE"]["unit"]) == (249.0, "V")
    assert fields["MODE"]["value"] == "NOMINAL"
    file, _, line = fields["MODE"]["definition"].rpartition(":")
    assert file.endswith("small.xml")
    assert int(line) > 0
    (angle,) = (field for field in answer["packets"][0]["fields"] if field["parameter"] == "ANGLE")
    assert struct.pack(">Q", bits_of(answer, angle)) == struct.pack(">d", 2.5)
    (one,) = filled.ask("origin", frame_offset=offset, packet="MODE_PACKET", parameter="VOLTAGE")
    assert [[field["parameter"] for field in packet["fields"]] for packet in one["packets"]] == [["VOLTAGE"]]


def test_a_packet_that_was_just_recorded_is_waited_for(filled: Ground) -> None:
    filled.append([small_mission.attitude(99)])
    for number in range(3):
        offset = filled.append_only([small_mission.attitude(number)], session="live")
        (answer,) = filled.ask("origin", frame_offset=offset, packet="ATTITUDE")
        assert [packet["frame_offset"] for packet in answer["packets"]] == [offset]


def test_the_origin_of_a_packet_that_spans_frames_has_all_of_them(filled: Ground) -> None:
    packets = small_mission.packets(300)
    frames = small_mission.transfer_frames(packets)
    offset = filled.append(frames, link="frames", session="tm")
    rows = filled.ask("packets", session="tm")
    assert len(rows) > 250
    spanning = 0
    for row in rows[::7]:
        (answer,) = filled.ask("origin", frame_offset=row["frame_offset"], packet=row["packet"])
        (packet,) = (one for one in answer["packets"] if one["packet_index"] == row["packet_index"])
        assert bytes.fromhex(packet["hex"]) in packets
        pieces = packet["pieces"]
        received = {frame["frame_offset"]: frame["hex"] for frame in answer["frames"]}
        joined = "".join(
            received[piece["frame_offset"]][2 * piece["first_byte"] :][: 2 * piece["size"]]
            for piece in pieces
        )
        assert joined == packet["hex"]
        assert all(received[number] == frames[number - offset].hex() for number in received)
        spanning += len(pieces) > 1
        for field in packet["fields"]:
            if isinstance(field["raw"], int):
                assert bits_of(answer, field) == field["raw"] == row["values"][field["parameter"]]["raw"]
            assert sum(place["bits"] for place in field["places"]) == field["bits"]
    assert spanning


def test_a_parameter_and_a_time_lead_to_its_newest_sample_by_then(filled: Ground) -> None:
    offset = filled.append([small_mission.attitude(number) for number in (5000, 5100, 5200)], session="at")
    rows = filled.ask("packets", packet="ATTITUDE", session="at")
    (answer,) = filled.ask("origin", parameter="NUMBER", at=rows[1]["time"])
    assert answer["frame"]["frame_offset"] == offset + 1
    (packet,) = answer["packets"]
    assert [(field["parameter"], field["value"]) for field in packet["fields"]] == [("NUMBER", 5100)]


def test_a_frame_that_is_known_only_later_has_no_origin_then(filled: Ground) -> None:
    offset = filled.append([small_mission.attitude(6000)], session="later")
    (row,) = filled.ask("frames", session="later")
    (answer,) = filled.ask("origin", frame_offset=offset, as_of=row["recorded"])
    assert len(answer["packets"]) == 1
    with pytest.raises(QueryError, match="this frame was recorded after that time"):
        filled.ask("origin", frame_offset=offset, as_of=_before(row["recorded"]))


def _before(text: str) -> int:

    return (parse_time(text, "") or 0) - 1


def test_a_frame_that_could_not_be_parsed_has_its_bytes_and_its_fate(filled: Ground) -> None:
    offset = filled.append([b"\xff\xfe\xfd"], session="bad")
    (answer,) = filled.ask("origin", frame_offset=offset)
    assert answer["packets"] == []
    assert (answer["frame"]["hex"], answer["frame"]["result"]) == ("fffefd", "quarantined")
