"""The telemetry parser's pure core: a run of frames in, rows for every table out.

The result for a frame depends on the mission and on the frames before it that a packet spans, never on how
the stream was cut into runs: that is what makes a restart from any offset write the same rows again.
Proven by `tests/streams/test_parser.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from streams.decode import Decoder
from streams.device_time import EARLIEST_NS
from streams.frame_batch import NO_RECEIVED, FrameBatch
from streams.framing import FramingConfig
from streams.framing.packets_in_frames import packets_in_frames
from streams.mission import Mission
from streams.parsed_rows import (
    ORIGIN_SCHEMA,
    Packets,
    Remark,
    frame_rows,
    origin_columns,
    quarantine_rows,
)
from streams.spanning import SpanningLink

LARGEST_PACKET = 65_542
"""Bytes of the largest space packet (133.0-B-2, 4.1.3.5.3): bounds how far back a packet can have begun."""


class ParsedTable(NamedTuple):
    """Packets of one type: origin columns first (`ORIGIN_SCHEMA`), then the type's own columns."""

    packet: str
    rows: pa.RecordBatch


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

    `start` is the offset from which rows are wanted: frames before it (see `lookback`) only complete
    packets that began earlier, and give no rows of their own.
    """

    def __init__(self, mission: Mission, *, start: int = 1) -> None:
        self._mission = mission
        self._decoder: Decoder = mission.decoder()
        self._start = start
        self._spanning: dict[str, SpanningLink] = {}
        types = self._decoder.packet_types
        self.schemas = {kind.name: _table_schema(kind.columns) for kind in types}

    @property
    def decoder(self) -> Decoder:
        """The compiled mission database."""
        return self._decoder

    def parse(self, frames: FrameBatch) -> Parsed:
        """Return the rows of one run; whatever the bytes are, nothing is raised."""
        packets: list[Packets] = []
        remarks: list[Remark] = []
        for link, rows in _by_link(frames.links):
            mine = frames if len(rows) == len(frames) else frames.of(rows)
            packets.extend(self._packets(link, mine, remarks))
        tables = [table for part in packets for table in self._decode(part, remarks)]
        _note_missing_times(frames, remarks)
        last = int(frames.offsets[-1])
        return Parsed(
            tables,
            frame_rows(frames, packets, remarks, self._start),
            quarantine_rows(frames, remarks, self._start),
            int(frames.offsets[0]),
            last,
            min([last + 1, *(link.oldest_pending() or last + 1 for link in self._spanning.values())]),
        )

    def _packets(self, link: str, frames: FrameBatch, remarks: list[Remark]) -> Iterable[Packets]:
        config = self._mission.framing(link)
        whole = [row for row, torn in enumerate(frames.torn) if not torn]
        if len(whole) < len(frames):
            remarks.extend(
                Remark(
                    int(frames.offsets[row]), -1, "link", torn, False, frames.data[row], row=row, of=frames
                )
                for row, torn in enumerate(frames.torn)
                if torn
            )
            frames = frames.of(whole)
        if not len(frames):
            return
        if config.kind == "transfer-frames":
            yield from self._spanned(link, config, frames, remarks)
        else:
            yield _contained(config, frames, remarks)

    def _spanned(
        self, link: str, config: FramingConfig, frames: FrameBatch, remarks: list[Remark]
    ) -> Iterable[Packets]:
        """Packets of transfer frames, session by session: nothing spans two sessions."""
        for session, rows in _runs(frames.sessions):
            known = self._spanning.get(link)
            if known is not None and known.session != session:
                remarks.extend(known.end())
                known = None
            if known is None:
                known = self._spanning[link] = SpanningLink(config, session)
            yield from known.read(frames.of(rows), remarks)

    def _decode(self, packets: Packets, remarks: list[Remark]) -> Iterable[ParsedTable]:
        decoded = self._decoder.decode(packets.data, packets.starts, packets.lengths)
        remarks.extend(packets.remark(*fault) for fault in decoded.faults)
        for table in decoded.tables:
            generated = self._mission.clock.generated(table.batch)
            if generated is not None and (unfit := generated < EARLIEST_NS).any():
                reason = "the device's time is out of range"
                remarks.extend(
                    packets.remark(row, "time", reason, True) for row in table.rows[unfit].tolist()
                )
            wanted = packets.offsets[table.rows] >= self._start
            origin = origin_columns(packets, table.rows, generated)
            rows = pa.RecordBatch.from_arrays(
                [*origin, *table.batch.columns], schema=self.schemas[table.packet_type.name]
            )
            if not wanted.all():
                rows = rows.filter(pa.array(wanted))
            if rows.num_rows:
                yield ParsedTable(table.packet_type.name, rows)


def lookback(mission: Mission) -> int:
    """Return how many frames before a wanted offset must be read so that packets spanning into it are whole.

    Counted generously: the largest packet over the smallest data field, on each of 8 virtual channels.
    """
    lengths = [
        config.framing.length or 1 for config in mission.links if config.framing.kind == "transfer-frames"
    ]
    if not lengths:
        return 0
    return 8 * (LARGEST_PACKET // max(1, min(lengths) - 12) + 2)


def _table_schema(columns: Iterable[object]) -> pa.Schema:
    fields = [
        pa.field(column.name, column.arrow_type, column.nullable)  # type: ignore[attr-defined]
        for column in columns
    ]
    return pa.schema([*ORIGIN_SCHEMA, *fields])


def _contained(config: FramingConfig, frames: FrameBatch, remarks: list[Remark]) -> Packets:
    lengths = np.fromiter(map(len, frames.data), dtype=np.int64, count=len(frames))
    starts = np.cumsum(lengths) - lengths
    data = np.frombuffer(b"".join(frames.data), dtype=np.uint8)
    found, faults = packets_in_frames(config, data, starts, lengths)
    for fault in faults:
        piece = frames.data[fault.frame][fault.start : fault.end]
        offset = int(frames.offsets[fault.frame])
        remarks.append(
            Remark(offset, -1, fault.stage, fault.reason, False, piece, row=fault.frame, of=frames)
        )
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


def _note_missing_times(frames: FrameBatch, remarks: list[Remark]) -> None:
    for row in np.flatnonzero(frames.received == NO_RECEIVED).tolist():
        reason = "no received time in the frame's header"
        remarks.append(Remark(int(frames.offsets[row]), -1, "header", reason, True, b"", row=row, of=frames))


def _by_link(links: list[str]) -> list[tuple[str, list[int]]]:
    if links.count(links[0]) == len(links):
        return [(links[0], list(range(len(links))))]
    groups: dict[str, list[int]] = {}
    for row, link in enumerate(links):
        groups.setdefault(link, []).append(row)
    return list(groups.items())


def _runs(sessions: list[str]) -> list[tuple[str, list[int]]]:
    runs: list[tuple[str, list[int]]] = []
    for row, session in enumerate(sessions):
        if not runs or runs[-1][0] != session:
            runs.append((session, []))
        runs[-1][1].append(row)
    return runs
