"""The latest sample of each parameter: what a console shows, now or as of a time.

Latest is what was recorded last (the highest frame offset), not what the device's clock says: a late packet
shows when it comes in, and a clock that jumped ahead does not hide what follows. With an end (`to`) it is the
one recorded last of those whose time is not behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from projections.clickhouse import ClickHouse
from projections.queries.alarms import alarm_level
from projections.queries.answer import Row
from projections.queries.catalog import ParameterColumns, find_parameter
from projections.queries.packets import ORIGIN, packet_types, select_packets
from projections.queries.scope import Scope

_RECENT_FRAMES = 20_000
"""How far back from the newest frame all packet types are looked for at once, before the rare ones are."""

_ONCE = {"final": 0}
"""A row that was written twice is as new as itself: there is nothing to merge."""


def latest(
    clickhouse: ClickHouse, scope: Scope, *, packet: str | None = None, parameters: Sequence[str] = ()
) -> Iterator[Row]:
    """Yield each parameter's newest sample with its alarm level. Raises QueryError for an unknown name."""
    wanted = _wanted(clickhouse, scope.generation, packet, parameters)
    newest = newest_packets(clickhouse, scope, list(wanted))
    for name, mine in wanted.items():
        if name in newest:
            for row in read_packet(clickhouse, scope.generation, mine, newest[name]):
                yield from (_sample(row, one) for one in mine)


def _wanted(
    clickhouse: ClickHouse, generation: str, packet: str | None, names: Sequence[str]
) -> dict[str, list[ParameterColumns]]:
    catalog = [one for mine in packet_types(clickhouse, generation, packet) for one in mine]
    if names:
        named = [one for name in names for one in find_parameter(clickhouse, generation, name)]
        catalog = [one for one in named if packet in (None, one.packet)]
    by_packet = sorted(catalog, key=lambda one: one.packet)
    return {name: list(mine) for name, mine in groupby(by_packet, key=lambda one: one.packet)}


def newest_packets(clickhouse: ClickHouse, scope: Scope, wanted: Sequence[str]) -> dict[str, Row]:
    """Return frame offset, index and time (`at`, ns) of the newest packet of each type that has one.

    First the most recent frames, which have nearly all types; then, by its index, the whole table for those
    that are missing.
    """
    end = clickhouse.rows(
        f"SELECT frame_offset FROM packets WHERE {scope.where()} ORDER BY frame_offset DESC LIMIT 1",
        scope.parameters,
        _ONCE,
    )
    if not end:
        return {}
    recent = max(0, int(end[0]["frame_offset"]) - _RECENT_FRAMES)
    found = _newest(clickhouse, scope, wanted, "frame_offset > {recent:UInt64}", recent)
    if missing := [name for name in wanted if name not in found]:
        found |= _newest(clickhouse, scope, missing, "frame_offset <= {recent:UInt64}", recent)
    return found


def _newest(
    clickhouse: ClickHouse, scope: Scope, wanted: Sequence[str], where: str, recent: int
) -> dict[str, Row]:
    rows = clickhouse.rows(
        "SELECT packet, max((frame_offset, packet_index, toUnixTimestamp64Nano(time))) AS newest "
        f"FROM packets WHERE {scope.where()} AND packet IN {{wanted:Array(String)}} AND {where} "
        "GROUP BY packet",
        {**scope.parameters, "wanted": list(wanted), "recent": recent},
        _ONCE,
    )
    names = ("frame_offset", "packet_index", "at")
    return {row["packet"]: dict(zip(names, row["newest"].values(), strict=True)) for row in rows}


def _sample(row: Row, one: ParameterColumns) -> Row:
    both = row["values"].get(one.label, {"raw": None, "value": None})
    return {
        "parameter": one.label,
        "packet": one.packet,
        "value": both["value"],
        "raw": both["raw"],
        "unit": one.unit,
        "alarm": alarm_level(one.alarms, both["value"]),
        **{name: row[name] for name in ("generation", *ORIGIN)},
    }


def read_packet(
    clickhouse: ClickHouse, generation: str, parameters: Sequence[ParameterColumns], place: dict[str, Any]
) -> list[Row]:
    """Return one packet, found by its place in the table: `frame_offset`, `packet_index` and `at` (ns)."""
    at = int(place["at"])
    condition = f"frame_offset = {int(place['frame_offset'])} AND packet_index = {int(place['packet_index'])}"
    scope = Scope(generation, start=at, end=at, limit=1)
    return list(select_packets(clickhouse, scope, parameters, condition).rows())
