"""The whole board in one answer: every parameter of the mission database with its newest sample, or without.

Two questions, as everywhere: `as_of` is what the console showed at that time, and a sample's age counts
from when the ground received it. `at` is what is known about that time now: the newest of the samples whose
time is not behind it, and the age counts from that time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from projections.clickhouse import ClickHouse
from projections.queries.answer import Row
from projections.queries.generation_reader import GenerationReaders
from projections.queries.latest import Sample, newest_of, sample_row
from projections.queries.packets import ORIGIN
from projections.queries.scope import Scope, parse_time

_NO_SAMPLE = Sample(None, None, dict.fromkeys(ORIGIN))


def console(
    clickhouse: ClickHouse,
    scope: Scope,
    *,
    now: int,
    at: int | None = None,
    readers: GenerationReaders | None = None,
) -> Iterator[Row]:
    """Yield a row for each parameter, by packet and in the mission database's order.

    `now` and `at` are ns UTC; without `as_of` and `at` ages count to `now`. `age` is in seconds; it and all
    that a sample has are None for a parameter that had none.
    """
    reader = (readers or GenerationReaders(clickhouse)).of(scope.generation)
    axis, moment = "received", now if scope.as_of is None else scope.as_of
    if at is not None:
        axis, moment, scope = "time", at, replace(scope, end=at)
    samples = newest_of(clickhouse, scope, reader.catalog, reader)
    ages: dict[str | None, float | None] = {None: None}
    for one, sample in zip(reader.catalog, samples, strict=True):
        row = sample_row(scope.generation, one, sample or _NO_SAMPLE)
        seen = row[axis]
        if seen not in ages:
            ages[seen] = (moment - (parse_time(seen, axis) or 0)) / 1e9
        yield {**row, "age": ages[seen]}
