"""The rows of a frame depend on the stream alone; whatever the bytes are, each frame is accounted for."""

from __future__ import annotations

import random
import struct
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import small_mission
from support.parsed import frames_of, message, parse, quarantine_of, rows_of

from streams import names
from streams.frame_batch import FrameBatch
from streams.mission import Mission, load_mission
from streams.parsed_rows import KEPT_BYTES, MOST_OF_A_FRAME
from streams.parser import LARGEST_ROW, Parser, lookback
from streams.read import Message


@cache
def mission() -> Mission:
    with TemporaryDirectory() as folder:
        return load_mission(small_mission.write_mission(Path(folder) / "small"))


def parser(start: int = 1, patience: int = 1000) -> Parser:
    return Parser(mission(), start=start, patience=patience)


good_packets = st.integers(0, 9_999).map(lambda number: small_mission.packets(1 + number % 3, number)[-1])


@st.composite
def spanning_frames(draw: st.DrawFn) -> list[bytes]:
    """Transfer frames of two virtual channels, some of them lost or damaged."""
    channels = []
    for channel in range(draw(st.integers(1, 2))):
        sent = small_mission.packets(draw(st.integers(5, 40)), draw(st.integers(0, 500)))
        channels.append(small_mission.transfer_frames(sent, channel=channel))
    frames = _merged(channels, draw(st.randoms(use_true_random=False)))
    lost = draw(st.sets(st.integers(0, max(0, len(frames) - 1)), max_size=2))
    damaged = draw(st.sets(st.integers(0, max(0, len(frames) - 1)), max_size=2))
    return [
        frame[:100] + b"!" + frame[101:] if number in damaged else frame
        for number, frame in enumerate(frames)
        if number not in lost
    ]


def _merged(sequences: list[list[bytes]], chance: random.Random) -> list[bytes]:
    """Mix sequences, each one's order kept."""
    left = [list(sequence) for sequence in sequences if sequence]
    merged = []
    while left:
        one = chance.choice(left)
        merged.append(one.pop(0))
        left = [sequence for sequence in left if sequence]
    return merged


@st.composite
def streams(draw: st.DrawFn) -> list[Message]:
    """A stretch of FRAMES: two sessions of transfer frames and other frames, good and bad, all mixed."""
    parts: list[list[tuple[str, str, bytes]]] = [
        [("frames", session, frame) for frame in draw(spanning_frames())] for session in ("s", "t")
    ]
    others = draw(st.lists(good_packets | st.binary(max_size=80), min_size=2, max_size=15))
    parts.append([(draw(st.sampled_from(["radio", "frames", "other"])), "s", data) for data in others])
    chance = draw(st.randoms(use_true_random=False))
    stream = []
    for link, session, data in _merged(parts, chance):  # type: ignore[arg-type, misc]
        torn = "cut" if chance.random() < 0.03 else ""
        received = chance.choice(["", "7", "٣", "1_0", "-4"]) if chance.random() < 0.1 else None
        offset = 11 + len(stream)
        stream.append(message(offset, data, link=link, session=session, torn=torn, received=received))
    return stream


@settings(max_examples=60)
@given(streams(), st.data())
def test_the_rows_are_the_same_however_the_stream_is_cut_into_runs(
    stream: list[Message], data: st.DataObject
) -> None:
    patience = data.draw(st.sampled_from([1, 4, 1000]))
    cuts = data.draw(st.sets(st.integers(1, len(stream)), max_size=8))
    whole = rows_of(parse(parser(patience=patience), stream))
    assert rows_of(parse(parser(patience=patience), stream, cuts)) == whole
    assert rows_of(parse(parser(patience=patience), stream, range(len(stream)))) == whole


