"""Packets' values from the bytes of their frames, as the frame archive has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import pyarrow as pa

from projections.archive.read import read_bare_frames
from projections.clickhouse import ClickHouse
from projections.queries.answer import iso_time
from projections.queries.packet_values import Values, Wanted, columns_of
from streams.frame_batch import FrameBatch
from streams.mission import Mission
from streams.parser import ParsedTable, Parser
from streams.telemetry import float_name

_Place = tuple[str, int, int]
"""Packet type, frame offset, packet index."""


class FrameDecoder:
    """Decodes single packets by one mission; those that need more than one frame it leaves to others."""

    def __init__(self, mission: Mission) -> None:
        self._mission, self._parser = mission, Parser(mission)
        self._lock = Lock()

    def read(self, clickhouse: ClickHouse, wanted: Sequence[Wanted]) -> list[Values | None]:
        """Return the values of each packet, by column, as JSON has them; None where it was not found."""
        whole = {one.place.origin["frame_offset"] for one in wanted if self._is_whole(one)}
        frames = read_bare_frames(clickhouse, sorted(whole))
        if frames is None:
            return [None] * len(wanted)
        with self._lock:
            rows = _rows(self._parser.parse(FrameBatch.from_columns(frames)).tables)
        return [_values(one, rows.get(_place(one))) for one in wanted]

    def _is_whole(self, one: Wanted) -> bool:
        """Say whether a packet lies in one frame, for transfer frames are parsed in a row only."""
        return self._mission.framing(one.place.origin["link"]).kind != "transfer-frames"


def _place(one: Wanted) -> _Place:
    origin = one.place.origin
    return one.parameters[0].packet, origin["frame_offset"], origin["packet_index"]


def _rows(tables: Iterable[ParsedTable]) -> dict[_Place, tuple[pa.RecordBatch, int]]:
    return {
        (table.packet, offset, index): (table.rows, row)
        for table in tables
        for row, (offset, index) in enumerate(
            zip(table.rows["frame_offset"].to_pylist(), table.rows["packet_index"].to_pylist(), strict=True)
        )
    }


def _values(one: Wanted, found: tuple[pa.RecordBatch, int] | None) -> Values | None:
    if found is None:
        return None
    rows, row = found
    return {name: plain(rows[name][row]) for name in columns_of(one.parameters)}


def plain(scalar: pa.Scalar) -> Any:
    """Return a value as JSON has it."""
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if pa.types.is_timestamp(kind):
        return iso_time(scalar.value)
    value = scalar.as_py()
    if isinstance(value, float):
        return float_name(value)
    return value.hex() if isinstance(value, bytes) else value
