"""A parameter's samples in buckets of equal time: count, min, max, mean and last sample of each.

The samples lie in the table by time, so each bucket's are taken one after the other, in words of 64 bits. Ten
million take 0.13 s of CPU time, where finding each bucket's last sample by a tuple alone took 4 s
(docs/benchmarks.md). What is rare is asked for when an answer tells that it is there: large packet indexes,
values that are not finite, a second session.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer
from projections.queries.scope import LATEST, Scope

_TIME = "toUnixTimestamp64Nano(time)"
_ONE_WORD, _INDEX_BITS = 64, 6
_WIDEST_OFFSET, _WIDEST_INDEX = 44, 20
"""Room for any time, ten thousand frames a second over fifty years, and the smallest packets in a frame."""

_FURTHEST = 2**62
"""Nanoseconds between samples up to which ClickHouse's own buckets of time are right for certain."""

_AT_ONCE = 2
"""Parts of the time that are asked for side by side: in one, what comes later waits for what is before it."""

_MOST_IN_ORDER = 10_000
"""Buckets up to which it pays to take each one's samples as they lie in the table, one after the other."""

_PLAIN = {
    "max_block_size": 65_536,
    "preferred_block_size_bytes": 10**8,
    "split_intersecting_parts_ranges_into_layers_final": 0,
}
"""Blocks of some buckets each, and one sorted stream for a part of the time: the parts are side by side."""

_ONCE = {"final": 0}
"""A row that was written twice does not change what is asked."""

_HINTS = ("foreign", "highest_index", "highest_offset")
"""Columns that tell what of the rare things is in a bucket."""


class Samples(NamedTuple):
    """A parameter's numbers: `value` is their expression, `source` is FROM and WHERE with `bound` values."""

    label: str
    packet: str
    value: str
    is_float: bool
    source: str
    bound: dict[str, object]


class _Extent(NamedTuple):
    """First and last time (ns UTC), the generation's newest frame, and the first sample's session."""

    first: int
    last: int
    frame: int
    session: str


class _Place(NamedTuple):
    """How a time becomes its bucket's start, and a sample's place in its bucket one whole number.

    A place has the time since the bucket's start, the frame offset and the packet index, from the top.
    `first` and `width` are in nanoseconds; `near`: all samples are near enough for ClickHouse's buckets.
    """

    first: int
    width: int
    near: bool
    offset_bits: int
    index_bits: int
    kind: str

    def widest(self) -> _Place:
        """Return the same buckets with room for every packet, in a slower word."""
        return self._replace(offset_bits=_WIDEST_OFFSET, index_bits=_WIDEST_INDEX, kind="UInt128")

    def holds(self, found: pa.Table) -> bool:
        """Return whether all frame offsets and packet indexes of an answer have room."""
        offsets, indexes = found["highest_offset"].to_numpy(), found["highest_index"].to_numpy()
        return bool((offsets < 2**self.offset_bits).all() and (indexes < 2**self.index_bits).all())


def buckets(clickhouse: ClickHouse, scope: Scope, samples: Samples, points: int) -> Answer:
    """Return at most `points` buckets; min, max and mean are those of the finite values, None without any."""
    extent = _extent(clickhouse, samples)
    place = _place(extent, points)
    in_order = points <= _MOST_IN_ORDER
    cuts = _cuts(extent, place, points, _AT_ONCE if in_order else 1)
    how = {**_PLAIN, "optimize_aggregation_in_order": int(in_order)}

    def ask(place: _Place, *, finite: bool) -> pa.Table:
        query = f"{_query(samples, place, cuts, finite=finite)} ORDER BY bucket {scope.limited}"
        return clickhouse.select(query, {**samples.bound, "own": extent.session}, how)

    found = ask(place, finite=False)
    if not place.holds(found):
        place = place.widest()
        found = ask(place, finite=False)
    if samples.is_float and not np.isfinite(found["mean"].to_numpy()).all():
        found = ask(place, finite=True)  # a mean that is not finite tells of a value that is not
    sessions = _sessions(clickhouse, samples, place, found, extent.session)
    found = found.drop_columns(list(_HINTS)).append_column("sessions", sessions)
    return Answer(found.to_batches() or [pa.RecordBatch.from_pylist([], schema=found.schema)])


def _extent(clickhouse: ClickHouse, samples: Samples) -> _Extent:
    """Read where the table begins and ends."""
    rows = clickhouse.rows(
        f"(SELECT 1 AS which, {_TIME} AS number, CAST(session AS String) AS session {samples.source} "
        "ORDER BY time LIMIT 1) UNION ALL "
        f"(SELECT 2, {_TIME}, '' {samples.source} ORDER BY time DESC LIMIT 1) UNION ALL "
        "(SELECT 3, toInt64(frame_offset), '' FROM packets WHERE generation = {generation:String} "
        "ORDER BY frame_offset DESC LIMIT 1)",
        samples.bound,
        _ONCE,
    )
    found = {row["which"]: row["number"] for row in rows}
    session = next((row["session"] for row in rows if row["which"] == 1), "")
    return _Extent(found.get(1, 0), found.get(2, 0), found.get(3, 0), session)


