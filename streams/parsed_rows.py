"""The rows that a run of frames becomes, as Arrow: origin of a packet, fate of a frame, quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.decode import Fault
from streams.device_time import EARLIEST_NS
from streams.frame_batch import FrameBatch
from streams.header_columns import NO_RECEIVED
from streams.texts import Texts

KEPT_BYTES = 4_096
"""Bytes of a bad piece that its quarantine row repeats; the whole frame stays in FRAMES."""

MOST_OF_A_FRAME = 100
"""Faults of packets in one frame that have a row each: 8 MB of zeros are a million packets."""

_TIME = pa.timestamp("ns", tz="UTC")
_TEXT = pa.dictionary(pa.int32(), pa.string())

ORIGIN_SCHEMA = pa.schema(
    [
        pa.field("frame_offset", pa.uint64(), False),
        pa.field("packet_index", pa.uint32(), False),
        pa.field("link", _TEXT, False),
        pa.field("session", _TEXT, False),
        pa.field("time", _TIME, False),
        pa.field("generated", _TIME, True),
        pa.field("received", _TIME, False),
        pa.field("recorded", _TIME, False),
        pa.field("apid", pa.uint16(), True),
        pa.field("sequence_count", pa.uint16(), True),
    ]
)
"""`time` is the axis for plots: generated where the device told it, else received."""

FRAME_SCHEMA = pa.schema(
    [
        pa.field("frame_offset", pa.uint64(), False),
        pa.field("link", _TEXT, False),
        pa.field("session", _TEXT, False),
        pa.field("received", _TIME, False),
        pa.field("recorded", _TIME, False),
        pa.field("size", pa.uint32(), False),
        pa.field("packets", pa.uint32(), False),
        pa.field("result", _TEXT, False),
    ]
)
"""`packets` is the number that ended in the frame; `result` is parsed, partly, quarantined or empty."""

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("frame_offset", pa.uint64(), False),
        pa.field("packet_index", pa.int32(), False),
        pa.field("stage", _TEXT, False),
        pa.field("reason", pa.string(), False),
        pa.field("decoded", pa.bool_(), False),
        pa.field("link", _TEXT, False),
        pa.field("session", _TEXT, False),
        pa.field("received", _TIME, False),
        pa.field("recorded", _TIME, False),
        pa.field("size", pa.uint32(), False),
        pa.field("bytes", pa.binary(), False),
    ]
)
"""`packet_index` is -1 where a piece of a frame is no packet; `bytes` are at most `KEPT_BYTES`."""


class Remark(NamedTuple):
    """Something wrong with a piece of a frame; `row` of the batch `of` tells link, session and times.

    `later` marks what only a later frame showed (a packet that never ended): it has its row in the
    quarantine, and the frame's own fate stays what the frame itself told.
    """

    offset: int
    packet_index: int
    stage: str
    reason: str
    decoded: bool
    piece: bytes
    row: int
    of: FrameBatch
    later: bool = False

    @property
    def frame(self) -> int:
        """Offset of the frame that showed it."""
        return int(self.of.offsets[self.row])


def frame_remark(
    frames: FrameBatch, row: int, stage: str, reason: str, piece: bytes, *, decoded: bool = False
) -> Remark:
    """Return a remark about a piece of frame number `row` that is no packet."""
    return Remark(int(frames.offsets[row]), -1, stage, reason, decoded, piece, row, frames)


class Packets(NamedTuple):
    """k packets found in frames: packet i is `data[starts[i] : starts[i] + lengths[i]]`.

    `offsets` and `numbers` (in the frame, from 0) are its identity, `ended` the row of `frames` in which it
    ended: that frame gives link, session and times. `space`: it has a space packet's primary header.
    """

    frames: FrameBatch
    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int32]
    ended: npt.NDArray[np.int64]
    space: bool

    def ended_in(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the offsets of the frames in which the packets `rows` ended."""
        return self.frames.offsets[self.ended[rows]]

    def remarks(self, faults: Sequence[Fault]) -> list[Remark]:
        """Return remarks about packets, faults being in their order; of a frame full of faults some only."""
        found: list[Remark] = []
        ended = self.ended[[fault.row for fault in faults]]
        rows, firsts, counts = np.unique(ended, return_index=True, return_counts=True)
        for row, first, count in zip(rows.tolist(), firsts.tolist(), counts.tolist(), strict=True):
            of_frame = faults[first : first + count]
            found += [self._remark(fault) for fault in of_frame[:MOST_OF_A_FRAME]]
            if rest := of_frame[MOST_OF_A_FRAME:]:
                reason = f"{len(rest)} more faults of packets in this frame"
                decoded = all(fault.decoded for fault in rest)
                found.append(frame_remark(self.frames, row, "packet", reason, b"", decoded=decoded))
        return found

    def _remark(self, fault: Fault) -> Remark:
        row, start = fault.row, int(self.starts[fault.row])
        return Remark(
            int(self.offsets[row]),
            int(self.numbers[row]),
            fault.stage,
            fault.reason,
            fault.decoded,
            self.data[start : start + int(self.lengths[row])].tobytes(),
            int(self.ended[row]),
            self.frames,
        )


