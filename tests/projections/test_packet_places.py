"""Where a packet's bits stand in the frames as they were received, also when it spans transfer frames."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.packet_places import Bits, Frame, Piece, PlacedPacket, place_packet
from streams.framing import FramingConfig
from streams.framing.sync_marker import ASM
from streams.framing.transfer_frame import NO_START, ONLY_IDLE, TransferFrame, encode_frame
from streams.framing.transfer_frames import TransferFrameReader

PACKETS = FramingConfig(kind="packets")


def space_packet(apid: int, size: int) -> bytes:
    body = bytes(number % 251 for number in range(size))
    return struct.pack(">HHH", 0x0800 | apid, 0xC000, size - 1) + body


def test_a_packet_in_a_frame_is_one_piece_behind_the_frames_header() -> None:
    config = FramingConfig(kind="packets", header=3)
    first, second = space_packet(1, 5), space_packet(2, 7)
    frame = Frame(9, b"abc" + first + second)
    assert place_packet(config, [frame], 1) == PlacedPacket(second, (Piece(9, 3 + len(first), len(second)),))
    assert place_packet(config, [frame], 2) is None


def test_bits_are_cut_where_the_packet_is() -> None:
    placed = PlacedPacket(b"\0" * 6, (Piece(5, 10, 2), Piece(8, 6, 3), Piece(9, 6, 1)))
    assert placed.bits(0, 16) == [Bits(5, 80, 16)]
    assert placed.bits(13, 6) == [Bits(5, 93, 3), Bits(8, 48, 3)]
    assert placed.bits(15, 33) == [Bits(5, 95, 1), Bits(8, 48, 24), Bits(9, 48, 8)]
    assert placed.bits(40, 8) == [Bits(9, 48, 8)]
    assert placed.bits(3, 0) == []


@st.composite
def configs(draw: st.DrawFn) -> FramingConfig:
    return FramingConfig(
        kind="transfer-frames",
        length=draw(st.integers(20, 60)),
        asm=draw(st.booleans()),
        fecf=draw(st.booleans()),
        randomised=draw(st.booleans()),
    )


def pack(config: FramingConfig, stream: list[bytes], draw: st.DrawFn) -> list[bytes]:
    """Pack packets into the frames of channel 1, with frames of others between them and idle ones."""
    data = b"".join(stream)
    starts = [sum(map(len, stream[:number])) for number in range(len(stream))]
    frames, at, count = [], 0, 0
    while at < len(data):
        kind = draw(st.sampled_from(["data", "data", "idle", "other", "damaged"]))
        secondary = draw(st.sampled_from([b"", b"\x02ab"]))
        room = (config.length or 0) - 6 - len(secondary) - 2 * config.fecf
        if kind == "damaged":
            frames.append(b"\xff" * ((config.length or 0) + 4 * config.asm))
            continue
        first = next((start - at for start in starts if at <= start < at + room), NO_START)
        chunk = data[at : at + room]
        filled = chunk if len(chunk) == room else chunk + bytes(room - len(chunk))
        if len(chunk) < room:  # the rest is an idle packet, or too short for one
            filled = (chunk + space_packet(0x7FF, max(1, room - len(chunk) - 6)))[:room]
            first = first if first != NO_START else (len(chunk) if len(chunk) < room else NO_START)
        if kind == "data":
            frame = TransferFrame(5, 1, 0, count % 256, first, filled, secondary)
            at, count = at + room, count + 1
        elif kind == "idle":
            frame = TransferFrame(5, 1, 0, count % 256, ONLY_IDLE, bytes(room), secondary)
            count += 1
        else:
            frame = TransferFrame(5, 2, 0, 0, 0, space_packet(3, room - 6), secondary)
        frames.append(encode_frame(config, frame))
    return frames


@given(st.data())
def test_the_pieces_of_spanning_packets_are_the_bytes_that_the_parser_finds(data: st.DataObject) -> None:
    config = data.draw(configs())
    stream = [
        space_packet(100 + n, data.draw(st.integers(1, 90))) for n in range(data.draw(st.integers(1, 6)))
    ]
    received = pack(config, stream, data.draw)  # type: ignore[arg-type]
    frames = [Frame(10 + number, frame) for number, frame in enumerate(received)]
    found, _ = TransferFrameReader(config).read(received, [frame.offset for frame in frames])
    mine = [packet for packet in found if packet.data in stream]
    assert [packet.data for packet in mine] == stream
    for packet in mine:
        placed = place_packet(config, frames[packet.offset - 10 :], packet.index)
        assert placed is not None
        assert placed.data == packet.data
        assert placed.pieces[0].frame_offset == packet.offset
        assert placed.pieces[-1].frame_offset == packet.last_offset
        if not config.randomised:
            joined = b"".join(
                received[piece.frame_offset - 10][piece.first_byte : piece.first_byte + piece.size]
                for piece in placed.pieces
            )
            assert joined == packet.data


def test_a_packet_whose_end_is_not_there_yet_has_no_place() -> None:
    config = FramingConfig(kind="transfer-frames", length=20, asm=False, fecf=False)
    first = encode_frame(config, TransferFrame(5, 1, 0, 0, 0, space_packet(1, 20)[:14]))
    assert place_packet(config, [Frame(1, first)], 0) is None


@pytest.mark.parametrize("frame", [b"", b"\x1a\xcf", ASM + b"\xff" * 20, b"\0" * 20])
def test_what_is_no_frame_has_no_packet(frame: bytes) -> None:
    config = FramingConfig(kind="transfer-frames", length=20, asm=True, fecf=True)
    assert place_packet(config, [Frame(1, frame)], 0) is None
    assert place_packet(PACKETS, [Frame(1, frame)], 5) is None
