"""What the projections hold for a generation: packets, their tables, and parameters' columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import pyarrow as pa

from infra.errors import QueryError
from projections.clickhouse import ClickHouse
from streams.decode.contexts import CONTEXT_NUMBER
from streams.xtce.alarms import AlarmRange

_BINARY, _CONTEXT = str(pa.binary()), str(CONTEXT_NUMBER)


@dataclass(frozen=True)
class ParameterColumns:
    """One parameter of one packet: its columns (raw is the value's where both are the same thing)."""

    packet: str
    table: str
    label: str
    parameter: str
    value: str
    raw: str
    value_type: str
    raw_type: str
    unit: str
    description: str
    file: str
    line: int
    alarms: list[dict[str, Any]]
    context: str = ""
    """The column that tells which of `context_alarms` counts in place of the alarms: 1 the first, 0 none."""

    context_alarms: Sequence[dict[str, Any]] = ()
    """Each with `when`, its condition in words, and `alarms`."""

    @cached_property
    def limits(self) -> tuple[list[AlarmRange], list[list[AlarmRange]]]:
        """Its alarms, and those of each of its contexts."""
        contexts = [[AlarmRange(**alarm) for alarm in context["alarms"]] for context in self.context_alarms]
        return [AlarmRange(**alarm) for alarm in self.alarms], contexts

    @cached_property
    def columns(self) -> dict[str, str]:
        """Its columns and their Arrow types."""
        found = {self.value: self.value_type, self.raw: self.raw_type}
        return found | {self.context: _CONTEXT} if self.context else found

    @property
    def octets(self) -> frozenset[str]:
        """Those of its columns that hold bytes; the other String columns hold text."""
        kinds = ((self.value, self.value_type), (self.raw, self.raw_type))
        return frozenset(column for column, kind in kinds if kind == _BINARY)


def read_catalog(
    clickhouse: ClickHouse, generation: str, packet: str | None = None, labels: list[str] | None = None
) -> list[ParameterColumns]:
    """Return the parameters of a generation that have a table, in the mission database's order."""
    condition = "generation = {generation:String}"
    if packet is not None:
        condition += " AND packet = {packet:String}"
    if labels is not None:
        condition += " AND (label IN {labels:Array(String)} OR parameter IN {labels:Array(String)})"
    rows = clickhouse.rows(
        f"SELECT * FROM columns WHERE {condition} ORDER BY packet, position",
        {"generation": generation, "packet": packet, "labels": labels},
    )
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["packet"], row["label"]), []).append(row)
    return [_parameter(columns) for columns in groups.values()]


def _parameter(columns: list[dict[str, Any]]) -> ParameterColumns:
    by_role = {column["role"]: column for column in columns}
    value = by_role.get("both") or by_role.get("value") or columns[0]
    raw = by_role.get("both") or by_role.get("raw") or value
    context = by_role.get("context")
    return ParameterColumns(
        packet=value["packet"],
        table=value["table"],
        label=value["label"],
        parameter=value["parameter"],
        value=value["column"],
        raw=raw["column"],
        value_type=value["type"],
        raw_type=raw["type"],
        unit=value["unit"],
        description=value["description"],
        file=value["definition_file"],
        line=value["definition_line"],
        alarms=orjson.loads(value["alarms"]),
        context=context["column"] if context else "",
        context_alarms=orjson.loads(context["alarms"]) if context else (),
    )


def find_parameter(clickhouse: ClickHouse, generation: str, name: str) -> list[ParameterColumns]:
    """Return every packet's columns of a parameter, by label, qualified name or `PACKET.label`.

    Raises QueryError naming the nearest known ones.
    """
    packet, dot, label = name.partition(".")
    found = read_catalog(clickhouse, generation, labels=[name])
    if not found and dot:
        found = read_catalog(clickhouse, generation, packet=packet, labels=[label])
    if found:
        return found
    near = clickhouse.rows(
        "SELECT DISTINCT label FROM columns WHERE generation = {generation:String} "
        "ORDER BY editDistance(substring(label, 1, 200), substring({name:String}, 1, 200)), label LIMIT 3",
        {"generation": generation, "name": name},
    )
    names = ", ".join(row["label"] for row in near)
    fix = f"near names: {names}" if names else "no packet has been projected yet"
    raise QueryError(f"there is no parameter {name!r}", where=generation, fix=fix)


def parameter_rows(
    clickhouse: ClickHouse, generation: str, packet: str | None = None
) -> list[dict[str, Any]]:
    """Return a generation's parameters as rows for JSON: what a client needs to show and judge them."""
    return [
        {
            "generation": generation,
            "packet": one.packet,
            "parameter": one.label,
            "qualified": one.parameter,
            "unit": one.unit,
            "description": one.description,
            "column": one.value,
            "raw_column": one.raw,
            "type": one.value_type,
            "raw_type": one.raw_type,
            "alarms": one.alarms,
            "context_column": one.context or None,
            "context_alarms": list(one.context_alarms),
            "definition": f"{one.file}:{one.line}",
        }
        for one in read_catalog(clickhouse, generation, packet)
    ]
