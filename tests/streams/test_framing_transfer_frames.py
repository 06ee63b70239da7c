import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ccsds.tm_frame import TmTransferFrame

from streams.framing import FramingConfig
from streams.framing.channel_coding import error_control, is_intact, pseudo_random, randomise
from streams.framing.space_packet import idle_packet
from streams.framing.sync_marker import ASM
from streams.framing.transfer_frame import (
    FrameCounts,
    TransferFrame,
    decode_frame,
    encode_frame,
    frame_counts,
)
from streams.framing.transfer_frame_builder import build_transfer_frames
from streams.framing.transfer_frames import (
    UNCLAIMED,
    SpannedFault,
    SpannedPacket,
    TransferFrameReader,
)

BARE = FramingConfig("transfer-frames", 30, asm=False)  # 24 bytes of data a frame


def packet(size: int, apid: int = 11, fill: int = 0xE7) -> bytes:
    return apid.to_bytes(2, "big") + b"\xc0\x00" + (size - 7).to_bytes(2, "big") + bytes([fill]) * (size - 6)


def read(
    config: FramingConfig, frames: list[bytes], first: int = 100
) -> tuple[list[SpannedPacket], list[SpannedFault]]:
    reader = TransferFrameReader(config)
    return reader.read(frames, range(first, first + len(frames)))


# The coding


def test_the_randomiser_starts_as_in_the_standard() -> None:
    """131.0-B-3 section 10.4.2: the first 40 bits are 1111 1111 0100 1000 0000 1110 1100 0000 1001 1010."""
    assert pseudo_random(5) == bytes.fromhex("FF480EC09A")
    assert pseudo_random(600) == (pseudo_random(255) * 3)[:600]


def test_the_error_control_is_the_crc_of_the_standard() -> None:
    assert error_control(b"123456789") == bytes.fromhex("29B1")


@given(st.binary(min_size=1, max_size=600))
def test_coding_is_undone_by_its_inverse(data: bytes) -> None:
    assert randomise(randomise(data)) == data
    assert is_intact(data + error_control(data))


frames_of_any_field = st.builds(
    TransferFrame,
    scid=st.integers(0, 1023),
    vcid=st.integers(0, 7),
    mc_count=st.integers(0, 255),
    vc_count=st.integers(0, 255),
    first_header=st.integers(0, 0x7FF),
    data=st.binary(min_size=1, max_size=60),
    secondary=st.binary(max_size=63).map(lambda rest: bytes([len(rest)]) + rest) | st.just(b""),
    ocf=st.sampled_from([b"", b"ocf!"]),
    synchronised=st.booleans(),
)


@given(frames_of_any_field, st.booleans(), st.booleans(), st.booleans())
def test_a_frame_is_decoded_as_it_was_encoded(
    frame: TransferFrame, asm: bool, fecf: bool, randomised: bool
) -> None:
    length = len(frame.pack()) + 2 * fecf
    config = FramingConfig("transfer-frames", length, asm=asm, fecf=fecf, randomised=randomised)
    encoded = encode_frame(config, frame)
    assert encoded.startswith(ASM) or not asm
    assert decode_frame(config, encoded) == frame
    assert frame_counts(config, encoded) == FrameCounts(frame.scid, frame.vcid, frame.vc_count)


@given(frames_of_any_field)
def test_another_implementation_reads_the_same_fields(frame: TransferFrame) -> None:
    config = FramingConfig("transfer-frames", len(frame.pack()) + 2, asm=False, fecf=True)
    other = TmTransferFrame.unpack(encode_frame(config, frame), config.length or 0, True)
    header = other.primary_header
    assert (header.master_channel_id.spacecraft_id, header.vc_id) == (frame.scid, frame.vcid)
    assert (header.master_ch_frame_count, header.vc_frame_count) == (frame.mc_count, frame.vc_count)
    assert header.frame_datafield_status.first_header_pointer == frame.first_header
    assert header.frame_datafield_status.sync_flag == frame.synchronised
    assert (other.secondary_header.pack() if other.secondary_header else b"") == frame.secondary
    assert (other.data_field, other.op_ctrl_field or b"") == (frame.data, frame.ocf)


@given(st.binary(max_size=40), st.booleans(), st.booleans())
def test_bytes_that_are_no_frame_are_refused_with_a_reason(data: bytes, asm: bool, fecf: bool) -> None:
    config = FramingConfig("transfer-frames", 20, asm=asm, fecf=fecf)
    frame_counts(config, data)
    try:
        decode_frame(config, data)
    except ValueError as error:
        assert len(str(error)) > 10


# Packets that span frames

configs = st.sampled_from(
    [
        BARE,
        FramingConfig("transfer-frames", 14),
        FramingConfig("transfer-frames", 16, asm=False, fecf=True),
        FramingConfig("transfer-frames", 100, fecf=True, randomised=True),
    ]
)
many_packets = st.lists(
    st.builds(packet, st.integers(7, 90), st.integers(0, 0x7FE), st.integers(0, 255)), min_size=1, max_size=30
)


