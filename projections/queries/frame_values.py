"""Packets' values from the bytes of their frames, as the frame archive has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from projections.archive.read import BareFrames, read_bare_frames
from projections.clickhouse import ClickHouse
from projections.queries.answer import iso_time, plain
from projections.queries.packet_values import Values, Wanted
from streams.framing.packets_in_frames import packets_in_frames
from streams.mission import Mission


class _Packet(NamedTuple):
    """Names one packet."""

    kind: str
    frame_offset: int
    packet_index: int


class _Column(NamedTuple):
    """Where a column is in its packet type's rows, and how a scalar of it becomes a value of JSON."""

    place: int
    json: Callable[[pa.Scalar], Any]


class _Row(NamedTuple):
    """A row of decoded packets, and its columns."""

    batch: pa.RecordBatch
    number: int
    columns: Mapping[str, _Column]


class FrameDecoder:
    """Decodes single packets by one mission; those that may span frames it leaves to others."""

    def __init__(self, mission: Mission) -> None:
        self._mission, self._decoder = mission, mission.decoder()
        self._columns = {
            kind.name: {
                column.name: _Column(place, _to_json(column.arrow_type))
                for place, column in enumerate(kind.columns)
            }
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
                    yield _Packet(name, offset, index), _Row(table.batch, number, self._columns[name])


def _packet(one: Wanted) -> _Packet:
    origin = one.place.origin
    return _Packet(one.parameters[0].packet, origin["frame_offset"], origin["packet_index"])


def _values(one: Wanted, row: _Row | None) -> Values | None:
    if row is None:
        return None
    batch, number = row.batch, row.number
    found = {}
    for parameter in one.parameters:
        for name in parameter.columns:
            place, json = row.columns[name]
            found[name] = json(batch.column(place)[number])
    return found


def _to_json(kind: pa.DataType) -> Callable[[pa.Scalar], Any]:
    """Return what makes a value of JSON of a scalar of this type."""
    return _time if pa.types.is_timestamp(kind) else _plain


def _time(scalar: pa.Scalar) -> str | None:
    return iso_time(scalar.value) if scalar.is_valid else None


def _plain(scalar: pa.Scalar) -> Any:
    return plain(scalar.as_py())
