"""Where the newest packet of each type is, and the newest sample of a parameter.

Newest is what was recorded last (the highest frame offset), not what the device's clock says. Which rows
count is a scope's: as of a time, of a session, up to a device time. The index `packets` is ordered by frame
offset, and it has skip indexes for the rest, so that only what is near the answer is read. A clock of the
ground that was set back does not matter: nothing here takes `recorded` for ascending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from projections.clickhouse import LONG_QUERY, ClickHouse, quoted
from projections.queries.answer import Row, flat_rows
from projections.queries.catalog import ParameterColumns
from projections.queries.packets import ORIGIN
from projections.queries.scope import Scope

_FIRST_FRAMES = 4_096
"""How far back from the newest frame all packet types are looked for at first."""

_WIDER = 16
"""How many times wider the next look is, for those types that were not found."""

_ONCE = {**LONG_QUERY, "final": 0, "optimize_move_to_prewhere": 0}
"""A row that was written twice is as new as itself: there is nothing to merge. Of so few rows it takes longer
to plan which column is read first than to read them all."""

_PLACE = ", ".join(f"t.{name} AS {name}" for name in ORIGIN) + ", toUnixTimestamp64Nano(t.time) AS at"
_LAST_FIRST = "ORDER BY t.frame_offset DESC, t.packet_index DESC LIMIT 1"


class Place(NamedTuple):
    """Where a packet's row is in its table, by its origin (as JSON has it) and its time `at` (ns UTC)."""

    origin: Mapping[str, Any]
    at: int


def newest_packets(clickhouse: ClickHouse, scope: Scope, wanted: Sequence[str]) -> dict[str, Place]:
    """Return the place of the newest packet of each type that has one.

    The most recent frames have nearly all types; rarer ones are looked for further and further back.
    """
    found = _newest(clickhouse, scope, wanted, f"({_newest_frame(scope)})", _FIRST_FRAMES)
    if len(found) == len(wanted):
        return found
    rows = clickhouse.rows(_newest_frame(scope), scope.parameters, _ONCE)
    last, width = (int(rows[0]["frame_offset"]) if rows else 0) - _FIRST_FRAMES, _FIRST_FRAMES * _WIDER
    while last > 0 and (missing := [name for name in wanted if name not in found]):
        found |= _newest(clickhouse, scope, missing, str(last), width)
        last, width = last - width, width * _WIDER
    return found


def _newest_frame(scope: Scope) -> str:
    return f"SELECT frame_offset FROM packets WHERE {scope.where()} ORDER BY frame_offset DESC LIMIT 1"


def _newest(
    clickhouse: ClickHouse, scope: Scope, wanted: Sequence[str], last: str, width: int
) -> dict[str, Place]:
    """Look through so many frames up to the frame `last`, which is an expression."""
    query = (
        f"WITH toInt64({last}) AS last "
        f"SELECT t.packet AS packet, {_PLACE} FROM packets AS t WHERE {scope.where()} "
        f"AND packet IN {{wanted:Array(String)}} AND frame_offset BETWEEN last - {width - 1} AND last "
        f"{_LAST_FIRST} BY packet"
    )
    values = {**scope.parameters, "wanted": list(wanted)}
    return {row.pop("packet"): _place(row) for row in _rows(clickhouse, query, values)}


def newest_samples(
    clickhouse: ClickHouse, scope: Scope, parameters: Iterable[ParameterColumns]
) -> dict[tuple[str, str], Place]:
    """Return, by packet and label, where each parameter has a sample last, of those that have one.

    This reads the parameter's columns as a whole: it is for those that the newest packet did not have.
    """
    wanted = list(parameters)
    if not wanted:
        return {}
    query = " UNION ALL ".join(
        f"(SELECT {number} AS number, {_PLACE} FROM {quoted(one.table)} AS t "
        f"WHERE {scope.where('t.time')} AND {has_sample(one)} {_LAST_FIRST})"
        for number, one in enumerate(wanted)
    )
    found = {row.pop("number"): _place(row) for row in _rows(clickhouse, query, scope.parameters)}
    return {(wanted[number].packet, wanted[number].label): place for number, place in found.items()}


def _rows(clickhouse: ClickHouse, query: str, values: Mapping[str, Any]) -> list[Row]:
    return [row for batch in clickhouse.stream(query, values, _ONCE) for row in flat_rows(batch)]


def _place(row: Row) -> Place:
    return Place({name: row[name] for name in ORIGIN}, row["at"])


def has_sample(one: ParameterColumns) -> str:
    """Return the condition that a row of the table `t` has a sample of a parameter, raw or calibrated."""
    raw, value = f"t.{quoted(one.raw)}", f"t.{quoted(one.value)}"
    return f"({raw} IS NOT NULL OR {value} IS NOT NULL)"
