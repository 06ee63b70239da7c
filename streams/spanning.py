"""Transfer frames of one link and session: the packets that span them, as columns.

Keeps the frames in which a not yet complete packet began, for their times, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from streams.frame_batch import FrameBatch
from streams.framing import FramingConfig
from streams.framing.transfer_frames import SpannedFault, TransferFrameReader
from streams.parsed_rows import Packets, Remark


class SpanningLink:
    """The state of one link during one session."""

    def __init__(self, config: FramingConfig, session: str) -> None:
        self.session = session
        self._reader = TransferFrameReader(config)
        self._begun: dict[int, FrameBatch] = {}

    def oldest_pending(self) -> int | None:
        """Offset of the earliest frame in which a packet began that is not complete yet."""
        return self._reader.oldest_pending()

    def end(self) -> list[Remark]:
        """The session ended: remarks about packets that never will."""
        return [self._later(fault) for fault in self._reader.end()]

    def read(self, frames: FrameBatch, remarks: list[Remark]) -> Iterable[Packets]:
        """Yield the packets that ended in these frames; what is wrong goes to `remarks`."""
        packets, faults = self._reader.read(frames.data, frames.offsets.tolist())
        row_of = {offset: row for row, offset in enumerate(frames.offsets.tolist())}
        for fault in faults:
            if fault.packet_index >= 0:
                self._remember(frames, [row_of[fault.offset]] if fault.offset in row_of else [])
                remarks.append(self._later(fault))
            else:
                row = row_of[fault.offset]
                remarks.append(
                    Remark(fault.offset, -1, fault.stage, fault.reason, False, fault.data, row, frames)
                )
        self._forget(frames)
        if packets:
            lengths = np.array([len(packet.data) for packet in packets], dtype=np.int64)
            yield Packets(
                frames,
                np.frombuffer(b"".join(packet.data for packet in packets), dtype=np.uint8),
                np.cumsum(lengths) - lengths,
                lengths,
                np.array([packet.offset for packet in packets], dtype=np.int64),
                np.array([packet.index for packet in packets], dtype=np.int32),
                np.array([row_of[packet.last_offset] for packet in packets], dtype=np.int64),
                True,
            )

    def _later(self, fault: SpannedFault) -> Remark:
        begun = self._begun[fault.offset]
        return Remark(
            fault.offset,
            fault.packet_index,
            fault.stage,
            fault.reason,
            False,
            fault.data,
            0,
            begun,
            later=True,
        )

    def _remember(self, frames: FrameBatch, rows: list[int]) -> None:
        for row in rows:
            self._begun[int(frames.offsets[row])] = replace(frames.of([row]), data=[b""])

    def _forget(self, frames: FrameBatch) -> None:
        """Keep the frames from the oldest pending packet's on; forget the others."""
        oldest = self._reader.oldest_pending()
        if oldest is None:
            self._begun.clear()
            return
        self._begun = {offset: kept for offset, kept in self._begun.items() if offset >= oldest}
        self._remember(frames, np.flatnonzero(frames.offsets >= oldest).tolist())
