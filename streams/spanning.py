"""Transfer frames of one link and session: the packets that span them, as columns.

Keeps the frames in which a not yet complete packet began, for their times, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from streams.frame_batch import FrameBatch
from streams.framing import FramingConfig
from streams.framing.transfer_frames import SpannedFault, SpannedPacket, TransferFrameReader
from streams.parsed_rows import Packets, Remark, frame_remark


class Spanning:
    """The packets of one link and session that are not complete."""

    def __init__(self, config: FramingConfig, patience: int) -> None:
        self._reader = TransferFrameReader(config, patience)
        self._begun: dict[int, FrameBatch] = {}

    def oldest_pending(self) -> int | None:
        """Offset of the earliest frame in which a packet began that is not complete yet."""
        return min(self._begun, default=None)

    def read(self, frames: FrameBatch, remarks: list[Remark]) -> Iterable[Packets]:
        """Yield the packets that ended in these frames; what is wrong goes to `remarks`."""
        bodies = [frames.frame(row) for row in range(len(frames))]
        packets, faults = self._reader.read(bodies, frames.offsets.tolist())
        row_of = {offset: row for row, offset in enumerate(frames.offsets.tolist())}
        for fault in faults:
            if fault.packet_index >= 0:
                remarks.append(_later(fault, self._frame(fault.offset, frames, row_of)))
            else:
                row = row_of[fault.offset]
                remarks.append(frame_remark(frames, row, fault.stage, fault.reason, fault.data))
        self._begun = {offset: self._frame(offset, frames, row_of) for offset in self._reader.pending()}
        if packets:
            yield _columns(packets, frames, row_of)

    def give_up(self, offset: int) -> list[Remark]:
        """Return remarks about packets that are given up, `offset` being the newest frame of all links."""
        remarks = [_later(fault, self._begun[fault.offset]) for fault in self._reader.give_up(offset)]
        self._begun = {offset: self._begun[offset] for offset in self._reader.pending()}
        return remarks

    def _frame(self, offset: int, frames: FrameBatch, row_of: dict[int, int]) -> FrameBatch:
        """Return the frame in which a packet began, without its bytes."""
        return self._begun.get(offset) or frames.without_bytes(row_of[offset])


def _later(fault: SpannedFault, begun: FrameBatch) -> Remark:
    return Remark(
        fault.offset, fault.packet_index, fault.stage, fault.reason, False, fault.data, 0, begun, later=True
    )


def _columns(packets: Sequence[SpannedPacket], frames: FrameBatch, row_of: dict[int, int]) -> Packets:
    lengths = np.array([len(packet.data) for packet in packets], dtype=np.int64)
    return Packets(
        frames,
        np.frombuffer(b"".join(packet.data for packet in packets), dtype=np.uint8),
        np.cumsum(lengths) - lengths,
        lengths,
        np.array([packet.offset for packet in packets], dtype=np.int64),
        np.array([packet.index for packet in packets], dtype=np.int32),
        np.array([row_of[packet.last_offset] for packet in packets], dtype=np.int64),
        True,
    )
