"""The board: each parameter's newest value with unit and alarm, taken from TELEMETRY's messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from infra.cli.output import shown
from projections.queries.alarms import alarm_level
from streams.decode import Column, PacketType
from streams.mission import Mission
from streams.telemetry import table_of
from streams.xtce.alarms import AlarmRange

_STYLES = {
    None: "",
    "normal": "green",
    "watch": "cyan",
    "warning": "yellow",
    "distress": "bold yellow",
    "critical": "bold red",
    "severe": "bold white on red",
}


@dataclass(frozen=True)
class Cell:
    """One parameter's newest value, as it is shown."""

    value: Any
    unit: str
    level: str | None


class _Limits(NamedTuple):
    """A parameter's unit and alarms: the default ones, and those of each context."""

    unit: str
    alarms: Sequence[AlarmRange]
    contexts: Sequence[Sequence[AlarmRange]]


class Board:
    """Newest values by packet and label; what every packet has (headers, clocks) is left out."""

    def __init__(self, mission: Mission) -> None:
        types = mission.decoder().packet_types
        common = set.intersection(*({column.label for column in kind.columns} for kind in types))
        self.columns = {
            kind.name: _shown_columns(kind, common if len(types) > 1 else set()) for kind in types
        }
        self._contexts = {
            (kind.name, column.label): column.name
            for kind in types
            for column in kind.columns
            if column.role == "context"
        }
        self._limits = {
            name: _Limits(parameter.unit, parameter.alarms, [one.alarms for one in parameter.context_alarms])
            for name, parameter in mission.database.parameters.items()
        }
        self.cells: dict[str, dict[str, Cell]] = {kind.name: {} for kind in types}
        self.packets = 0
        self.alarms: dict[str, str] = {}

    def take(self, data: bytes) -> None:
        """Take the newest row of one message of TELEMETRY. Raises StreamError when it is none."""
        packet, columns, rows = table_of(data)
        self.packets += rows
        for column in self.columns.get(packet, ()):
            value = _newest(columns, column.name)
            if column.arrow_type == pa.binary() and value is not None:
                value = base64.b64decode(value).hex()
            limits = self._limits[column.parameter]
            context = _newest(columns, self._contexts.get((packet, column.label)))
            level = alarm_level(limits.alarms, value, limits.contexts if context is not None else (), context)
            self.cells[packet][column.label] = Cell(value, limits.unit, level)
            if level not in (None, "normal"):
                self.alarms[column.label] = str(level)

    def value(self, label: str) -> Any:
        """The newest value of a label, None when there is none."""
        found = [cells[label].value for cells in self.cells.values() if label in cells]
        return found[0] if found else None

    def render(self, *head: str) -> RenderableType:
        """Return the board as tables side by side, under the lines of `head`."""
        tables = [_table(packet, cells) for packet, cells in self.cells.items() if cells]
        lines = [Text(line) for line in head]
        if self.alarms:
            seen = ", ".join(f"{label} ({level})" for label, level in self.alarms.items())
            lines.append(Text(f"limits violated so far: {seen}", style="yellow"))
        return Group(*lines, Columns(tables))


def _newest(columns: Mapping[str, Any], name: str | None) -> Any:
    """The newest value of a column, None where there is no such column."""
    values = None if name is None else columns[name]
    return values[-1] if isinstance(values, list) else values


def _shown_columns(kind: PacketType, common: set[str]) -> list[Column]:
    return [column for column in kind.columns if column.is_value and column.label not in common]


def _table(packet: str, cells: dict[str, Cell]) -> Table:
    table = Table(title=packet, title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", min_width=12, max_width=24, no_wrap=True)
    table.add_column(style="dim")
    for label, cell in cells.items():
        table.add_row(label, Text(shown(cell.value), style=_STYLES[cell.level]), cell.unit)
    return table
