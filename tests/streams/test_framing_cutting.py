import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.framing import MAX_FRAME, Frame, FramingConfig, make_framer
from streams.framing.frame import MAX_TORN
from streams.framing.sync_marker import ASM

PACKETS = FramingConfig("packets")
MARKED = FramingConfig("transfer-frames", 20)


def packet(size: int, apid: int = 11, fill: int = 0xE7) -> bytes:
    return apid.to_bytes(2, "big") + b"\xc0\x00" + (size - 7).to_bytes(2, "big") + bytes([fill]) * (size - 6)


def cut(config: FramingConfig, chunks: list[bytes]) -> list[Frame]:
    """Frames of the chunks, which arrive at 1, 2, 3 ...; the connection ends at 1000."""
    framer = make_framer(config)
    frames = [frame for number, chunk in enumerate(chunks, 1) for frame in framer.feed(chunk, number)]
    return frames + framer.flush(1000)


def whole(frames: list[Frame]) -> list[bytes]:
    return [frame.data for frame in frames if not frame.torn]


def torn(frames: list[Frame]) -> list[bytes]:
    return [frame.data for frame in frames if frame.torn]


def without_times(frames: list[Frame]) -> list[tuple[bytes, str]]:
    return [(frame.data, frame.torn) for frame in frames]