def _place(extent: _Extent, points: int) -> _Place:
    """Return buckets with places of one word, one bit above the newest frame's, or else the widest."""
    span, offset_bits = extent.last - extent.first, extent.frame.bit_length() + 1
    width = span // points + 1
    place = _Place(extent.first, width, span < _FURTHEST, offset_bits, _INDEX_BITS, "UInt64")
    fits = (width - 1).bit_length() + offset_bits + _INDEX_BITS <= _ONE_WORD
    return place if extent.frame and fits else place.widest()


def _cuts(extent: _Extent, place: _Place, points: int, parts: int) -> list[str]:
    """Return conditions that cut the samples between buckets into so many parts, all that were there then."""
    inner = [extent.first + points * part // parts * place.width for part in range(1, parts)]
    marks = [extent.first, *(mark for mark in inner if extent.first < mark <= extent.last), extent.last + 1]
    return [_between(start, end - 1) for start, end in pairwise(marks)]


def _between(first: int, last: int) -> str:
    return f"time BETWEEN {_moment(first)} AND {_moment(last)}"


def _moment(ns: int | str) -> str:
    return f"fromUnixTimestamp64Nano({ns}, 'UTC')"


def _query(samples: Samples, place: _Place, cuts: Sequence[str], *, finite: bool) -> str:
    """Return the question about the parts of the time, with the columns that are hints."""
    value = samples.value
    given = f", isFinite({value})" if finite else ""
    least, most, mean = (
        f"{name}{'OrNullIf' if finite else ''}({value}{given})" for name in ("min", "max", "avg")
    )
    start, at = _start(place), _at(place)
    parts = " UNION ALL ".join(
        f"(SELECT {start} AS bucket, count() AS count, {least} AS min, {most} AS max, {mean} AS mean, "
        f"argMax({value}, {at}) AS last, max({at}) AS newest, max(t.session != {{own:String}}) AS foreign, "
        "max(packet_index) AS highest_index, max(frame_offset) AS highest_offset "
        f"{samples.source} AND {cut} GROUP BY bucket)"
        for cut in cuts
    )
    low = place.index_bits
    within = f"toInt64(bitShiftRight(newest, {place.offset_bits + low}))"
    return (
        "SELECT {label:String} AS parameter, {packet:String} AS packet, bucket, count, min, max, mean, last, "
        f"{_moment(f'toUnixTimestamp64Nano(bucket) + {within}')} AS last_time, "
        f"toUInt64(bitAnd(bitShiftRight(newest, {low}), {2**place.offset_bits - 1})) AS last_frame_offset, "
        f"{', '.join(_HINTS)} FROM ({parts})"
    )


def _start(place: _Place) -> str:
    """Return a sample's bucket; of the first form ClickHouse knows that it rises with time."""
    if place.near:
        return f"toStartOfInterval(time, INTERVAL {place.width} NANOSECOND, {_moment(place.first)})"
    since = f"toUInt64({_TIME} - {place.first})"
    return _moment(f"{place.first} + toInt64(intDiv({since}, {place.width}) * {place.width})")


def _at(place: _Place) -> str:
    """Return a sample's place in its bucket."""
    inside, offset, index = (
        f"to{place.kind}({one})"
        for one in (f"toUInt64({_TIME} - toUnixTimestamp64Nano(bucket))", "frame_offset", "packet_index")
    )
    low = place.index_bits
    origin = f"bitOr(bitShiftLeft({offset}, {low}), {index})"
    return f"bitOr(bitShiftLeft({inside}, {place.offset_bits + low}), {origin})"


def _sessions(
    clickhouse: ClickHouse, samples: Samples, place: _Place, found: pa.Table, own: str
) -> pa.ListArray:
    """Return the sessions of each bucket: the first sample's one alone, but where there is another one."""
    if not any(found["foreign"].to_pylist()):
        own_alone = pa.array([own] * found.num_rows, pa.binary())
        return pa.ListArray.from_arrays(np.arange(found.num_rows + 1, dtype=np.int32), own_alone)
    starts = found["bucket"].cast(pa.int64()).to_pylist()
    last = min(starts[-1] + place.width - 1, LATEST)
    rows = clickhouse.rows(
        f"SELECT toUnixTimestamp64Nano({_start(place)}) AS start, "
        "arraySort(groupUniqArray(toString(t.session))) AS sessions "
        f"{samples.source} AND {_between(starts[0], last)} GROUP BY start",
        samples.bound,
        _ONCE,
    )
    known = {row["start"]: row["sessions"] for row in rows}
    return pa.array([known.get(start, [own]) for start in starts], pa.list_(pa.binary()))
