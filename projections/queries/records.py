"""Rows of the fixed tables: frames, quarantine, gaps; how much there is, how far the projections are."""

from __future__ import annotations

from dataclasses import replace

from projections.clickhouse import ClickHouse
from projections.derived_rows import clock_steps_query, gaps_query
from projections.gap_filling import filled_gaps_query
from projections.queries.answer import Answer, Row, iso_time
from projections.queries.scope import Scope

_FRAMES = "generation, frame_offset, link, session, received, recorded, size, packets, result"
_QUARANTINE = (
    "generation, frame_offset, packet_index, stage, reason, decoded, link, session, received, recorded, "
    "size, bytes"
)


def frames(clickhouse: ClickHouse, scope: Scope, *, result: str | None = None) -> Answer:
    """Return frames in the order of offsets; `result` narrows to parsed, partly, quarantined or empty."""
    condition = scope.where("received") + (" AND result = {result:String}" if result else "")
    query = f"SELECT {_FRAMES} FROM frames WHERE {condition} ORDER BY frame_offset {scope.limited}"
    return Answer(clickhouse.stream(query, {**scope.parameters, "result": result or ""}))


def quarantine(clickhouse: ClickHouse, scope: Scope) -> Answer:
    """Return what was wrong with frames and packets, with the bytes (the first 4,096)."""
    query = (
        f"SELECT {_QUARANTINE} FROM {_remarks(scope)} "
        f"ORDER BY frame_offset, packet_index, stage, reason {scope.limited}"
    )
    return Answer(clickhouse.stream(query, scope.parameters), frozenset({"bytes"}))


def _remarks(scope: Scope) -> str:
    """What the parser kept aside, and what the rows themselves show."""
    axis = scope.between("received")
    return (
        f"(SELECT {_QUARANTINE} FROM quarantine WHERE {scope.known()} AND {axis} "
        f"UNION ALL SELECT {_QUARANTINE} FROM ({clock_steps_query(scope.known())}) WHERE {axis})"
    )


def gaps(clickhouse: ClickHouse, scope: Scope) -> Answer:
    """Return runs of missing sequence counts, per link, session and APID, and what fills them from others.

    Both as they were known then. Gaps of one session are filled from all of them.
    """
    found = f"SELECT * FROM ({gaps_query(scope.known())}) WHERE {scope.between()}"
    chosen = f"{found} ORDER BY frame_offset, apid, sequence_count {scope.limited}"
    query = filled_gaps_query(chosen, replace(scope, session=None).known())
    ordered = f"{query} ORDER BY frame_offset, apid, sequence_count"
    return Answer(clickhouse.stream(ordered, scope.parameters))


def counts(clickhouse: ClickHouse, scope: Scope) -> Row:
    """Return how much of everything a generation holds."""
    received = scope.between("received")
    missing = clickhouse.rows(
        "SELECT count() AS gaps, sum(missing) AS missing "
        f"FROM ({gaps_query(scope.known())}) WHERE {scope.between()}",
        scope.parameters,
    )
    return {
        "generation": scope.generation,
        "frames": _numbers(clickhouse, scope, "result", f"frames WHERE {scope.known()} AND {received}"),
        "packets": _numbers(clickhouse, scope, "packet", f"packets WHERE {scope.where()}"),
        "quarantine": _numbers(clickhouse, scope, "stage", _remarks(scope)),
        **missing[0],
    }


def _numbers(clickhouse: ClickHouse, scope: Scope, kind: str, source: str) -> dict[str, int]:
    query = f"SELECT {kind} AS kind, count() AS number FROM {source} GROUP BY kind ORDER BY kind"
    return {row["kind"]: row["number"] for row in clickhouse.rows(query, scope.parameters)}


def offsets(clickhouse: ClickHouse) -> list[Row]:
    """Return how far each consumer of each stream is."""
    return clickhouse.rows(
        "SELECT consumer, stream, generation, offset, toString(at) AS at FROM offsets "
        "ORDER BY consumer, stream, generation"
    )


def generations(clickhouse: ClickHouse) -> list[Row]:
    """Return the generations that were not dropped, the oldest first, with the frames that each has."""
    found = clickhouse.rows(
        "SELECT g.generation AS generation, live, state, parser_version, mission, first_frame, last_frame, "
        "frames, toUnixTimestamp64Nano(started) AS started, "
        "arrayMap(t -> toUnixTimestamp64Nano(t), promoted) AS promoted, digest FROM generations AS g "
        "LEFT JOIN (SELECT generation, min(frame_offset) AS first_frame, max(frame_offset) AS last_frame, "
        "count() AS frames FROM frames GROUP BY generation) AS f ON g.generation = f.generation "
        "WHERE state != 'dropped' ORDER BY started, generation"
    )
    for row in found:
        row["started"] = iso_time(row["started"])
        row["promoted"] = [iso_time(at) for at in row["promoted"]]
    return found
