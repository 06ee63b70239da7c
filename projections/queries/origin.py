"""From a value back to what it came from: packet, frame, generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.errors import QueryError
from projections.clickhouse import ClickHouse, quoted
from projections.queries.answer import Row
from projections.queries.catalog import ParameterColumns, find_parameter, read_catalog
from projections.queries.packets import select_packets
from projections.queries.scope import Scope

_ONCE = {"final": 0}
"""One row is asked for, and rows that were written twice are the same."""


def find_packet_at(clickhouse: ClickHouse, scope: Scope, parameter: str, at: int) -> tuple[str, int, int]:
    """Return (packet, frame offset, index) of the newest sample of a parameter at or before `at` (ns UTC).

    Raises QueryError when there is none.
    """
    best: tuple[int, int, int, str] | None = None
    for one in find_parameter(clickhouse, scope.generation, parameter):
        found = clickhouse.rows(
            "SELECT toUnixTimestamp64Nano(time) AS at, frame_offset, packet_index "
            f"FROM {quoted(one.table)} AS t WHERE {scope.known()} AND t.{quoted(one.value)} IS NOT NULL "
            "AND time <= fromUnixTimestamp64Nano({at:Int64}, 'UTC') "
            "ORDER BY time DESC, frame_offset DESC, packet_index DESC LIMIT 1",
            {**scope.parameters, "at": at},
            _ONCE,
        )
        for row in found:
            candidate = (row["at"], row["frame_offset"], row["packet_index"], one.packet)
            best = candidate if best is None else max(best, candidate)
    if best is None:
        raise QueryError(
            f"no sample of {parameter!r} at or before that time", fix="see `query history` for its times"
        )
    return best[3], best[1], best[2]


def packets_of_frame(
    clickhouse: ClickHouse,
    scope: Scope,
    frame_offset: int,
    *,
    packet: str | None = None,
    index: int | None = None,
) -> list[Row]:
    """Return the packets that started in a frame, all or those of one type or with one index."""
    condition = "true" if packet is None else "packet = {packet:String}"
    places = clickhouse.rows(
        "SELECT packet, frame_offset, packet_index, toUnixTimestamp64Nano(time) AS at FROM packets "
        f"WHERE {scope.known()} AND frame_offset = {{frame_offset:UInt64}} AND {condition} "
        "ORDER BY packet_index",
        {**scope.parameters, "frame_offset": frame_offset, "packet": packet},
    )
    found: list[Row] = []
    for place in places:
        if index in (None, place["packet_index"]):
            parameters = read_catalog(clickhouse, scope.generation, packet=place["packet"])
            found.extend(_read_packet(clickhouse, scope.generation, parameters, place))
    return found


def _read_packet(
    clickhouse: ClickHouse, generation: str, parameters: Sequence[ParameterColumns], place: Row
) -> list[Row]:
    condition = f"frame_offset = {place['frame_offset']} AND packet_index = {place['packet_index']}"
    scope = Scope(generation, start=place["at"], end=place["at"], limit=1)
    return list(select_packets(clickhouse, scope, parameters, condition).rows())


def frame_row(clickhouse: ClickHouse, generation: str, frame_offset: int) -> dict[str, Any] | None:
    """Return what became of a frame in a generation; None when it was not parsed yet."""
    rows = clickhouse.rows(
        "SELECT result, packets, size FROM frames WHERE generation = {generation:String} "
        "AND frame_offset = {offset:UInt64}",
        {"generation": generation, "offset": frame_offset},
    )
    return rows[0] if rows else None


def generation_row(clickhouse: ClickHouse, generation: str) -> Row:
    """Return what made a generation."""
    rows = clickhouse.rows(
        "SELECT generation, mission, parser_version, live FROM generations "
        "WHERE generation = {generation:String}",
        {"generation": generation},
    )
    return rows[0] if rows else {"generation": generation}
