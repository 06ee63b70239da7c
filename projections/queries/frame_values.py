"""Packets' values from the bytes of their frames, as the frame archive has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from projections.archive.read import BareFrames, read_bare_frames
from projections.clickhouse import ClickHouse
from projections.queries.answer import iso_time, plain
from projections.queries.packet_values import Values, Wanted, columns_of
from streams.framing.packets_in_frames import packets_in_frames
from streams.mission import Mission


class _Packet(NamedTuple):
    """Names one packet."""

    kind: str
    frame_offset: int
    packet_index: int


class _Row(NamedTuple):
    """A row of decoded packets, and where each column is."""

    batch: pa.RecordBatch
    number: int
    places: Mapping[str, int]


class FrameDecoder:
    """Decodes single packets by one mission; those that may span frames it leaves to others."""

    def __init__(self, mission: Mission) -> None:
        self._mission, self._decoder = mission, mission.decoder()
        self._places = {
            kind.name: {column.name: place for place, column in enumerate(kind.columns)}
            for kind in self._decoder.packet_types
        }

    def read(self, clickhouse: ClickHouse, wanted: Sequence[Wanted]) -> list[Values | None]:
        """Return the values of each packet, by column, as JSON has them; None where it was not found."""
        offsets = {one.place.origin["frame_offset"] for one in wanted}
        rows = dict(self._rows(read_bare_frames(clickhouse, sorted(offsets))))
        return [_values(one, rows.get(_packet(one))) for one in wanted]

    def _rows(self, frames: BareFrames) -> Iterator[tuple[_Packet, _Row]]:
        for link, mine in frames.links.groups():
            config = self._mission.framing(link)
            if config.kind == "transfer-frames":
                continue
            chosen = np.arange(len(frames.offsets)) if mine is None else mine
            data, starts, lengths = frames.data
            found, _ = packets_in_frames(config, data, starts[chosen], lengths[chosen])
            offsets = frames.offsets[chosen][found.frame]
            for table in self._decoder.decode(found.data, found.starts, found.lengths).tables:
                name, rows = table.packet_type.name, table.rows
                places = zip(offsets[rows].tolist(), found.index[rows].tolist(), strict=True)
                for number, (offset, index) in enumerate(places):
                    yield _Packet(name, offset, index), _Row(table.batch, number, self._places[name])


def _packet(one: Wanted) -> _Packet:
    origin = one.place.origin
    return _Packet(one.parameters[0].packet, origin["frame_offset"], origin["packet_index"])


def _values(one: Wanted, row: _Row | None) -> Values | None:
    if row is None:
        return None
    return {
        name: _json(row.batch.column(row.places[name])[row.number]) for name in columns_of(one.parameters)
    }


def _json(scalar: pa.Scalar) -> Any:
    """Return a value as JSON has it."""
    if not scalar.is_valid:
        return None
    if isinstance(scalar, pa.TimestampScalar):
        return iso_time(scalar.value)
    return plain(scalar.as_py())