@settings(max_examples=60)
@given(streams(), st.data())
def test_a_restart_at_any_frame_makes_the_same_rows_from_there_on(
    stream: list[Message], data: st.DataObject
) -> None:
    patience = data.draw(st.sampled_from([1, 4, 1000]))
    at = data.draw(st.integers(1, len(stream) - 1))
    start = stream[at].offset
    running = parser(patience=patience)
    *before, after = parse(running, stream, [at])
    restarts = {
        "where the run before said": before[-1].resume,
        "as far back as a packet can have begun": max(1, start - patience - 1),
        "at the very beginning": 1,
    }
    for where, first in restarts.items():
        again = [one for one in stream if one.offset >= first]
        cuts = data.draw(st.sets(st.integers(1, len(again)), max_size=4))
        found = rows_of(parse(parser(start, patience), again, cuts))
        assert found == rows_of([after]), f"reading began {where}"


@settings(max_examples=60)
@given(streams())
def test_every_frame_has_one_row_and_every_frame_that_is_not_good_a_reason(stream: list[Message]) -> None:
    parsed = parse(parser(), stream, range(0, len(stream), 5))
    results = frames_of(parsed)
    assert list(results) == [one.offset for one in stream]
    reasons = {row["frame_offset"] for row in quarantine_of(parsed) if not row["decoded"]}
    bad = {offset for offset, result in results.items() if result in ("partly", "quarantined")}
    assert bad <= reasons
    assert all(row["reason"] for row in quarantine_of(parsed))


# What arrives damaged

GOOD = small_mission.packets(10)
ATTITUDE = small_mission.attitude(5)


def with_length(packet: bytes, length: int) -> bytes:
    return packet[:4] + struct.pack(">H", length) + packet[6:]


