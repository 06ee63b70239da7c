"""Frames out of the archive, as the columns that they are, in the order of their offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from projections.archive.table import TABLE
from projections.clickhouse import ClickHouse
from streams.frame_columns import FrameColumns
from streams.texts import Pieces, Texts

_RANGE = (
    "SELECT offset, toUnixTimestamp64Nano(recorded) AS recorded, CAST(subject AS String) AS subject, "
    f"headers, data FROM {TABLE} WHERE offset BETWEEN {{first:UInt64}} AND {{last:UInt64}} ORDER BY offset"
)
_BARE = (
    f"SELECT offset, link, data FROM {TABLE} WHERE offset IN {{offsets:Array(UInt64)}} "
    "ORDER BY offset LIMIT 1 BY offset"
)


class BareFrames(NamedTuple):
    """n frames without headers and times: offsets int64[n], links and bytes."""

    offsets: npt.NDArray[np.int64]
    links: Texts
    data: Pieces


def read_frames(clickhouse: ClickHouse, first: int, last: int) -> Iterator[FrameColumns]:
    """Yield the frames that the archive has from `first` to `last`, in batches as the server makes them."""
    for batch in clickhouse.stream(_RANGE, {"first": first, "last": last}):
        if batch.num_rows:
            offsets, recorded, *texts = batch.columns
            numbers = offsets.to_numpy().astype(np.int64), recorded.to_numpy()
            yield FrameColumns(*numbers, *map(_pieces, texts))


def read_bare_frames(clickhouse: ClickHouse, offsets: Sequence[int]) -> BareFrames:
    """Return those of a few frames that the archive has, in the order of their offsets."""
    found = clickhouse.select(_BARE, {"offsets": list(offsets)}, {"final": 0})
    numbers, links, data = (found.column(name).combine_chunks() for name in ("offset", "link", "data"))
    texts = [link.decode() for link in links.to_pylist()]
    return BareFrames(numbers.to_numpy().astype(np.int64), Texts.of(texts), _pieces(data))


def _pieces(column: pa.Array) -> Pieces:
    """Return a binary column without a copy of its bytes."""
    _, ends, data = column.buffers()
    edges = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    body = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return Pieces(body, edges[:-1], np.diff(edges))
