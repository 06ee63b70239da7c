"""Alarms as a query: a row for each change of a parameter's alarm level, found in the rows of its packets.

Each link and session is a series of its own, in the order in which it was recorded, so that a recorder's dump
of a flight does not flap with the radio's samples of the same flight. Before the first sample of its series a
parameter counts as normal. With `recorded <= T` the answer is what was known at T: what is recorded later
comes later in that order and changes nothing that was found before it. Why this is no table that somebody
writes: docs/decisions/013-alarms-as-a-query.md. Proven by `tests/projections/test_alarms.py`.

Known limit: the packets of all types with limits are sorted whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from projections.clickhouse import literal, quoted
from projections.column_text import column_of, is_number, number_of, text_of
from streams.xtce.alarms import LEVELS, AlarmRange

COLUMNS = (
    "generation", "packet", "parameter", "level_before", "level", "value", "number", "time", "generated",
    "received", "recorded", "frame_offset", "packet_index", "link", "session",
)  # fmt: skip
"""`value` is exact text, `number` the same where it is one, as in the view `samples`."""

_NORMAL = LEVELS.index("normal") + 1
_ORIGIN = ("time", "generated", "received", "recorded", "frame_offset", "packet_index", "link", "session")
_NO_ALARMS = (
    "SELECT '' AS generation, '' AS packet, '' AS parameter, '' AS level_before, '' AS level, "
    "CAST(NULL AS Nullable(String)) AS value, CAST(NULL AS Nullable(Float64)) AS number, time, generated, "
    "received, recorded, frame_offset, packet_index, link, session FROM packets WHERE false"
)


class Watched(NamedTuple):
    """A parameter with alarms (`AlarmRange`s as JSON, in the order in which they count) and its column.

    The column `context` tells which of `contexts` counts in place of the alarms: 1 the first, 0 none.
    """

    label: str
    column: str
    kind: str
    alarms: Sequence[Mapping[str, Any]]
    context: str = ""
    contexts: Sequence[Sequence[Mapping[str, Any]]] = ()


class Branch(NamedTuple):
    """One packet type in one table, and those generations in which it has these alarms."""

    packet: str
    table: str
    generations: list[str]
    watched: Sequence[Watched]


def alarms_query(branches: Sequence[Branch], known: str = "true") -> str:
    """Return the query; `known` is a condition on rows of packets that says which of them count."""
    return " UNION ALL ".join(_select(branch, known) for branch in branches) or _NO_ALARMS


def _select(branch: Branch, known: str) -> str:
    """Levels beside each row, then the level before each; a row without a value changes nothing."""
    numbers = range(len(branch.watched))
    levels = ", ".join(f"{_level(one)} AS a_level{n}" for n, one in zip(numbers, branch.watched, strict=True))
    before = ", ".join(
        f"ifNull(anyLast(a_level{n}) OVER a_before, {_NORMAL}) AS a_before{n}" for n in numbers
    )
    changes = ", ".join(
        f"({literal(one.label)}, a_before{n}, ifNull(a_level{n}, a_before{n}), "
        f"CAST({text_of(one.column, one.kind)} AS Nullable(String)), "
        f"CAST({number_of(one.column, one.kind)} AS Nullable(Float64)))"
        for n, one in zip(numbers, branch.watched, strict=True)
    )
    columns = ", ".join(dict.fromkeys(column_of(one.column) for one in branch.watched))
    origin = ", ".join(f"t.{name}" for name in _ORIGIN)
    generations = ", ".join(map(literal, branch.generations))
    return (
        f"SELECT t.generation AS generation, {literal(branch.packet)} AS packet, a_change.1 AS parameter, "
        f"{_name('a_change.2')} AS level_before, {_name('a_change.3')} AS level, a_change.4 AS value, "
        f"a_change.5 AS number, {', '.join(f't.{name} AS {name}' for name in _ORIGIN)} "
        f"FROM (SELECT *, {before} FROM (SELECT t.generation, {origin}, {columns}, {levels} "
        f"FROM {quoted(branch.table)} AS t WHERE t.generation IN ({generations}) AND ({known})) AS t "
        "WINDOW a_before AS (PARTITION BY generation, link, session ORDER BY frame_offset, packet_index "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS t "
        f"ARRAY JOIN arrayFilter(a_one -> a_one.2 != a_one.3, [{changes}]) AS a_change"
    )


def _name(number: str) -> str:
    names = ", ".join(map(literal, LEVELS))
    return f"[{names}][{number}]"


def _level(one: Watched) -> str:
    """Return the number of the first level that holds, NULL without a value (`queries/alarms.py`)."""
    column = column_of(one.column)
    in_contexts = [
        f"{column_of(one.context)} = {number}, {_first_of(alarms, one)}"
        for number, alarms in enumerate(one.contexts, 1)
    ]
    level = _chosen(in_contexts, _first_of(one.alarms, one))
    return f"if(isNull({column}), NULL, toNullable(toUInt8({level})))"


def _first_of(alarms: Sequence[Mapping[str, Any]], one: Watched) -> str:
    cases = [f"{_holds(AlarmRange(**alarm), one)}, {LEVELS.index(alarm['level']) + 1}" for alarm in alarms]
    return _chosen(cases, str(_NORMAL))


def _chosen(cases: Sequence[str], otherwise: str) -> str:
    return f"multiIf({', '.join(cases)}, {otherwise})" if cases else otherwise


def _holds(alarm: AlarmRange, one: Watched) -> str:
    """Return the condition that an alarm holds, as `AlarmRange.violated` has it."""
    if not is_number(one.kind):
        if alarm.form == "otherwise":
            return "true"
        same = f"{text_of(one.column, one.kind)} = {literal(alarm.label)}"
        return same if alarm.form == "label" else "false"
    if alarm.form not in {"outside", "inside"}:
        return "false"
    number = f"assumeNotNull(toFloat64({column_of(one.column)}))"
    terms = [f"NOT isNaN({number})"]
    inside = []
    if alarm.minimum is not None:
        inside.append(f"{number} {'>=' if alarm.min_inclusive else '>'} toFloat64({alarm.minimum!r})")
    if alarm.maximum is not None:
        inside.append(f"{number} {'<=' if alarm.max_inclusive else '<'} toFloat64({alarm.maximum!r})")
    contains = f"({' AND '.join(inside) or 'true'})"
    terms.append(contains if alarm.form == "inside" else f"NOT {contains}")
    return " AND ".join(terms)
