"""Find the space packets in TM transfer frames, CCSDS 132.0-B-3 section 4.3: what the ground does.

Packets span frames, so a reader has a state per virtual channel: the packet that is not complete yet and the
last frame count. A packet's identity is the offset of the frame in which it starts and its index among those
that start there, counted from the first header pointer: it does not depend on where reading began.

What is found in a frame depends on the packets that are not complete when it comes, and on nothing else that
was before: a reader that starts where the oldest of them began finds the same. A packet is given up
`patience` offsets behind the frame in which it began, so that is never far back.

Known limits: bytes before the first packet start of a channel's first frame are a fault, though a packet may
just have begun before the recording. A frame that comes twice looks like 255 lost ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from streams.framing.config import FramingConfig
from streams.framing.space_packet import (
    IDLE_APID,
    MIN_PACKET,
    PRIMARY_HEADER,
    packet_apid,
    packet_length,
    wrong_packet,
)
from streams.framing.transfer_frame import NO_START, ONLY_IDLE, TransferFrame, decode_frame

PATIENCE = 100_000
"""Frames, of all links, after which a packet that is not complete is given up."""

UNCLAIMED = "bytes before a packet start belong to no packet: where it began was lost, or damaged"


class SpannedPacket(NamedTuple):
    """A packet, the offset of the frame where it starts, its index there, and the frame where it ended."""

    data: bytes
    offset: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a packet
    last_offset: int


class SpannedFault(NamedTuple):
    """Bytes that are no packet.

    With `packet_index` from 0 on: those of the packet with this index that started in the frame at `offset`
    and never ended; that frame may have been read long before. With -1: a piece of the frame at `offset`,
    which is one of those just read.
    """

    offset: int
    stage: Literal["frame"]
    reason: str
    data: bytes
    packet_index: int = -1


@dataclass
class _Partial:
    """A packet that is not complete yet."""

    data: bytearray
    offset: int
    index: int


@dataclass
class _Channel:
    """State of one virtual channel: the last frame count, and the packet that is not complete."""

    count: int | None = None
    partial: _Partial | None = None


class TransferFrameReader:
    """Reads the frames of a link in the order of their offsets; keeps state per (scid, vcid).

    `idle` counts the idle packets and `idle_frames` the frames with only idle data: both are dropped.
    """

    def __init__(self, config: FramingConfig, patience: int = PATIENCE) -> None:
        self._config = config
        self._patience = patience
        self._channels: dict[tuple[int, int], _Channel] = {}
        self._packets: list[SpannedPacket] = []
        self._faults: list[SpannedFault] = []
        self.idle = 0
        self.idle_frames = 0

    def read(
        self, frames: Sequence[bytes], offsets: Sequence[int]
    ) -> tuple[list[SpannedPacket], list[SpannedFault]]:
        """Return the packets that the frames complete, and what in them cannot be used."""
        for frame, offset in zip(frames, offsets, strict=True):
            try:
                decoded = decode_frame(self._config, frame)
            except ValueError as error:
                self._fault(offset, str(error), frame)
            else:
                self._read_frame(decoded, offset)
        return self._take()

    def pending(self) -> list[int]:
        """Return the offsets of the frames in which the packets began that are not complete yet."""
        return sorted(channel.partial.offset for channel in self._channels.values() if channel.partial)

    def give_up(self, offset: int) -> list[SpannedFault]:
        """Give up the packets that began more than `patience` before the frame `offset`, the newest one."""
        for channel in self._channels.values():
            self._give_up(channel, offset)
        return self._take()[1]

    def _take(self) -> tuple[list[SpannedPacket], list[SpannedFault]]:
        taken = self._packets, self._faults
        self._packets, self._faults = [], []
        return taken

    def _fault(self, offset: int, reason: str, data: bytes, packet_index: int = -1) -> None:
        self._faults.append(SpannedFault(offset, "frame", reason, data, packet_index))

    def _read_frame(self, frame: TransferFrame, offset: int) -> None:
        channel = self._channels.setdefault((frame.scid, frame.vcid), _Channel())
        self._give_up(channel, offset)
        self._check_count(channel, frame.vc_count)
        if frame.synchronised:
            self._fault(
                offset, "the virtual channel carries no packets (synchronisation flag is 1)", frame.data
            )
        elif frame.first_header == ONLY_IDLE:
            self.idle_frames += 1
        elif frame.first_header != NO_START and frame.first_header >= len(frame.data):
            reason = (
                f"first header pointer is {frame.first_header}, the data field has {len(frame.data)} bytes"
            )
            self._break(channel, reason)
            self._fault(offset, reason, frame.data)
        else:
            self._read_data(channel, frame, offset)

    def _check_count(self, channel: _Channel, count: int) -> None:
        """Notice lost frames: the channel's frame count goes up by 1, modulo 256 (section 4.1.2.6)."""
        lost = 0 if channel.count is None else (count - channel.count - 1) % 256
        channel.count = count
        if lost:
            frames = "1 frame" if lost == 1 else f"{lost} frames"
            self._break(channel, f"{frames} of the virtual channel lost before frame count {count}")

    def _give_up(self, channel: _Channel, offset: int) -> None:
        if channel.partial and offset - channel.partial.offset > self._patience:
            self._break(channel, f"not complete {self._patience} frames after it began")

    def _break(self, channel: _Channel, reason: str) -> None:
        """Let the packet that is not complete be a fault."""
        if channel.partial:
            partial, channel.partial = channel.partial, None
            self._fault(partial.offset, reason, bytes(partial.data), partial.index)

    def _read_data(self, channel: _Channel, frame: TransferFrame, offset: int) -> None:
        has_start = frame.first_header != NO_START
        start = frame.first_header if has_start else len(frame.data)
        self._read_tail(channel, frame.data[:start], has_start, offset)
        if has_start:
            self._read_starts(channel, frame.data, start, offset)

    def _read_tail(self, channel: _Channel, tail: bytes, has_start: bool, offset: int) -> None:
        """Read the bytes before the first packet start, or of a whole frame in which none starts."""
        if channel.partial is None:
            if tail:
                self._fault(offset, f"{len(tail)} {UNCLAIMED}", tail)
            return
        partial = channel.partial
        partial.data += tail
        size = len(partial.data)
        wanted = packet_length(partial.data) if size >= PRIMARY_HEADER else None
        if wanted == size:
            channel.partial = None
            self._packet(bytes(partial.data), partial.offset, partial.index, offset)
        elif has_start or (wanted is not None and size > wanted):
            says = "not known" if wanted is None else f"{wanted} bytes"
            self._break(channel, f"{size} bytes up to the next packet start, its length is {says}")

    def _read_starts(self, channel: _Channel, data: bytes, at: int, offset: int) -> None:
        """Read the packets that start in a frame; the last one may be incomplete."""
        index, end = 0, len(data)
        while at < end:
            if data[at] > 0x1F:
                reason = wrong_packet(data[at:].ljust(MIN_PACKET, b"\0"), 0, end - at)
                self._fault(offset, reason, data[at:])
                return
            size = packet_length(data, at) if at + PRIMARY_HEADER <= end else MIN_PACKET
            if at + size > end:
                channel.partial = _Partial(bytearray(data[at:]), offset, index)
                return
            self._packet(data[at : at + size], offset, index, offset)
            at += size
            index += 1

    def _packet(self, data: bytes, offset: int, index: int, last_offset: int) -> None:
        if packet_apid(data) == IDLE_APID:
            self.idle += 1
        else:
            self._packets.append(SpannedPacket(data, offset, index, last_offset))
