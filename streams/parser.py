"""The telemetry parser's pure core: a run of frames in, rows for every table out.

The rows of a frame depend on the mission, on the frame and on the packets that are not complete when it
comes, never on how the stream was cut into runs: a restart from any offset makes the same rows again.
Proven by `tests/streams/test_parser.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streams.decode import Decoder, Fault
from streams.device_time import UNFIT
from streams.frame_batch import FrameBatch
from streams.framing import FramingConfig
from streams.framing.packets_in_frames import packets_in_frames
from streams.framing.transfer_frames import PATIENCE
from streams.header_columns import NO_RECEIVED
from streams.mission import Mission
from streams.parsed_rows import (
    ORIGIN_SCHEMA,
    Packets,
    Remark,
    frame_remark,
    frame_rows,
    origin_columns,
    quarantine_rows,
)
from streams.spanning import Spanning
from streams.texts import Texts

LARGEST_ROW = 4 * 1024**2
"""Bytes of the largest packet that is decoded: as a message of TELEMETRY its row is larger still."""


class ParsedTable(NamedTuple):
    """Packets of one type: origin columns first (`ORIGIN_SCHEMA`), then the type's own columns.

    `ended` are the offsets, int64, of the frames in which they ended.
    """

    packet: str
    rows: pa.RecordBatch
    ended: npt.NDArray[np.int64]


class Parsed(NamedTuple):
    """What a run of frames became; parsing can go on at the offset `resume` and loses nothing."""

    tables: list[ParsedTable]
    frames: pa.RecordBatch
    quarantine: pa.RecordBatch
    first: int
    last: int
    resume: int


class Parser:
    """Parses runs of frames in ascending offsets; keeps only the packets that span into the next run.

    `start` is the offset of the first frame whose rows are wanted: those of the packets that end in it or
    later, and of what is wrong with it. Frames before it (see `lookback`) only tell what had begun.
    """

    def __init__(self, mission: Mission, *, start: int = 1, patience: int = PATIENCE) -> None:
        self._mission = mission
        self._decoder: Decoder = mission.decoder()
        self._start, self._patience = start, patience
        self._spanning: dict[tuple[str, str], Spanning] = {}
        types = self._decoder.packet_types
        self.schemas = {kind.name: _table_schema(kind.columns) for kind in types}

    @property
    def decoder(self) -> Decoder:
        """The compiled mission database."""
        return self._decoder

    def parse(self, frames: FrameBatch) -> Parsed:
        """Return the rows of one run; whatever the bytes are, nothing is raised."""
        first, last = int(frames.offsets[0]), int(frames.offsets[-1])
        frames = self._skip_unwanted(frames)
        packets: list[Packets] = []
        remarks: list[Remark] = []
        for link, mine in _by(frames.links, frames):
            packets.extend(self._packets(link, mine, remarks))
        for spanning in self._spanning.values():
            remarks.extend(spanning.give_up(last))
        self._forget_complete()
        packets = [_without_giants(part, remarks) for part in packets]
        tables = [table for part in packets for table in self._decode(part, remarks)]
        _note_missing_times(frames, remarks)
        return Parsed(
            tables,
            frame_rows(frames, [table.ended for table in tables], remarks),
            quarantine_rows(remarks),
            first,
            last,
            min([last + 1, *(one.oldest_pending() or last + 1 for one in self._spanning.values())]),
        )

    def _skip_unwanted(self, frames: FrameBatch) -> FrameBatch:
        """Take in what begins in the frames before `start`; return the others."""
        count = int(np.searchsorted(frames.offsets, self._start))
        if not count:
            return frames
        before, unwanted = frames.of(np.arange(count)), list[Remark]()
        for link, mine in _by(before.links, before):
            if self._mission.framing(link).kind == "transfer-frames":
                list(self._packets(link, mine, unwanted))
        for spanning in self._spanning.values():
            spanning.give_up(int(before.offsets[-1]))
        return frames.of(np.arange(count, len(frames)))

    def _packets(self, link: str, frames: FrameBatch, remarks: list[Remark]) -> Iterable[Packets]:
        config = self._mission.framing(link)
        if any(frames.torn.known):
            is_torn = np.array([bool(why) for why in frames.torn.known])[frames.torn.codes]
            torn = np.flatnonzero(is_torn).tolist()
            remarks += [
                frame_remark(frames, row, "link", frames.torn.at(row), frames.frame(row)) for row in torn
            ]
            frames = frames.of(np.flatnonzero(~is_torn))
        if config.kind == "transfer-frames":
            for session, mine in _by(frames.sessions, frames):
                spanning = self._spanning.setdefault((link, session), Spanning(config, self._patience))
                yield from spanning.read(mine, remarks)
        elif len(frames):
            yield _contained(config, frames, remarks)

    def _forget_complete(self) -> None:
        """Keep no more of a session than its packets that are not complete: there may be many sessions."""
        self._spanning = {key: one for key, one in self._spanning.items() if one.oldest_pending()}

    def _decode(self, packets: Packets, remarks: list[Remark]) -> Iterable[ParsedTable]:
        decoded = self._decoder.decode(packets.data, packets.starts, packets.lengths)
        faults = decoded.faults
        for table in decoded.tables:
            generated = self._mission.clock.generated(table.batch)
            if generated is not None and (unfit := generated == UNFIT).any():
                reason = "the device's time is out of range"
                faults += [Fault(row, "time", reason, True) for row in table.rows[unfit].tolist()]
            origin = origin_columns(packets, table.rows, generated)
            rows = pa.RecordBatch.from_arrays(
                [*origin, *table.batch.columns], schema=self.schemas[table.packet_type.name]
            )
            if rows.num_rows:
                yield ParsedTable(table.packet_type.name, rows, packets.ended_in(table.rows))
        remarks += packets.remarks(sorted(faults))


def lookback(mission: Mission) -> int:
    """Return how many frames before `start` must be read so that packets that span into it are whole."""
    spans = any(config.framing.kind == "transfer-frames" for config in mission.links)
    return PATIENCE + 1 if spans else 0


def _table_schema(columns: Iterable[object]) -> pa.Schema:
    fields = [
        pa.field(column.name, column.arrow_type, column.nullable)  # type: ignore[attr-defined]
        for column in columns
    ]
    return pa.schema([*ORIGIN_SCHEMA, *fields])


def _contained(config: FramingConfig, frames: FrameBatch, remarks: list[Remark]) -> Packets:
    found, faults = packets_in_frames(config, frames.data, frames.starts, frames.lengths)
    for row, stage, reason, start, end in faults:
        remarks.append(frame_remark(frames, row, stage, reason, frames.frame(row)[start:end]))
    return Packets(
        frames,
        found.data,
        found.starts,
        found.lengths,
        frames.offsets[found.frame],
        found.index.astype(np.int32),
        found.frame,
        config.content == "packets",
    )


def _without_giants(packets: Packets, remarks: list[Remark]) -> Packets:
    """Leave out packets whose row would not fit into a message; their bytes are in FRAMES."""
    fits = packets.lengths <= LARGEST_ROW
    if fits.all():
        return packets
    reason = f"the packet is larger than the {LARGEST_ROW} bytes that a row can hold"
    remarks += packets.remarks(
        [Fault(row, "packet", reason, False) for row in np.flatnonzero(~fits).tolist()]
    )
    return packets._replace(
        starts=packets.starts[fits],
        lengths=packets.lengths[fits],
        offsets=packets.offsets[fits],
        numbers=packets.numbers[fits],
        ended=packets.ended[fits],
    )


def _note_missing_times(frames: FrameBatch, remarks: list[Remark]) -> None:
    for row in np.flatnonzero(frames.received == NO_RECEIVED).tolist():
        reason = "no received time in the frame's header"
        remarks.append(frame_remark(frames, row, "header", reason, b"", decoded=True))


def _by(texts: Texts, frames: FrameBatch) -> Iterable[tuple[str, FrameBatch]]:
    """Yield the frames of each link, or of each session, `texts` saying which one it is of."""
    for text, rows in texts.groups():
        yield text, frames if rows is None else frames.of(rows)
