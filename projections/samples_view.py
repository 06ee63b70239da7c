"""The view `samples`: any parameter of any packet and generation as rows of one shape.

Values are exact text (integers and floats as ClickHouse reads them back, bytes as hexadecimal, times as
ISO 8601) with a number beside them where there is one. A view per table and packet type unfolds its
columns; `samples` is all of them, and the tables of `packet = '…'` alone are read when that is asked for.

Known limit: all columns of a packet type are read to find one parameter. `query history` reads just its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from projections.clickhouse import ClickHouse, literal, quoted
from projections.column_text import number_of, text_of
from projections.views import ensure_view

VIEW = "samples"

_NO_SAMPLES = (
    "SELECT '' AS generation, '' AS packet, '' AS parameter, time, generated, received, recorded, "
    "CAST(NULL AS Nullable(String)) AS raw, CAST(NULL AS Nullable(String)) AS value, "
    "CAST(NULL AS Nullable(Float64)) AS number, frame_offset, packet_index, link, session "
    "FROM packets WHERE false"
)


class _Branch(NamedTuple):
    """One packet type in one table, with the same parameters in some generations."""

    packet: str
    table: str
    parameters: tuple[tuple[str, str, str, str, str], ...]
    """(label, raw column, its type, value column, its type)"""


def make_samples_view(clickhouse: ClickHouse) -> None:
    """Make the view anew unless it is what the table `columns` says.

    Two writers may do this at once: the one that was overtaken sees the other's columns and makes it again.
    """
    while ensure_view(clickhouse, VIEW, samples_query(_columns(clickhouse))):
        pass


def samples_query(columns: Iterable[Mapping[str, Any]]) -> str:
    """Return the view's query for rows of `columns`, in the order of generation, packet and position."""
    branches: dict[_Branch, list[str]] = {}
    for branch, generation in _branches(columns):
        branches.setdefault(branch, []).append(generation)
    return " UNION ALL ".join(_select(*item) for item in branches.items()) or _NO_SAMPLES


def _columns(clickhouse: ClickHouse) -> list[dict[str, Any]]:
    return clickhouse.rows(
        "SELECT generation, packet, table, column, label, role, type FROM columns "
        "ORDER BY generation, packet, position"
    )


def _branches(columns: Iterable[Mapping[str, Any]]) -> Iterable[tuple[_Branch, str]]:
    packets: dict[tuple[str, str, str], dict[str, dict[str, Mapping[str, Any]]]] = {}
    for column in columns:
        key = column["generation"], column["packet"], column["table"]
        packets.setdefault(key, {}).setdefault(column["label"], {})[column["role"]] = column
    for (generation, packet, table), labels in packets.items():
        parameters = []
        for label, roles in labels.items():
            value = roles.get("both") or roles["value"]
            raw = roles.get("both") or roles["raw"]
            parameters.append((label, raw["column"], raw["type"], value["column"], value["type"]))
        yield _Branch(packet, table, tuple(parameters)), generation


def _select(branch: _Branch, generations: list[str]) -> str:
    """Unfold a row's columns by arrays side by side: labels, texts of raw values and of values, numbers."""
    labels, raws, values, numbers = (
        ", ".join(texts) for texts in zip(*map(_texts, branch.parameters), strict=True)
    )
    known = ", ".join(map(literal, generations))
    origin = ", ".join(f"t.{name} AS {name}" for name in ("time", "generated", "received", "recorded"))
    place = ", ".join(f"t.{name} AS {name}" for name in ("frame_offset", "packet_index", "link", "session"))
    return (
        f"SELECT t.generation AS generation, {literal(branch.packet)} AS packet, a_label AS parameter, "
        f"{origin}, "
        "CAST(a_raw AS Nullable(String)) AS raw, CAST(a_value AS Nullable(String)) AS value, "
        f"CAST(a_number AS Nullable(Float64)) AS number, {place} FROM {quoted(branch.table)} AS t "
        f"ARRAY JOIN [{labels}] AS a_label, [{raws}] AS a_raw, [{values}] AS a_value, "
        f"[{numbers}] AS a_number "
        f"WHERE t.generation IN ({known}) AND (a_raw IS NOT NULL OR a_value IS NOT NULL)"
    )


def _texts(parameter: tuple[str, str, str, str, str]) -> tuple[str, str, str, str]:
    label, raw, raw_type, value, value_type = parameter
    return literal(label), text_of(raw, raw_type), text_of(value, value_type), number_of(value, value_type)
