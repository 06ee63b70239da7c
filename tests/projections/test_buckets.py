"""Buckets against a model that sorts the samples and goes through them one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections.clickhouse import ClickHouse, connect
from projections.queries.answer import Row, flat_rows
from projections.queries.buckets import Samples, buckets
from projections.queries.scope import Scope, parse_time
from projections.schema import create_fixed_tables
from streams.telemetry import float_name

GENERATION, TABLE = "g1", "packet_X"
EARLIEST, LATEST = -(2**62), 2**63 - 2**31
"""Years 1823 to 2262."""


class Made(NamedTuple):
    time: int
    frame_offset: int
    packet_index: int
    session: str
    value: float


def spread(low: int, high: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(low, high), st.integers(low, min(high, low + 20)))


times = st.one_of(spread(EARLIEST, LATEST), spread(10**18, 10**18 + 10**12))
values = st.floats(width=64) | st.integers(-5, 5).map(float)
made = st.builds(
    Made, times, spread(1, 2**40), spread(0, 200), st.sampled_from(["s1", "s2"]) | st.just("s1"), values
)
tables = st.lists(made, max_size=40, unique_by=lambda one: (one.frame_offset, one.packet_index))


@pytest.fixture(scope="module")
def clickhouse(clickhouse_server: Any) -> Iterator[ClickHouse]:
    """A table as packets have it, with just the columns that matter here."""
    connected = connect(clickhouse_server.url, database="buckets_tests")
    create_fixed_tables(connected)
    connected.command(
        f"CREATE TABLE {TABLE} (generation LowCardinality(String), time DateTime64(9, 'UTC'), "
        "frame_offset UInt64, packet_index UInt32, session LowCardinality(String), v Float64) "
        "ENGINE = ReplacingMergeTree PARTITION BY generation "
        "ORDER BY (generation, time, frame_offset, packet_index)"
    )
    yield connected
    connected.close()


def fill(clickhouse: ClickHouse, rows: list[Made]) -> None:
    """Write the samples in two inserts that overlap, and their frames into the index of packets."""
    for name in (TABLE, "packets"):
        clickhouse.command(f"TRUNCATE TABLE {name}")
    if not rows:
        return
    half = len(rows) // 2
    for some in (rows[: half + 1], rows[half:]):
        columns = dict(zip(Made._fields, zip(*some, strict=True), strict=True))
        times = pa.array(columns["time"], pa.timestamp("ns", tz="UTC"))
        own = {"generation": [GENERATION] * len(some), "time": times, "session": columns["session"]}
        place = {
            "frame_offset": pa.array(columns["frame_offset"], pa.uint64()),
            "packet_index": pa.array(columns["packet_index"], pa.uint32()),
        }
        clickhouse.insert(TABLE, pa.table({**own, **place, "v": pa.array(columns["value"], pa.float64())}))
        clickhouse.insert("packets", pa.table({**own, **place}))


def ask(clickhouse: ClickHouse, points: int) -> list[Row]:
    source = f"FROM {TABLE} AS t WHERE generation = {{generation:String}}"
    bound: dict[str, object] = {"generation": GENERATION, "label": "V", "packet": "X"}
    answer = buckets(clickhouse, Scope(GENERATION), Samples("V", "X", "t.v", True, source, bound), points)
    return [row for batch in answer.batches for row in flat_rows(batch)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(tables, st.sampled_from([1, 2, 3, 10, 2_000, 100_000]))
@example([Made(5, 1, 0, "s1", 1.0), Made(5, 1, 70, "s1", 2.0), Made(5, 1, 9, "s1", 3.0)], 1)
@example([Made(EARLIEST, 1, 0, "s1", 1.0), Made(LATEST, 2, 0, "s1", 2.0)], 1)
@example([Made(EARLIEST, 1, 0, "s1", 1.0), Made(LATEST, 2, 0, "s1", 2.0)], 100_000)
@example([Made(10, 2**40, 0, "s1", math.inf), Made(10, 2**40 - 1, 3, "s2", 1.0)], 3)
def test_buckets_are_those_of_the_model(clickhouse: ClickHouse, rows: list[Made], points: int) -> None:
    fill(clickhouse, rows)
    found = ask(clickhouse, points)
    assert len(found) <= points
    starts = [parse_time(row["bucket"], "bucket") or 0 for row in found]
    assert starts == sorted(set(starts))
    ordered = sorted(rows)
    for row, start, end in zip(found, starts, [*starts, 2**63][1:], strict=True):
        inside = [one for one in ordered if start <= one.time < end]
        finite = [one.value for one in inside if math.isfinite(one.value)]
        last = max(inside)
        assert row["count"] == len(inside)
        assert row["last"] == float_name(last.value)
        assert parse_time(row["last_time"], "last_time") == last.time
        assert row["last_frame_offset"] == last.frame_offset
        assert row["sessions"] == sorted({one.session for one in inside})
        assert (row["min"], row["max"]) == (min(finite, default=None), max(finite, default=None))
        assert (row["mean"] is None) == (not finite)
        if finite and abs(sum(finite)) < 1e300:
            assert row["mean"] == pytest.approx(math.fsum(finite) / len(finite), rel=1e-6, abs=1e290 / 1e300)
    assert sum(row["count"] for row in found) == len(rows)


def test_all_buckets_are_equally_wide_and_cover_the_samples(clickhouse: ClickHouse) -> None:
    fill(clickhouse, [Made(10**18 + number * 10**6, number + 1, 0, "s1", 1.0) for number in range(1_000)])
    starts = [parse_time(row["bucket"], "bucket") or 0 for row in ask(clickhouse, 7)]
    assert len(starts) == 7
    assert len({late - early for early, late in pairwise(starts)}) == 1
    assert (starts[0], starts[-1] < 10**18 + 999 * 10**6) == (10**18, True)