@given(configs, many_packets, st.integers(0, 255), st.sampled_from([b"", b"OCF!"]))
def test_packets_are_read_as_they_were_sent(
    config: FramingConfig, packets: list[bytes], count: int, ocf: bytes
) -> None:
    frames = build_transfer_frames(packets, config, scid=5, vcid=3, vc_count=count, ocf=ocf)
    found, faults = read(config, frames)
    assert [one.data for one in found] == packets
    assert faults == []
    assert len({(one.offset, one.index) for one in found}) == len(packets)


@given(configs, many_packets, st.data())
def test_a_packets_identity_does_not_depend_on_where_reading_began(
    config: FramingConfig, packets: list[bytes], data: st.DataObject
) -> None:
    frames = build_transfer_frames(packets, config)
    first = data.draw(st.integers(0, len(frames) - 1))
    everything, _ = read(config, frames)
    later, faults = read(config, frames[first:], 100 + first)
    assert later == [one for one in everything if one.offset >= 100 + first]
    assert all(UNCLAIMED in fault.reason for fault in faults)


@given(configs, many_packets, st.data())
def test_a_reader_that_starts_where_the_oldest_pending_packet_began_finds_the_same_from_then_on(
    config: FramingConfig, packets: list[bytes], data: st.DataObject
) -> None:
    frames = build_transfer_frames(packets, config)
    kept = sorted(data.draw(st.sets(st.integers(0, len(frames) - 1), min_size=1)))  # the others are lost
    stop = data.draw(st.integers(0, len(kept)))
    patience = data.draw(st.sampled_from([1, 3, 1000]))
    one = TransferFrameReader(config, patience)
    one.read([frames[number] for number in kept[:stop]], kept[:stop])
    at = kept[stop] if stop < len(kept) else len(frames)
    one.give_up(at - 1)
    first = min([at, *one.pending()])
    other = TransferFrameReader(config, patience)
    before = [number for number in kept[:stop] if number >= first]
    other.read([frames[number] for number in before], before)
    assert other.pending() == one.pending()
    later = [frames[number] for number in kept[stop:]], kept[stop:]
    assert other.read(*later) == one.read(*later)
    assert other.give_up(len(frames) + 1000) == one.give_up(len(frames) + 1000)


@given(configs, many_packets, st.data())
def test_lost_frames_cost_only_the_packets_they_touch(
    config: FramingConfig, packets: list[bytes], data: st.DataObject
) -> None:
    frames = build_transfer_frames(packets, config)
    lost = data.draw(st.sets(st.integers(0, len(frames) - 1), max_size=3))
    reader = TransferFrameReader(config)
    kept = [number for number in range(len(frames)) if number not in lost]
    found, _faults = reader.read([frames[number] for number in kept], kept)
    untouched = [
        one for one in read(config, frames, 0)[0] if not lost & set(range(one.offset, one.last_offset + 1))
    ]
    assert found == untouched


def test_a_packet_and_its_header_may_span_frames() -> None:
    packets = [packet(20), packet(60), packet(10)]  # the second one's header starts 4 bytes before the end
    frames = build_transfer_frames(packets, BARE)
    found, faults = read(BARE, frames)
    assert found == [
        SpannedPacket(packets[0], 100, 0, 100),
        SpannedPacket(packets[1], 100, 1, 103),
        SpannedPacket(packets[2], 103, 0, 103),
    ]
    assert faults == []


def test_a_lost_frame_gives_up_the_packet_that_was_in_it_and_keeps_its_bytes() -> None:
    packets = [packet(20), packet(60), packet(10)]
    frames = build_transfer_frames(packets, BARE)
    reader = TransferFrameReader(BARE)
    found, faults = reader.read([frames[0], *frames[2:4]], [100, 102, 103])
    assert [one.data for one in found] == [packets[0], packets[2]]
    reason = "1 frame of the virtual channel lost before frame count 2"
    assert faults == [
        SpannedFault(100, "frame", reason, packets[1][:4], packet_index=1),
        SpannedFault(102, "frame", f"24 {UNCLAIMED}", packets[1][28:52]),
        SpannedFault(103, "frame", f"8 {UNCLAIMED}", packets[1][52:]),
    ]


def test_virtual_channels_are_read_apart() -> None:
    one, two = packet(100, 1), packet(100, 2)
    a, b = build_transfer_frames([one], BARE, vcid=1), build_transfer_frames([two], BARE, vcid=2, vc_count=9)
    mixed = [frame for pair in zip(a, b, strict=True) for frame in pair]
    found, faults = read(BARE, mixed)
    assert [(spanned.data, spanned.offset) for spanned in found] == [(one, 100), (two, 101)]
    assert faults == []