def received_times(frames: FrameBatch) -> npt.NDArray[np.int64]:
    """Received times, with the recorded time (remarked on elsewhere) where the header had none."""
    return np.where(frames.received == NO_RECEIVED, frames.recorded, frames.received)


def origin_columns(
    packets: Packets, rows: npt.NDArray[np.int64], generated: npt.NDArray[np.int64] | None
) -> list[pa.Array]:
    """Return the columns of `ORIGIN_SCHEMA` for the packets `rows`."""
    frames, ended = packets.frames, packets.ended[rows]
    received = received_times(frames)[ended]
    unknown = np.ones(len(rows), dtype=bool) if generated is None else generated < EARLIEST_NS
    device = received if generated is None else generated
    return [
        pa.array(packets.offsets[rows].astype(np.uint64)),
        pa.array(packets.numbers[rows].astype(np.uint32)),
        _texts(frames.links.rows(ended)),
        _texts(frames.sessions.rows(ended)),
        _times(np.where(unknown, received, device)),
        _times(device, unknown),
        _times(received),
        _times(frames.recorded[ended]),
        *_header_fields(packets, rows),
    ]


def frame_rows(
    frames: FrameBatch, ended: list[npt.NDArray[np.int64]], remarks: list[Remark]
) -> pa.RecordBatch:
    """Return one row per frame, in `FRAME_SCHEMA`; `ended` are the frames in which good packets ended."""
    good = _per_frame(frames, np.concatenate([*ended, np.zeros(0, dtype=np.int64)]))
    own = [remark.frame for remark in remarks if not (remark.decoded or remark.later)]
    bad = _per_frame(frames, np.array(own, dtype=np.int64))
    result = np.select([(good > 0) & (bad == 0), good > 0, bad > 0], [0, 1, 2], default=3)
    kinds = pa.DictionaryArray.from_arrays(
        pa.array(result.astype(np.int32)), pa.array(["parsed", "partly", "quarantined", "empty"])
    )
    return pa.RecordBatch.from_arrays(
        [
            pa.array(frames.offsets.astype(np.uint64)),
            _texts(frames.links),
            _texts(frames.sessions),
            _times(received_times(frames)),
            _times(frames.recorded),
            pa.array(frames.lengths.astype(np.uint32)),
            pa.array(good.astype(np.uint32)),
            kinds,
        ],
        schema=FRAME_SCHEMA,
    )


def _per_frame(frames: FrameBatch, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count how often each frame's offset is named."""
    return np.bincount(np.searchsorted(frames.offsets, offsets), minlength=len(frames))


def quarantine_rows(remarks: list[Remark]) -> pa.RecordBatch:
    """Return one row per remark, in `QUARANTINE_SCHEMA`."""
    kept = sorted({_plain(remark) for remark in remarks})
    columns: list[Any] = list(zip(*kept, strict=True)) if kept else [()] * len(QUARANTINE_SCHEMA)
    arrays = [
        pa.array(list(values), type=pa.string() if field.type == _TEXT else field.type)
        for values, field in zip(columns, QUARANTINE_SCHEMA, strict=True)
    ]
    arrays = [
        array.dictionary_encode() if field.type == _TEXT else array
        for array, field in zip(arrays, QUARANTINE_SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=QUARANTINE_SCHEMA)


def _plain(remark: Remark) -> tuple[Any, ...]:
    frames, row = remark.of, remark.row
    recorded, received = int(frames.recorded[row]), int(frames.received[row])
    return (
        remark.offset,
        remark.packet_index,
        remark.stage,
        remark.reason,
        remark.decoded,
        frames.links.at(row),
        frames.sessions.at(row),
        recorded if received == NO_RECEIVED else received,
        recorded,
        len(remark.piece),
        remark.piece[:KEPT_BYTES],
    )


def _header_fields(packets: Packets, rows: npt.NDArray[np.int64]) -> list[pa.Array]:
    """APID and sequence count of the primary header (133.0-B-2, 4.1.3), null where there is none."""
    if not packets.space:
        return [pa.nulls(len(rows), pa.uint16())] * 2
    at, data = packets.starts[rows], packets.data
    apid = (data[at].astype(np.uint16) & 7) << 8 | data[at + 1]
    count = (data[at + 2].astype(np.uint16) & 0x3F) << 8 | data[at + 3]
    return [pa.array(apid), pa.array(count)]


def _texts(texts: Texts) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(texts.codes), pa.array(texts.known, type=pa.string()))


def _times(values: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    if missing is None or not missing.any():
        return pa.array(values).view(_TIME)
    return pa.array(values, mask=missing).cast(pa.timestamp("ns")).cast(_TIME)
