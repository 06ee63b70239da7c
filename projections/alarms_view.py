"""The view `alarms`: changes of alarm levels in all generations, each by the limits of its own mission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from projections.alarm_rows import Branch, Watched, alarms_query
from projections.clickhouse import ClickHouse
from projections.views import ensure_view

VIEW = "alarms"


def make_alarms_view(clickhouse: ClickHouse) -> None:
    """Make the view anew unless it is what the table `columns` says.

    Two writers may do this at once: the one that was overtaken sees the other's columns and makes it again.
    """
    while ensure_view(clickhouse, VIEW, alarms_query(alarm_branches(watched_columns(clickhouse)))):
        pass


def watched_columns(clickhouse: ClickHouse, generation: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of `columns` of values with alarms, of one generation or of all.

    Each with `context` and `context_alarms` of the column that tells its alarm context, empty without one.
    """
    condition = "true" if generation is None else "generation = {generation:String}"
    rows = clickhouse.rows(
        "SELECT generation, packet, table, column, label, parameter, role, type, alarms FROM columns "
        f"WHERE role != 'raw' AND {condition} AND (generation, packet, label) IN "
        "(SELECT generation, packet, label FROM columns WHERE alarms != '[]') "
        "ORDER BY packet, position, generation",
        {"generation": generation},
    )
    contexts = {_key(row): row for row in rows if row["role"] == "context"}
    found = []
    for row in rows:
        if row["role"] != "context":
            context = contexts.get(_key(row), {"column": "", "alarms": "[]"})
            found.append({**row, "context": context["column"], "context_alarms": context["alarms"]})
    return found


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["generation"], row["packet"], row["label"]


def alarm_branches(columns: Iterable[Mapping[str, Any]]) -> list[Branch]:
    """Return the query's branches for rows of `columns`: generations that are alike share one."""
    packets: dict[tuple[str, str, str], list[Watched]] = {}
    for one in columns:
        contexts = [context["alarms"] for context in orjson.loads(one["context_alarms"])]
        alarms = orjson.loads(one["alarms"])
        watched = Watched(one["label"], one["column"], one["type"], alarms, one["context"], contexts)
        packets.setdefault((one["packet"], one["table"], one["generation"]), []).append(watched)
    branches: list[Branch] = []
    for (packet, table, generation), mine in packets.items():
        alike = next(
            (one for one in branches if (one.packet, one.table, one.watched) == (packet, table, mine)), None
        )
        if alike is None:
            branches.append(Branch(packet, table, [generation], mine))
        else:
            alike.generations.append(generation)
    return branches
