"""Frames out of the archive, as the columns that they are, in the order of their offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from projections.archive.table import TABLE
from projections.clickhouse import ClickHouse
from streams.frame_columns import FrameColumns
from streams.texts import Pieces

_RANGE = (
    "SELECT offset, toUnixTimestamp64Nano(recorded) AS recorded, CAST(subject AS String) AS subject, "
    f"headers, data FROM {TABLE} WHERE offset BETWEEN {{first:UInt64}} AND {{last:UInt64}} ORDER BY offset"
)
_BARE = (
    "SELECT offset, toInt64(0) AS recorded, CAST(subject AS String) AS subject, '' AS headers, data "
    f"FROM {TABLE} WHERE offset IN {{offsets:Array(UInt64)}} ORDER BY offset LIMIT 1 BY offset"
)


def read_frames(clickhouse: ClickHouse, first: int, last: int) -> Iterator[FrameColumns]:
    """Yield the frames that the archive has from `first` to `last`, in batches as the server makes them."""
    for batch in clickhouse.stream(_RANGE, {"first": first, "last": last}):
        if batch.num_rows:
            yield _columns(batch)


def read_bare_frames(clickhouse: ClickHouse, offsets: Sequence[int]) -> FrameColumns | None:
    """Return those of a few frames that the archive has, by offset, without headers and times; None: none."""
    found = clickhouse.select(_BARE, {"offsets": list(offsets)}, {"final": 0}).combine_chunks()
    return _columns(found.to_batches()[0]) if found.num_rows else None


def _columns(batch: pa.RecordBatch) -> FrameColumns:
    offsets, recorded, *texts = batch.columns
    return FrameColumns(offsets.to_numpy().astype(np.int64), recorded.to_numpy(), *map(_pieces, texts))


def _pieces(column: pa.Array) -> Pieces:
    """Return a binary column without a copy of its bytes."""
    _, ends, data = column.buffers()
    edges = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    body = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return Pieces(body, edges[:-1], np.diff(edges))
