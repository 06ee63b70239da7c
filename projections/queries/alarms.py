"""The alarm level of a value, and its changes, by the limits of the generation's own mission database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from projections.alarm_rows import COLUMNS, alarms_query
from projections.alarms_view import alarm_branches, watched_columns
from projections.clickhouse import LONG_QUERY, ClickHouse
from projections.queries.answer import Answer, Row, flat_rows
from projections.queries.catalog import find_parameter
from projections.queries.packet_values import typed
from projections.queries.scope import Scope
from streams.xtce.alarms import AlarmRange

_SETTINGS = {**LONG_QUERY, "final": 0}
"""A row that is there twice has the same level as itself, so that it is no second change."""


def alarm_level(
    alarms: Sequence[AlarmRange],
    value: Any,
    contexts: Sequence[Sequence[AlarmRange]] = (),
    context: int | None = None,
) -> str | None:
    """Return the most severe level that holds, `normal` when none does, None without alarms or value.

    `alarms` are most severe first; in place of them those of `contexts` count whose number (from 1) is
    `context`.
    """
    if not (alarms or contexts) or value is None:
        return None
    alarms = contexts[context - 1] if context else alarms
    number = float(value) if isinstance(value, int | float) else str(value)
    if number in ("Infinity", "-Infinity", "NaN"):
        number = float(number)
    for alarm in alarms:
        if alarm.violated(number):
            return alarm.level
    return "normal"


def alarms(clickhouse: ClickHouse, scope: Scope, names: Sequence[str] = ()) -> Answer:
    """Return a row for each change of an alarm level, in the order in which they were recorded.

    `from` and `to` bound the samples' times. Raises QueryError for an unknown parameter; one without limits
    has no rows. As JSON a value has its own type, as Arrow it is exact text with a number beside it.
    """
    columns = watched_columns(clickhouse, scope.generation)
    if names:
        wanted = {
            (one.packet, one.label)
            for name in names
            for one in find_parameter(clickhouse, scope.generation, name)
        }
        columns = [one for one in columns if (one["packet"], one["label"]) in wanted]
    query = (
        f"SELECT {', '.join(COLUMNS)} FROM ({alarms_query(alarm_branches(columns), scope.known())}) "
        f"WHERE {scope.between()} ORDER BY frame_offset, packet_index, parameter {scope.limited}"
    )
    kinds = {(one["packet"], one["label"]): one["type"] for one in columns}
    return Answer(
        clickhouse.stream(query, scope.parameters, _SETTINGS), to_rows=partial(_alarm_rows, kinds=kinds)
    )


def _alarm_rows(batch: pa.RecordBatch, kinds: dict[tuple[str, str], str]) -> list[Row]:
    rows = flat_rows(batch)
    for row in rows:
        row["value"] = typed(kinds[row["packet"], row["parameter"]], row["value"])
        del row["number"]
    return rows
