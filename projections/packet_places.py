"""Where a packet's bytes and its fields' bits stand in the frames as they were received.

A packet in a transfer frame (132.0-B-3, 4.1.4) may go on in later frames of its virtual channel; it is
then in several pieces, and a field may lie across two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from streams.framing import FramingConfig
from streams.framing.packets_in_frames import packets_in_frames
from streams.framing.space_packet import MIN_PACKET, PRIMARY_HEADER, packet_length
from streams.framing.sync_marker import ASM
from streams.framing.transfer_frame import NO_START, ONLY_IDLE, TransferFrame, decode_frame
from streams.framing.transfer_frame import PRIMARY_HEADER as FRAME_HEADER


class Frame(NamedTuple):
    """A frame of one link and session: its offset in FRAMES and its bytes."""

    offset: int
    data: bytes


class Piece(NamedTuple):
    """`size` bytes of a packet, from byte `first_byte` on of the frame at `frame_offset`."""

    frame_offset: int
    first_byte: int
    size: int


class Bits(NamedTuple):
    """`bits` bits from `first_bit` on, counted from the first bit of the frame at `frame_offset`."""

    frame_offset: int
    first_bit: int
    bits: int


class PlacedPacket(NamedTuple):
    """A packet's bytes and the pieces that they came in."""

    data: bytes
    pieces: tuple[Piece, ...]

    def bits(self, first_bit: int, bits: int) -> list[Bits]:
        """Return where `bits` bits of the packet stand, from its bit `first_bit` on."""
        found, start = [], 0
        for piece in self.pieces:
            begin, end = max(first_bit, start), min(first_bit + bits, start + 8 * piece.size)
            if begin < end:
                found.append(Bits(piece.frame_offset, 8 * piece.first_byte + begin - start, end - begin))
            start += 8 * piece.size
        return found


def place_packet(config: FramingConfig, frames: Sequence[Frame], index: int) -> PlacedPacket | None:
    """Return packet number `index` of the first frame, which may go on in the others, in ascending offsets.

    None when there is no such packet, or its end is not in these frames.
    """
    if config.kind == "transfer-frames":
        return _spanning(config, frames, index)
    first = frames[0]
    octets = np.frombuffer(first.data, dtype=np.uint8)
    found, _ = packets_in_frames(config, octets, np.array([0]), np.array([len(first.data)]))
    for number in np.flatnonzero(found.index == index).tolist():
        data = found.packet(number)
        return PlacedPacket(data, (Piece(first.offset, int(found.starts[number]), len(data)),))
    return None


def _spanning(config: FramingConfig, frames: Sequence[Frame], index: int) -> PlacedPacket | None:
    decoded = _decoded(config, frames)
    offset, first, base = next(decoded, (0, None, 0))
    start = _start(first, index) if first is not None and offset == frames[0].offset else None
    if first is None or start is None:
        return None
    data, pieces = first.data[start:], [Piece(offset, base + start, len(first.data) - start)]
    while (wanted := packet_length(data) if len(data) >= PRIMARY_HEADER else MIN_PACKET) > len(data):
        offset, frame, base = next(
            ((o, f, b) for o, f, b in decoded if (f.scid, f.vcid) == (first.scid, first.vcid)), (0, None, 0)
        )
        if frame is None:
            return None
        tail = frame.data if frame.first_header == NO_START else frame.data[: frame.first_header]
        data += tail
        pieces.append(Piece(offset, base, len(tail)))
    last = pieces[-1]
    pieces[-1] = last._replace(size=last.size - (len(data) - wanted))
    return PlacedPacket(data[:wanted], tuple(piece for piece in pieces if piece.size > 0))


def _decoded(config: FramingConfig, frames: Iterable[Frame]) -> Iterator[tuple[int, TransferFrame, int]]:
    """Yield offset, fields and the data field's first byte of each good frame that carries packets."""
    for frame in frames:
        try:
            decoded = decode_frame(config, frame.data)
        except ValueError:
            continue
        if decoded.first_header != ONLY_IDLE and not decoded.synchronised:
            yield (
                frame.offset,
                decoded,
                (len(ASM) if config.asm else 0) + FRAME_HEADER + len(decoded.secondary),
            )


def _start(frame: TransferFrame, index: int) -> int | None:
    """Return where packet number `index` of those that start in a frame begins in its data field."""
    at = frame.first_header
    for _ in range(index):
        if at + PRIMARY_HEADER > len(frame.data):
            return None
        at += packet_length(frame.data, at)
    return at if at < len(frame.data) else None
