"""Rows of the fixed tables: frames, quarantine, gaps; how far the projections are."""

from __future__ import annotations

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer, Row, flat_rows, iso_time
from projections.queries.scope import Scope

DEFAULT_LIMIT = 10_000

_FRAMES = "generation, frame_offset, link, session, received, recorded, size, packets, result"
_QUARANTINE = (
    "generation, frame_offset, packet_index, stage, reason, decoded, link, session, received, recorded, size"
)


def frames(clickhouse: ClickHouse, scope: Scope, *, result: str | None = None) -> Answer:
    """Return frames in the order of offsets, `result` narrows to parsed, partly, quarantined or empty."""
    condition = scope.where("received") + (" AND result = {result:String}" if result else "")
    query = (
        f"SELECT {_FRAMES} FROM frames WHERE {condition} ORDER BY frame_offset {scope.limited(DEFAULT_LIMIT)}"
    )
    values = {**scope.parameters, **({"result": result} if result else {})}
    return Answer(clickhouse.stream(query, values), flat_rows(frozenset(_FRAMES.split(", "))))


def quarantine(clickhouse: ClickHouse, scope: Scope) -> Answer:
    """Return what was wrong with frames and packets, with the bytes (hex; the first 4,096)."""
    condition, fields = scope.where("received"), f"{_QUARANTINE}, bytes"
    query = (
        f"SELECT {fields} FROM (SELECT {fields} FROM quarantine WHERE {condition} "
        f"UNION ALL SELECT {fields} FROM clock_steps WHERE {condition}) "
        f"ORDER BY frame_offset, packet_index, stage, reason {scope.limited(DEFAULT_LIMIT)}"
    )
    return Answer(clickhouse.stream(query, scope.parameters), flat_rows(frozenset(_QUARANTINE.split(", "))))


def gaps(clickhouse: ClickHouse, scope: Scope) -> Answer:
    """Return runs of missing sequence counts, per link, session and APID."""
    query = (
        f"SELECT * FROM gaps WHERE {scope.where()} ORDER BY frame_offset, apid {scope.limited(DEFAULT_LIMIT)}"
    )
    texts = frozenset({"generation", "link", "session"})
    return Answer(clickhouse.stream(query, scope.parameters), flat_rows(texts))


def counts(clickhouse: ClickHouse, scope: Scope) -> Row:
    """Return how much of everything a generation holds."""
    values, condition = scope.parameters, scope.where()
    packets = clickhouse.rows(
        f"SELECT packet, count() AS number FROM packets WHERE {condition} GROUP BY packet ORDER BY packet",
        values,
    )
    by_result = clickhouse.rows(
        f"SELECT result, count() AS number FROM frames WHERE {scope.where('received')} "
        "GROUP BY result ORDER BY result",
        values,
    )
    remarks = clickhouse.rows(
        f"SELECT stage, count() AS number FROM quarantine WHERE {scope.where('received')} "
        "GROUP BY stage ORDER BY stage",
        values,
    )
    missing = clickhouse.rows(
        f"SELECT count() AS gaps, sum(missing) AS missing FROM gaps WHERE {condition}", values
    )
    return {
        "generation": scope.generation,
        "frames": {row["result"]: row["number"] for row in by_result},
        "packets": {row["packet"]: row["number"] for row in packets},
        "quarantine": {row["stage"]: row["number"] for row in remarks},
        **missing[0],
    }


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