BAD = {
    "random bytes": (b"\xa5\x5a" * 20, "frame", "version"),
    "a truncated packet": (ATTITUDE[:-3], "frame", ""),
    "a packet of three bytes": (ATTITUDE[:3], "frame", ""),
    "an empty frame": (b"", "frame", ""),
    "a length that says more": (with_length(ATTITUDE, 500), "frame", ""),
    "a length that says less": (with_length(ATTITUDE, 9), "packet", "needs"),
    "an unknown APID": (small_mission.space_packet(1999, 1, bytes(16)), "packet", ""),
    "a container that wants more bits than there are": (
        small_mission.space_packet(small_mission.NOTE, 1, b"\xc8abc"),
        "packet",
        "needs",
    ),
    "bytes after a packet": (ATTITUDE + b"\xff\xff", "frame", ""),
    "1 MB of zeros, which are 150,000 packets": (bytes(1024**2), "packet", ""),
    "5 MB of noise": (random.Random(1).randbytes(5 * 1024**2), "", ""),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_bytes_have_a_reason_and_the_next_good_frame_is_parsed(kind: str) -> None:
    data, stage, words = BAD[kind]
    for link in ("radio", "somewhere-else"):
        parsed = parse(parser(), [message(7, data, link=link), message(8, ATTITUDE, link=link)])
        rows = [row for row in quarantine_of(parsed) if row["frame_offset"] == 7]
        assert rows
        assert frames_of(parsed)[8] == "parsed"
        assert [row["frame_offset"] for row in quarantine_of(parsed) if row["frame_offset"] != 7] == []
        assert all(len(row["bytes"]) <= KEPT_BYTES and row["link"] == link for row in rows)
        if stage:
            assert any(row["stage"] == stage and words in row["reason"] for row in rows), rows


def attitude_with(angle: float, rate: float, seconds: int = 100) -> bytes:
    body = struct.pack(">dfI", angle, rate, 1)
    return small_mission.space_packet(small_mission.ATTITUDE, 1, body, seconds=seconds)


def attitude_rows(parsed: list) -> list[dict]:  # type: ignore[type-arg]
    return [row for run in parsed for table in run.tables for row in table.rows.to_pylist()]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_is_kept_as_it_came_and_reported(value: float) -> None:
    parsed = parse(parser(), [message(7, attitude_with(value, value)), message(8, ATTITUDE)])
    first, second = attitude_rows(parsed)
    assert str(first["ANGLE"]) == str(value)
    assert second["ANGLE"] == second["ANGLE"]
    (row,) = quarantine_of(parsed)
    assert (row["frame_offset"], row["stage"], row["decoded"]) == (7, "value", True)
    assert "ANGLE" in row["reason"] and "not a finite number" in row["reason"]
    assert frames_of(parsed) == {7: "parsed", 8: "parsed"}


def test_a_clock_that_jumps_back_is_data_like_any_other() -> None:
    stream = [message(n, attitude_with(1.0, 1.0, seconds)) for n, seconds in enumerate((900, 901, 5, 6), 7)]
    parsed = parse(parser(), stream)
    generated = [row["generated"].second + 60 * row["generated"].minute for row in attitude_rows(parsed)]
    assert generated == [900, 901, 5, 6]
    assert quarantine_of(parsed) == []


@pytest.mark.parametrize(
    "headers", [{}, {names.RECEIVED: "soon", names.SESSION: "x" * 3000}, {names.RECEIVED: "٣"}, {"A": "b"}]
)
def test_what_any_client_publishes_as_a_frame_is_parsed_and_its_missing_time_reported(
    headers: dict[str, str],
) -> None:
    foreign = Message(7, 555, "frame.nobody", headers, ATTITUDE)
    parsed = parse(parser(), [foreign, message(8, ATTITUDE)])
    (row,) = quarantine_of(parsed)
    assert (row["frame_offset"], row["stage"], row["received"], row["decoded"]) == (7, "header", 555, True)
    assert frames_of(parsed) == {7: "parsed", 8: "parsed"}


def test_a_torn_frame_is_not_parsed_and_says_why_it_is_torn() -> None:
    parsed = parse(parser(), [message(7, ATTITUDE, torn="no sync marker found"), message(8, ATTITUDE)])
    (row,) = quarantine_of(parsed)
    assert (row["frame_offset"], row["stage"], row["reason"]) == (7, "link", "no sync marker found")
    assert (row["size"], row["bytes"]) == (len(ATTITUDE), ATTITUDE)
    assert frames_of(parsed) == {7: "quarantined", 8: "parsed"}


def test_a_packet_too_large_for_a_row_is_reported_and_its_neighbours_are_parsed(tmp_path: Path) -> None:
    folder = small_mission.write_mission(tmp_path / "m")
    text = (folder / "mission.toml").read_text()
    text = text.replace('"packets"\nlength = 300', '"datagram"\ncontent = "single"')
    (folder / "mission.toml").write_text(text.replace("tcp-client", "udp"))
    one = Parser(load_mission(folder))
    giant = ATTITUDE + bytes(LARGEST_ROW)
    parsed = parse(one, [message(7, ATTITUDE), message(8, giant), message(9, ATTITUDE)])
    rows = [row for row in quarantine_of(parsed) if "larger than" in row["reason"]]
    assert [(row["frame_offset"], row["packet_index"], row["size"]) for row in rows] == [(8, 0, len(giant))]
    assert frames_of(parsed) == {7: "parsed", 8: "quarantined", 9: "parsed"}


def test_a_frame_full_of_faults_has_some_rows_and_one_that_counts_the_others() -> None:
    parsed = parse(parser(), [message(7, bytes(7_000)), message(8, ATTITUDE)])
    rest, *some = sorted(quarantine_of(parsed), key=lambda row: row["packet_index"])
    assert [row["packet_index"] for row in some] == list(range(MOST_OF_A_FRAME))
    assert rest["reason"] == f"{1_000 - MOST_OF_A_FRAME} more faults of packets in this frame"
    assert frames_of(parsed) == {7: "quarantined", 8: "parsed"}


def test_offsets_with_a_gap_of_any_size_cost_no_memory() -> None:
    stream = [message(1, ATTITUDE), message(10**12, b"", session="t"), message(2 * 10**12, ATTITUDE)]
    assert frames_of(parse(parser(), stream)) == {1: "parsed", 10**12: "quarantined", 2 * 10**12: "parsed"}


# Sessions


def test_two_devices_on_one_link_do_not_break_each_others_packets() -> None:
    frames = small_mission.transfer_frames(small_mission.packets(60))
    stream = []
    for frame in frames:
        for session in ("a", "b"):
            stream.append(message(1 + len(stream), frame, link="frames", session=session))
    parsed = parse(parser(), stream, range(0, len(stream), 3))
    assert quarantine_of(parsed) == []
    rows = attitude_rows(parsed)
    assert len([row for row in rows if row["session"] == "a"]) == len(rows) // 2 > 20


def test_a_session_that_ends_inside_a_packet_is_held_for_a_while_and_then_reported_and_forgotten() -> None:
    frames = small_mission.transfer_frames(small_mission.packets(60))
    ended = [message(1 + n, frame, link="frames", session="a") for n, frame in enumerate(frames[:4])]
    others = [message(5 + n, ATTITUDE) for n in range(20)]
    one = parser(patience=10)
    first, *rest = parse(one, ended + others, [4, 14, 15, 16])
    assert first.resume == 4
    assert [run.resume for run in rest] == [4, 16, 17, 25]
    (row,) = quarantine_of([first, *rest])
    assert (row["frame_offset"], row["session"], row["reason"]) == (
        4,
        "a",
        "not complete 10 frames after it began",
    )


def test_reading_goes_back_only_where_packets_span_frames(tmp_path: Path) -> None:
    assert lookback(mission()) > 1000
    folder = small_mission.write_mission(tmp_path / "m")
    text = (folder / "mission.toml").read_text()
    (folder / "mission.toml").write_text(text[: text.rindex("[[links]]")])
    assert lookback(load_mission(folder)) == 0


# Fuzz


def damaged(chance: random.Random, frame: bytes) -> bytes:
    """The frame with bits flipped, bytes lost, doubled or put in, or cut off."""
    octets = bytearray(frame)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(octets)) if octets else 0
        match chance.randrange(6):
            case 0 if octets:
                octets[at] ^= 1 << chance.randrange(8)
            case 1:
                del octets[at : at + chance.randrange(1, 9)]
            case 2:
                octets[at:at] = octets[at : at + 8]
            case 3:
                octets[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 4:
                del octets[at:]
            case _ if octets:
                octets[at : at + 2] = chance.choice([b"\xff\xff", b"\0\0", b"\x80\0"])
    return bytes(octets)


def test_tens_of_thousands_of_damaged_frames_are_all_accounted_for_and_the_good_ones_between_parsed() -> None:
    chance, total, one = random.Random(20), 30_000, parser()
    packets = small_mission.packets(1_000)
    frames = small_mission.transfer_frames(packets)
    parsed, good = [], set()
    for first in range(1, total, 2_500):
        run = []
        for offset in range(first, first + 2_500):
            link = chance.choice(["radio", "radio", "frames", "other"])
            data = chance.choice(frames if link == "frames" else packets)
            if offset % 10 == 0:
                link, data = "radio", packets[offset % len(packets)]
                good.add(offset)
            else:
                data = damaged(chance, data)
            run.append(message(offset, data, link=link, session=chance.choice("abc")))
        parsed.append(one.parse(FrameBatch.from_messages(run)))
    results = frames_of(parsed)
    assert list(results) == list(range(1, total + 1))
    assert {results[offset] for offset in good} == {"parsed"}
    bad = {offset for offset, result in results.items() if result in ("partly", "quarantined")}
    assert len(bad) > total // 3, "most of the frames should have been damaged"
    reasons = {row["frame_offset"] for row in quarantine_of(parsed)}
    assert bad <= reasons
