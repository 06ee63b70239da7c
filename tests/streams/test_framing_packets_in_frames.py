import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.framing import FramingConfig
from streams.framing.packets_in_frames import FoundPackets, FrameFault, packets_in_frames
from streams.framing.space_packet import IDLE_APID, idle_packet

DATAGRAMS = FramingConfig("datagram")


def packet(size: int, apid: int = 11) -> bytes:
    return apid.to_bytes(2, "big") + b"\xc0\x00" + (size - 7).to_bytes(2, "big") + b"\xe7" * (size - 6)


def find(config: FramingConfig, frames: list[bytes], gap: int = 0) -> tuple[FoundPackets, list[FrameFault]]:
    data = np.frombuffer(b"".join(frame + b"?" * gap for frame in frames), np.uint8)
    lengths = np.array([len(frame) for frame in frames], np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths + gap)[:-1])).astype(np.int64)[: len(frames)]
    return packets_in_frames(config, data, starts, lengths)


def listed(found: FoundPackets) -> list[tuple[int, int, bytes]]:
    return [(int(found.frame[i]), int(found.index[i]), found.packet(i)) for i in range(len(found))]


def test_no_frames_hold_no_packets() -> None:
    found, faults = find(DATAGRAMS, [])
    assert (len(found), faults) == (0, [])


def test_one_packet_in_each_frame_keeps_the_buffer() -> None:
    frames = [packet(7 + number) for number in range(200)]
    data = np.frombuffer(b"".join(frames), np.uint8)
    lengths = np.array([len(frame) for frame in frames])
    found, faults = packets_in_frames(DATAGRAMS, data, np.cumsum(lengths) - lengths, lengths)
    assert found.data is data
    assert listed(found) == [(number, 0, frame) for number, frame in enumerate(frames)]
    assert faults == []
    assert (found.starts.dtype, found.lengths.dtype, found.frame.dtype) == (np.int64,) * 3
    assert found.index.dtype == np.int32


# A frame: a header, packets (None: the idle one), and a rest that is none.
whole_packets = st.one_of(st.none(), st.integers(7, 30))
rests = st.sampled_from([b"", b"", b"\x00", b"\xff" * 9, packet(40)[:39], packet(40)[:6]])
frame_contents = st.tuples(st.lists(whole_packets, max_size=5), rests)


@given(st.lists(frame_contents, max_size=8), st.sampled_from([0, 3]), st.sampled_from([1, 40]), st.booleans())
def test_packets_and_rests_are_found_where_they_are(
    contents: list[tuple[list[int | None], bytes]], header: int, times: int, gap: bool
) -> None:
    contents = contents * times  # above and below what is walked one by one
    frames, expected, idle, broken = [], [], 0, {}
    for number, (sizes, rest) in enumerate(contents):
        packets = [idle_packet(8) if size is None else packet(size) for size in sizes]
        frames.append(b"\xff" * header + b"".join(packets) + rest)
        expected += [(number, i, packets[i]) for i, size in enumerate(sizes) if size is not None]
        idle += sizes.count(None)
        if rest or not packets:
            broken[number] = (len(frames[-1]) - len(rest), len(frames[-1]))
    config = FramingConfig("datagram", header=header)
    found, faults = find(config, frames, gap=2 * gap)
    assert listed(found) == expected
    assert found.idle == idle
    assert {fault.frame: (fault.start, fault.end) for fault in faults} == broken
    assert all(fault.stage == "frame" and fault.reason for fault in faults)


@given(st.lists(st.binary(max_size=30), max_size=60))
def test_random_bytes_become_packets_and_faults_and_nothing_is_left_over(frames: list[bytes]) -> None:
    found, faults = find(DATAGRAMS, frames)
    covered = [b""] * len(frames)
    for frame, _index, data in listed(found):
        covered[frame] += data
    for fault in faults:
        covered[fault.frame] += frames[fault.frame][fault.start : fault.end]
    if found.idle == 0:
        assert covered == frames


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "the frame is empty"),
        (b"\x00" * 6, "6 bytes are no whole packet: it has at least 7"),
        (packet(50)[:49], "49 bytes are no whole packet: its length field says 50"),
        (
            b"\x60" + packet(50)[1:20],
            "packet version is 3, must be 0 (length field says 50 bytes, frame holds 20)",
        ),
    ],
)
def test_a_fault_says_what_is_wrong(frame: bytes, reason: str) -> None:
    for count in (1, 100):
        _found, faults = find(DATAGRAMS, [packet(9), frame] * count)
        assert faults == [FrameFault(2 * n + 1, "frame", reason, 0, len(frame)) for n in range(count)]


def test_a_frame_that_is_only_header_is_a_fault() -> None:
    found, faults = find(FramingConfig("datagram", header=4), [b"abcd", b"abcd" + packet(9), b"ab"])
    assert listed(found) == [(1, 0, packet(9))]
    assert [(fault.frame, fault.start, fault.end) for fault in faults] == [(0, 4, 4), (2, 2, 2)]
    assert faults[0].reason == "the frame has 4 bytes, its header alone has 4: there is no packet"


def test_a_single_packet_is_taken_as_it_is() -> None:
    config = FramingConfig("fixed", 6, header=2, content="single")
    idle_looking = IDLE_APID.to_bytes(2, "big") + b"cd"
    found, faults = find(config, [b"\xff\xffabcd", b"\xff\xff" + idle_looking, b"\xff\xff"])
    assert listed(found) == [(0, 0, b"abcd"), (1, 0, idle_looking)]
    assert (found.idle, [fault.frame for fault in faults]) == (0, [2])


def test_one_frame_of_very_many_packets_is_walked() -> None:
    found, faults = find(DATAGRAMS, [packet(7) * 50_000 + b"\xff"])
    assert found.index.tolist() == list(range(50_000))
    assert [(fault.start, fault.end) for fault in faults] == [(350_000, 350_001)]


def test_transfer_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="TransferFrameReader"):
        find(FramingConfig("transfer-frames", 20), [])