def random_bytes(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


# What a link may carry: packets, transfer frames, garbage, in any order; and any way to chunk it.
pieces = st.one_of(
    st.integers(7, 60).map(packet),
    st.integers(7, 9).map(lambda size: packet(size, fill=0) * 80),
    st.binary(min_size=20, max_size=20).map(lambda body: ASM + body),
    st.binary(min_size=20, max_size=20).map(lambda body: ASM + body[:-3]),
    st.sampled_from([ASM, ASM[:2], b"\x00", b"\xff" * 7, b"\x1f" * 9, packet(40)[:-5], packet(300)[3:]]),
    st.binary(max_size=40),
)
streams_of_bytes = st.lists(pieces, max_size=30).map(b"".join)
configs = st.sampled_from(
    [
        FramingConfig("fixed", 1),
        FramingConfig("fixed", 17),
        PACKETS,
        FramingConfig("packets", 64),
        FramingConfig("packets", header=3),
        FramingConfig("packets", 30, header=20),
        MARKED,
        FramingConfig("transfer-frames", 20, asm=False),
    ]
)


@given(configs, streams_of_bytes, st.lists(st.integers(0, 2000), max_size=40))
def test_no_byte_is_lost_and_the_chunks_make_no_difference(
    config: FramingConfig, data: bytes, cuts: list[int]
) -> None:
    edges = sorted({0, len(data), *(edge for edge in cuts if edge < len(data))})
    chunks = [data[a:b] for a, b in pairwise(edges)]
    at_once, chunked = cut(config, [data]), cut(config, chunks)
    assert b"".join(frame.data for frame in at_once) == data
    assert without_times(chunked) == without_times(at_once)
    assert all(frame.data for frame in at_once)
    assert without_times(cut(config, [data[at : at + 1] for at in range(len(data))])) == without_times(
        at_once
    )


@given(configs, streams_of_bytes, st.integers(1, 50))
def test_a_frame_is_received_when_its_last_byte_arrived(
    config: FramingConfig, data: bytes, size: int
) -> None:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    end = 0
    for frame in cut(config, chunks):
        end += len(frame.data)
        assert frame.received == (end - 1) // size + 1


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_each_datagram_is_a_frame_even_an_empty_one(datagrams: list[bytes]) -> None:
    expected = [Frame(datagram, number, "") for number, datagram in enumerate(datagrams, 1)]
    assert cut(FramingConfig("datagram"), datagrams) == expected


def test_a_datagram_above_the_largest_frame_comes_out_in_torn_pieces() -> None:
    frames = cut(FramingConfig("datagram"), [bytes(MAX_FRAME + 1)])
    assert [len(frame.data) for frame in frames] == [MAX_FRAME, 1]
    assert all("larger than a frame" in frame.torn for frame in frames)


def test_the_largest_fixed_frame_is_put_together_from_small_chunks() -> None:
    data = random_bytes(1024) * (MAX_FRAME // 1024)
    chunks = [data[at : at + 700] for at in range(0, len(data), 700)]
    assert whole(cut(FramingConfig("fixed", MAX_FRAME), chunks)) == [data]


def test_an_unfinished_frame_is_torn_at_the_end_of_the_connection() -> None:
    for config in (FramingConfig("fixed", 100), PACKETS, FramingConfig("transfer-frames", 100)):
        data = ASM + bytes(60) if config.kind == "transfer-frames" else packet(99)[:70]
        assert without_times(cut(config, [data])) == [(data, "connection ended inside a frame")]


def test_a_framer_starts_anew_after_the_end() -> None:
    for config, good in ((PACKETS, packet(30)), (MARKED, ASM + bytes(20))):
        framer = make_framer(config)
        framer.feed(b"\xff" * 100, 1)
        framer.flush(2)
        assert framer.feed(good, 3) == [Frame(good, 3, "")]


# Space packets


def test_a_packet_comes_out_with_its_last_byte() -> None:
    framer, data = make_framer(PACKETS), packet(20)
    assert framer.feed(data[:-1], 1) == []
    assert framer.feed(data[-1:], 2) == [Frame(data, 2, "")]


def test_the_header_before_a_packet_stays_in_its_frame() -> None:
    data = b"\xff\xff\xff\xff" + packet(20)
    assert whole(cut(FramingConfig("packets", header=4), [data * 5])) == [data] * 5


def test_the_smallest_and_the_largest_packets_are_cut() -> None:
    sizes = [7, 65_542, 7, 65_542] + [7] * 10_000 + [8]
    packets = [packet(size) for size in sizes]
    assert cut(PACKETS, [b"".join(packets)]) == [Frame(data, 1, "") for data in packets]


def test_long_runs_of_one_length_end_where_the_length_changes() -> None:
    sizes = [71] * 5000 + [72] + [71] * 300 + [70] * 64 + [71] * 65 + [9] * 66
    packets = [packet(size, number % 2000) for number, size in enumerate(sizes)]
    assert whole(cut(PACKETS, [b"".join(packets)])) == packets


def test_packets_after_garbage_are_found_again() -> None:
    good = [packet(71, fill=number) for number in range(20)]
    garbage = b"\xff" * 33
    frames = cut(PACKETS, [b"".join(good[:10]) + garbage + b"".join(good[10:])])
    assert whole(frames) == good
    assert torn(frames) == [garbage]
    assert "packet version is 7" in frames[10].torn


def test_packets_after_a_lost_piece_are_found_again() -> None:
    good = [packet(71, fill=0xE0 + number) for number in range(20)]
    frames = cut(PACKETS, [b"".join(good[:5]) + good[5][:30] + b"".join(good[6:])])
    assert whole(frames)[:5] == good[:5]
    assert whole(frames)[-12:] == good[8:]  # one is taken into the broken one, the rest of it is torn


def test_a_length_above_the_configured_one_is_lost_synchronisation() -> None:
    good = [packet(50, fill=0xEE)] * 6
    frames = cut(FramingConfig("packets", 60), [packet(61, fill=0xEE) + b"".join(good)])
    assert whole(frames) == good
    assert "length field out of range: it says 61 bytes, the largest frame is 60" in frames[0].torn


def test_a_chain_is_found_before_a_wrong_candidate_claims_the_rest() -> None:
    claims_much = b"\xff" + packet(60_000)[:6]
    good = [packet(40, fill=0xEE)] * 10
    framer = make_framer(PACKETS)
    frames = framer.feed(claims_much + b"".join(good), 1)
    assert whole(frames) == good


def test_packets_at_the_very_end_of_a_connection_are_found_without_a_third() -> None:
    frames = cut(PACKETS, [b"\xff" * 20 + packet(30, fill=0xEE) + packet(40, fill=0xEE)])
    assert without_times(frames)[1:] == [(packet(30, fill=0xEE), ""), (packet(40, fill=0xEE), "")]


@pytest.mark.parametrize("data", [random_bytes(600_000), b"\xff" * 600_000, b"\x1f\xff" * 300_000])
def test_endless_garbage_comes_out_in_bounded_pieces_as_it_arrives(data: bytes) -> None:
    framer, out, frames = make_framer(PACKETS), 0, []
    for at in range(0, len(data), 4096):
        new = framer.feed(data[at : at + 4096], at)
        out += sum(len(frame.data) for frame in new)
        frames += new
        assert at - out < 2 * 65_542 + MAX_TORN
    frames += framer.flush(1)
    assert b"".join(frame.data for frame in frames) == data
    assert all(len(frame.data) <= MAX_TORN for frame in frames if frame.torn)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("name", "count"),
    [("jpss/J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1", 7200), ("ctim/ccsds_2021_155_14_39_51", 1499)],
)
def test_the_packets_of_real_recordings_are_all_cut(name: str, count: int) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside the repository")
    data = path.read_bytes()
    frames = cut(PACKETS, [data[at : at + 10_000] for at in range(0, len(data), 10_000)])
    assert len(whole(frames)) == count
    assert torn(frames) == []


# Transfer frames behind sync markers


def test_marked_frames_keep_their_marker_and_bytes() -> None:
    frames = [ASM + random_bytes(20, seed) for seed in range(50)]
    assert cut(MARKED, [b"".join(frames)]) == [Frame(frame, 1, "") for frame in frames]


def test_bytes_between_marked_frames_come_out_torn() -> None:
    frame = ASM + bytes(20)
    frames = cut(MARKED, [b"ab" + frame + b"c" + frame])
    assert without_times(frames) == [
        (b"ab", "no sync marker found"),
        (frame, ""),
        (b"c", "no sync marker found"),
        (frame, ""),
    ]


@pytest.mark.parametrize("missing", range(1, 20))
def test_a_frame_that_lost_bytes_does_not_take_the_next_one_with_it(missing: int) -> None:
    frame = ASM + b"\x55" * 20
    frames = cut(MARKED, [frame + frame[:-missing] + frame * 3])
    assert whole(frames) == [frame] * 4
    assert torn(frames) == [frame[:-missing]]


def test_a_marker_inside_a_frame_is_data_when_the_next_marker_is_in_its_place() -> None:
    frame = ASM + bytes(5) + ASM + bytes(11)
    assert cut(MARKED, [frame * 4]) == [Frame(frame, 1, "")] * 4


def test_a_long_stretch_without_marker_comes_out_in_bounded_pieces() -> None:
    noise = b"\x1a\xcf\xfc\x00" * 50_000
    for gap in (0, 1, 2 * MAX_TORN - 3, 2 * MAX_TORN, 2 * MAX_TORN + 1):
        for size in (1000, 1 << 20):
            data = noise[:gap] + ASM + bytes(20)
            frames = cut(MARKED, [data[at : at + size] for at in range(0, len(data), size)])
            assert whole(frames) == [ASM + bytes(20)]
            assert b"".join(torn(frames)) == noise[:gap]
            assert all(0 < len(piece) <= MAX_TORN for piece in torn(frames))