def test_a_wrong_error_control_keeps_the_frame_out() -> None:
    config = FramingConfig("transfer-frames", 32, fecf=True)
    packets = [packet(24, fill=number) for number in range(3)]
    frames = build_transfer_frames(packets, config)
    damaged = frames[1][:-5] + b"!" + frames[1][-4:]
    found, faults = read(config, [frames[0], damaged, frames[2]])
    assert [one.data for one in found] == [packets[0], packets[2]]
    assert [(fault.offset, fault.data) for fault in faults] == [(101, damaged)]
    assert faults[0].reason.startswith("frame error control is")


def frame(first_header: int, data: bytes, count: int = 0, synchronised: bool = False) -> bytes:
    whole = data.ljust(24, b"\x55")
    return encode_frame(BARE, TransferFrame(1, 1, 0, count, first_header, whole, synchronised=synchronised))


@pytest.mark.parametrize("pointer", [4, 6, 23])
def test_a_pointer_that_contradicts_the_pending_length_resynchronises(pointer: int) -> None:
    begun = packet(17) + packet(12)[:7]  # 5 more bytes are to come
    good = packet(24 - pointer) if pointer < 18 else b""
    found, faults = read(BARE, [frame(0, begun), frame(pointer, bytes(pointer) + good, 1)])
    assert [one.data for one in found] == [packet(17)] + [good] * bool(good)
    assert faults[0].offset == 100
    assert faults[0].data == packet(12)[:7] + bytes(pointer)
    assert "its length is 12 bytes" in faults[0].reason


def test_a_frame_without_packet_start_that_ends_the_packet_too_early_is_a_fault() -> None:
    found, faults = read(BARE, [frame(0, packet(17) + packet(12)[:7]), frame(0x7FF, b"", 1)])
    assert [one.data for one in found] == [packet(17)]
    assert len(faults[0].data) == 7 + 24


def test_what_holds_no_packets_is_said() -> None:
    wrong_version = b"\xc0" + frame(0, b"")[1:]
    frames = [frame(0x7FE, b""), frame(0, b"", 1, True), frame(24, b"", 2), wrong_version, b"short"]
    reader = TransferFrameReader(BARE)
    found, faults = reader.read(frames, range(5))
    assert found == []
    assert reader.idle_frames == 1
    says = ["carries no packets", "first header pointer is 24", "version is 3, must be 0", "has 5 bytes"]
    assert [fault.offset for fault in faults] == [1, 2, 3, 4]
    assert all(words in fault.reason for words, fault in zip(says, faults, strict=True))


def test_bytes_before_the_first_start_are_a_fault() -> None:
    found, faults = read(BARE, [frame(4, b"tail" + packet(20))])
    assert [one.data for one in found] == [packet(20)]
    assert faults == [SpannedFault(100, "frame", f"4 {UNCLAIMED}", b"tail")]


def test_a_wrong_packet_version_leaves_the_rest_of_the_frame_to_a_fault() -> None:
    found, faults = read(BARE, [frame(0, packet(10) + b"\xff" * 14), frame(0, packet(24), 1)])
    assert [one.data for one in found] == [packet(10), packet(24)]
    assert [(fault.offset, fault.data) for fault in faults] == [(100, b"\xff" * 14)]


def test_idle_packets_count_in_the_index_and_are_dropped() -> None:
    reader = TransferFrameReader(BARE)
    found, _ = reader.read([frame(0, idle_packet(10) + packet(14))], [7])
    assert found == [SpannedPacket(packet(14), 7, 1, 7)]
    assert reader.idle == 1


def test_a_packet_that_is_not_complete_in_time_is_given_up_at_the_same_frame_in_either_way() -> None:
    begun, goes_on = frame(0, packet(100)[:24]), frame(0x7FF, packet(100)[24:48], 1)
    fault = SpannedFault(7, "frame", "not complete 10 frames after it began", packet(100)[:24], 0)
    for last, is_given_up in ((17, False), (18, True)):
        told, read_on = TransferFrameReader(BARE, 10), TransferFrameReader(BARE, 10)
        for reader in (told, read_on):
            reader.read([begun], [7])
            assert reader.pending() == [7]
        assert told.give_up(last) == [fault] * is_given_up
        assert read_on.read([goes_on], [last])[1][:1] == [fault] * is_given_up
        assert told.pending() == read_on.pending() == [7] * (not is_given_up)


@given(st.lists(st.binary(min_size=34, max_size=34), max_size=20))
def test_random_frames_do_not_stop_the_reader(bodies: list[bytes]) -> None:
    config = FramingConfig("transfer-frames", 34, asm=False)
    reader = TransferFrameReader(config)
    reader.read([b"\x00\x10" + body[2:] for body in bodies], range(len(bodies)))
    reader.read(bodies, range(len(bodies)))
    reader.give_up(10**9)
    assert reader.pending() == []


def test_frames_of_wrong_size_are_refused_by_the_builder() -> None:
    with pytest.raises(ValueError, match="first header pointer needs"):
        build_transfer_frames([packet(9)], FramingConfig("transfer-frames", 8, asm=False, fecf=True))
    with pytest.raises(ValueError, match="length minus 1"):
        build_transfer_frames([packet(9)], BARE, secondary=b"\x05ab")
