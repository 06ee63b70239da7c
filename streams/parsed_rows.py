"""The rows that a run of frames becomes, as Arrow: origin of a packet, fate of a frame, quarantine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.device_time import EARLIEST_NS
from streams.frame_batch import NO_RECEIVED, FrameBatch

KEPT_BYTES = 4_096
"""Bytes of a bad piece that its quarantine row repeats; the whole frame stays in FRAMES."""

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

    def remark(self, row: int, stage: str, reason: str, decoded: bool) -> Remark:
        """Return a remark about packet number `row`."""
        start = int(self.starts[row])
        piece = self.data[start : start + int(self.lengths[row])].tobytes()
        offset, index, ended = int(self.offsets[row]), int(self.numbers[row]), int(self.ended[row])
        return Remark(offset, index, stage, reason, decoded, piece, ended, self.frames)


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
        _texts(frames.links, ended),
        _texts(frames.sessions, ended),
        _times(np.where(unknown, received, device)),
        _times(device, unknown),
        _times(received),
        _times(frames.recorded[ended]),
        *_header_fields(packets, rows),
    ]


def frame_rows(
    frames: FrameBatch, packets: list[Packets], remarks: list[Remark], start: int
) -> pa.RecordBatch:
    """Return one row per frame from the offset `start` on, in `FRAME_SCHEMA`."""
    first = int(frames.offsets[0])
    row_of = np.full(int(frames.offsets[-1]) - first + 1, -1, dtype=np.int64)
    row_of[frames.offsets - first] = np.arange(len(frames))
    ended, lost, pieces = (np.zeros(len(frames), dtype=np.int64) for _ in range(3))
    for part in packets:
        rows_ended = row_of[part.frames.offsets[part.ended] - first]
        ended += np.bincount(rows_ended, minlength=len(frames))
    for remark in remarks:
        if not (remark.decoded or remark.later):
            own = int(remark.of.offsets[remark.row])
            (lost if remark.packet_index >= 0 else pieces)[row_of[own - first]] += 1
    good = ended - lost
    result = np.select([(good > 0) & (lost + pieces == 0), good > 0, lost + pieces > 0], [0, 1, 2], default=3)
    kinds = pa.DictionaryArray.from_arrays(
        pa.array(result.astype(np.int32)), pa.array(["parsed", "partly", "quarantined", "empty"])
    )
    every = np.arange(len(frames))
    rows = pa.RecordBatch.from_arrays(
        [
            pa.array(frames.offsets.astype(np.uint64)),
            _texts(frames.links, every),
            _texts(frames.sessions, every),
            _times(received_times(frames)),
            _times(frames.recorded),
            pa.array(np.fromiter(map(len, frames.data), dtype=np.uint32, count=len(frames))),
            pa.array(good.astype(np.uint32)),
            kinds,
        ],
        schema=FRAME_SCHEMA,
    )
    return rows if first >= start else rows.filter(pa.array(frames.offsets >= start))


def quarantine_rows(frames: FrameBatch, remarks: list[Remark], start: int) -> pa.RecordBatch:
    """Return one row per remark on frames from the offset `start` on, in `QUARANTINE_SCHEMA`."""
    kept = sorted({_plain(remark) for remark in remarks if remark.offset >= start})
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
        frames.links[row],
        frames.sessions[row],
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


def _texts(values: list[str], rows: npt.NDArray[np.int64]) -> pa.Array:
    """Dictionary-encode the texts of the given rows; the usual run has one value only."""
    if values.count(values[0]) == len(values):
        known, codes = [values[0]], np.zeros(len(rows), dtype=np.int32)
    else:
        number = {value: code for code, value in enumerate(dict.fromkeys(values))}
        known, codes = list(number), np.array([number[value] for value in values], dtype=np.int32)[rows]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(known, type=pa.string()))


def _times(values: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    if missing is None or not missing.any():
        return pa.array(values).view(_TIME)
    return pa.array(values, mask=missing).cast(pa.timestamp("ns")).cast(_TIME)
