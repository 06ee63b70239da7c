"""Frames out of the archive, as the columns that they are, in the order of their offsets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from projections.archive.table import TABLE
from projections.clickhouse import ClickHouse
from streams.frame_columns import FrameColumns
from streams.texts import Pieces

_QUERY = (
    "SELECT offset, toUnixTimestamp64Nano(recorded) AS recorded, CAST(subject AS String) AS subject, "
    f"headers, data FROM {TABLE} WHERE offset BETWEEN {{first:UInt64}} AND {{last:UInt64}} ORDER BY offset"
)


def read_frames(clickhouse: ClickHouse, first: int, last: int) -> Iterator[FrameColumns]:
    """Yield the frames that the archive has from `first` to `last`, in batches as the server makes them."""
    for batch in clickhouse.stream(_QUERY, {"first": first, "last": last}):
        if batch.num_rows:
            offsets, recorded, *texts = batch.columns
            numbers = offsets.to_numpy().astype(np.int64), recorded.to_numpy()
            yield FrameColumns(*numbers, *map(_pieces, texts))


def _pieces(column: pa.Array) -> Pieces:
    """Return a binary column without a copy of its bytes."""
    _, ends, data = column.buffers()
    edges = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    body = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return Pieces(body, edges[:-1], np.diff(edges))
