"""The history of parameters: all samples, buckets made in the database, or samples that keep the shape."""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from support.made_mission import (
    EPOCH_NS,
    FIRST_APID,
    boolean,
    enumeration,
    floating,
    integer,
    made_mission,
    packet,
)
from support.projected import SECOND, Projected, Sent

from infra.errors import QueryError
from projections.queries.answer import Row
from projections.queries.history import history
from projections.queries.scope import parse_time

FIELDS = {"F": floating(64), "I": integer(64, signed=True), "B": boolean(), "E": enumeration(["OFF", "ON"])}
COUNT = 1_000
SPIKE = 137


def value_at(number: int) -> float:
    if number == SPIKE:
        return 1e6
    return math.nan if number % 50 == 7 else math.sin(number / 40)


@pytest.fixture(scope="module")
def filled(clickhouse_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Projected:
    """A thousand packets, a tenth of a second apart, every third of session s2; NAV and AUX have the same."""
    projected = Projected(clickhouse_server.url, "history_tests")
    mission = made_mission(tmp_path_factory.mktemp("mission"), {"NAV": FIELDS, "AUX": {"F": FIELDS["F"]}})
    sent = []
    for number in range(COUNT):
        body = struct.pack(">dqBB", value_at(number), number - 500, number % 2, number % 2)
        generated = EPOCH_NS + number * SECOND // 10 + number % 7
        data = packet(body, count=number, generated=generated)
        sent.append(Sent(number + 1, data, session="s2" if number % 3 == 0 else "s1"))
    sent.append(Sent(COUNT + 1, packet(struct.pack(">d", 2.5), apid=FIRST_APID + 1)))
    projected.write(mission, sent)
    return projected


def ask(
    projected: Projected, name: str, points: int | None = None, method: str = "buckets", **scope: Any
) -> list[Row]:
    answers = history(projected.clickhouse, projected.scope(**scope), [name], points=points, method=method)
    return [row for answer in answers for row in answer.rows()]


def test_all_samples_come_in_the_order_of_time(filled: Projected) -> None:
    rows = ask(filled, "NAV.I")
    assert [row["value"] for row in rows] == list(range(-500, 500))
    assert rows[0]["packet"] == "NAV"


def test_a_name_in_several_packets_gives_all_of_them_once(filled: Projected) -> None:
    answers = list(history(filled.clickhouse, filled.scope(), ["F", "AUX.F"]))
    packets = [{row["packet"] for row in answer.rows()} for answer in answers]
    assert packets == [{"AUX"}, {"NAV"}]


@pytest.mark.parametrize("points", [1, 7, 100, 5_000])
def test_buckets_have_count_min_max_mean_and_last_of_the_finite_values(
    filled: Projected, points: int
) -> None:
    rows = ask(filled, "NAV.F", points=points)
    assert len(rows) <= points
    samples = [(EPOCH_NS + n * SECOND // 10 + n % 7, value_at(n)) for n in range(COUNT)]
    starts = [parse_time(row["bucket"], "bucket") or 0 for row in rows]
    ends = [*starts[1:], 2**63 - 1]
    for row, start, end in zip(rows, starts, ends, strict=True):
        inside = [value for time, value in samples if start <= time < end]
        finite = [value for value in inside if math.isfinite(value)]
        assert row["count"] == len(inside)
        if finite:
            assert (row["min"], row["max"]) == (min(finite), max(finite))
            assert row["mean"] == pytest.approx(sum(finite) / len(finite))
        else:
            assert (row["min"], row["max"], row["mean"]) == (None, None, None)
        assert row["last"] == (inside[-1] if math.isfinite(inside[-1]) else "NaN")
    assert sum(row["count"] for row in rows) == COUNT
    widths = {late - early for early, late in pairwise(starts)}
    assert len({round(width / (COUNT * SECOND / 10 / points)) for width in widths}) <= 3 or points > COUNT


def test_buckets_keep_64_bit_integers_and_times_exactly(filled: Projected) -> None:
    (row,) = ask(filled, "NAV.I", points=1)
    assert (row["min"], row["max"], row["last"], row["mean"]) == (-500, 499, 499, -0.5)
    assert parse_time(row["bucket"], "") == EPOCH_NS
    assert parse_time(row["last_time"], "") == EPOCH_NS + 999 * SECOND // 10 + 999 % 7
    assert row["last_frame_offset"] == COUNT


def test_lttb_gives_samples_of_the_curve_with_their_exact_times_and_keeps_the_spike(
    filled: Projected,
) -> None:
    rows = ask(filled, "NAV.F", points=50, method="lttb")
    assert len(rows) == 50
    samples = {EPOCH_NS + n * SECOND // 10 + n % 7: value_at(n) for n in range(COUNT)}
    times = [parse_time(row["time"], "") or 0 for row in rows]
    assert times == sorted(times)
    for time, row in zip(times, rows, strict=True):
        assert samples[time] == row["value"]
    assert max(row["value"] for row in rows) == 1e6


def test_booleans_have_buckets_and_labels_keep_their_samples(filled: Projected) -> None:
    (row,) = ask(filled, "NAV.B", points=1)
    assert (row["min"], row["max"], row["mean"]) == (0, 1, 0.5)
    for method in ("buckets", "lttb"):
        labels = ask(filled, "NAV.E", points=3, method=method)
        assert [row["value"] for row in labels] == ["OFF", "ON"] * (COUNT // 2)


def test_session_limit_from_and_to_narrow_all_methods(filled: Projected) -> None:
    assert {row["session"] for row in ask(filled, "NAV.I", session="s2")} == {"s2"}
    assert len(ask(filled, "NAV.I", session="s2")) == 334
    assert [row["value"] for row in ask(filled, "NAV.I", limit=3)] == [-500, -499, -498]
    assert len(ask(filled, "F", limit=3)) == 3 + 1
    window = {"from": EPOCH_NS + 10 * SECOND, "to": EPOCH_NS + 20 * SECOND}
    values = [row["value"] for row in ask(filled, "NAV.I", **window)]
    assert values == [
        n - 500 for n in range(COUNT) if window["from"] <= EPOCH_NS + n * SECOND // 10 + n % 7 <= window["to"]
    ]
    (bucket,) = ask(filled, "NAV.I", points=1, **window)
    assert (bucket["count"], bucket["min"], bucket["max"]) == (len(values), values[0], values[-1])
    curve = ask(filled, "NAV.I", points=1000, method="lttb", session="s2", **window)
    assert {row["value"] for row in curve} <= set(values)


def test_nothing_in_the_window_is_no_row(filled: Projected) -> None:
    for points, method in ((None, "buckets"), (5, "buckets"), (5, "lttb")):
        assert ask(filled, "NAV.F", points=points, method=method, to=0) == []


def test_an_empty_arrow_answer_has_the_types(filled: Projected) -> None:
    (answer,) = history(filled.clickhouse, filled.scope(to=0), ["NAV.I"])
    table = pa.Table.from_batches(answer.typed())
    assert (table.num_rows, table.schema.field("value").type) == (0, pa.int64())


def test_an_unknown_parameter_is_named_with_those_near_it(filled: Projected) -> None:
    with pytest.raises(QueryError, match=r"there is no parameter 'NAV.X' \(near names: "):
        ask(filled, "NAV.X")
