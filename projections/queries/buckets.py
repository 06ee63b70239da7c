"""A parameter's samples in buckets of equal time: count, min, max, mean and last sample of each.

One pass in words of 64 bits and with functions that ClickHouse compiles: ten million samples take 0.17 s of
CPU time, where finding each bucket's last sample by a tuple alone took 4 s (docs/benchmarks.md).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer
from projections.queries.scope import Scope

_TIME = "toUnixTimestamp64Nano(time)"
_ONE_WORD, _NUMBER_BITS, _INDEX_BITS = 64, 32, 6
_WIDEST_OFFSET, _WIDEST_INDEX = 44, 20
"""Room for any time, ten thousand frames a second over fifty years, and the smallest packets in a frame."""

_ONCE = {"final": 0}
"""A row that was written twice does not change what is asked."""


class Samples(NamedTuple):
    """A parameter's numbers: `value` is their expression, `source` is FROM and WHERE with `bound` values."""

    label: str
    packet: str
    value: str
    is_float: bool
    source: str
    bound: dict[str, object]


class _Extent(NamedTuple):
    """First and last time (ns UTC) of the samples, and the generation's newest frame."""

    first: int = 0
    last: int = 0
    frame: int = 0


class _Place(NamedTuple):
    """How a time becomes a bucket's number, and a sample's place in its bucket one whole number.

    A bucket is `factor << shift` ns wide: 32 bits are divided, what is dropped of them changes no number. A
    place has the time since the bucket's start, the frame offset and the packet index, from the top.
    """

    first: int
    shift: int
    factor: int
    offset_bits: int
    index_bits: int
    kind: str

    @property
    def width(self) -> int:
        """Nanoseconds."""
        return self.factor << self.shift

    def widest(self) -> _Place:
        """Return the same buckets with room for every packet, in a slower word."""
        return self._replace(offset_bits=_WIDEST_OFFSET, index_bits=_WIDEST_INDEX, kind="UInt128")


def buckets(clickhouse: ClickHouse, scope: Scope, samples: Samples, points: int) -> Answer:
    """Return at most `points` buckets; min, max and mean are those of the finite values, None without any."""
    with ThreadPoolExecutor(1) as beside:
        narrow = beside.submit(_narrow, clickhouse, samples)
        extent = _extent(clickhouse, samples)
        session, small = narrow.result()
    place = _place(extent, points)
    place = place if small else place.widest()
    sessions = "arraySort(groupUniqArray(toString(t.session)))"
    if session is not None:
        sessions = "[{own:String}]"  # and of no other, should one begin meanwhile
        samples = samples._replace(source=f"{samples.source} AND t.session = {{own:String}}")

    def ask(*, finite: bool) -> Answer:
        query = _query(samples, place, sessions, finite=finite)
        bound = {**samples.bound, "own": session, "points": points}
        return Answer(list(clickhouse.stream(f"{query} ORDER BY bucket {scope.limited}", bound)))

    found = ask(finite=False)
    if samples.is_float and any(not np.isfinite(batch["mean"]).all() for batch in found.batches):
        return ask(finite=True)  # a mean that is not finite tells of a value that is not
    return found


def _extent(clickhouse: ClickHouse, samples: Samples) -> _Extent:
    """Read where the table begins and ends."""
    rows = clickhouse.rows(
        f"(SELECT 1 AS which, {_TIME} AS number {samples.source} ORDER BY time LIMIT 1) UNION ALL "
        f"(SELECT 2, {_TIME} {samples.source} ORDER BY time DESC LIMIT 1) UNION ALL "
        "(SELECT 3, toInt64(frame_offset) FROM packets WHERE generation = {generation:String} "
        "ORDER BY frame_offset DESC LIMIT 1)",
        samples.bound,
        _ONCE,
    )
    found = {row["which"]: row["number"] for row in rows}
    return _Extent(found.get(1, 0), found.get(2, 0), found.get(3, 0))


def _place(extent: _Extent, points: int) -> _Place:
    """Return buckets with places of one word, one bit above the newest frame's, or else the widest."""
    span = extent.last - extent.first
    shift = max(0, span.bit_length() - (_NUMBER_BITS - 1))
    factor = (span >> shift) // points + 1
    offset_bits = extent.frame.bit_length() + 1
    place = _Place(extent.first, shift, factor, offset_bits, _INDEX_BITS, "UInt64")
    fits = ((factor << shift) - 1).bit_length() + offset_bits + _INDEX_BITS <= _ONE_WORD
    return place if extent.frame and fits else place.widest()


def _narrow(clickhouse: ClickHouse, samples: Samples) -> tuple[str | None, bool]:
    """Return the session if all samples are of one, and whether all packet indexes are small."""
    (row,) = clickhouse.rows(
        f"WITH (SELECT CAST(session AS String) {samples.source} ORDER BY time LIMIT 1) AS own SELECT own, "
        f"(SELECT count() {samples.source} AND t.session != own) AS others, "
        f"(SELECT count() {samples.source} AND packet_index >= {2**_INDEX_BITS}) AS beyond",
        samples.bound,
        _ONCE,
    )
    return None if row["others"] else row["own"], not row["beyond"]


def _query(samples: Samples, place: _Place, sessions: str, *, finite: bool) -> str:
    """Return the question; what was written since the extent was read and does not fit is left out."""
    number, at = _expressions(place)
    value, low = samples.value, place.index_bits
    given = f", isFinite({value})" if finite else ""
    least, most, mean = (
        f"{name}{'OrNullIf' if finite else ''}({value}{given})" for name in ("min", "max", "avg")
    )
    start = f"{place.first} + toInt64(number * {place.width})"
    within = f"toInt64(bitShiftRight(newest, {place.offset_bits + low}))"
    return (
        "SELECT {label:String} AS parameter, {packet:String} AS packet, "
        f"fromUnixTimestamp64Nano({start}, 'UTC') AS bucket, count, min, max, mean, last, "
        f"fromUnixTimestamp64Nano({start} + {within}, 'UTC') AS last_time, "
        f"toUInt64(bitAnd(bitShiftRight(newest, {low}), {2**place.offset_bits - 1})) AS last_frame_offset, "
        f"sessions FROM (SELECT {number} AS number, count() AS count, {least} AS min, {most} AS max, "
        f"{mean} AS mean, argMax({value}, {at}) AS last, max({at}) AS newest, {sessions} AS sessions "
        f"{samples.source} AND packet_index < {2**low} AND frame_offset < {2**place.offset_bits} "
        "GROUP BY number) WHERE number < {points:UInt32}"
    )


def _expressions(place: _Place) -> tuple[str, str]:
    """Return a sample's bucket and its place; a time before the first one is behind all buckets."""
    since = f"toUInt64({_TIME} - {place.first})"
    largest = 2**_NUMBER_BITS - 1
    number = (
        f"intDiv(toUInt32(least(bitShiftRight({since}, {place.shift}), {largest})), toUInt32({place.factor}))"
    )
    inside, offset, index = (
        f"to{place.kind}({one})"
        for one in (f"toUInt64({since} - {number} * {place.width})", "frame_offset", "packet_index")
    )
    low = place.index_bits
    origin = f"bitOr(bitShiftLeft({offset}, {low}), {index})"
    return number, f"bitOr(bitShiftLeft({inside}, {place.offset_bits + low}), {origin})"
