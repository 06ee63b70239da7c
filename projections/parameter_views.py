"""The views that follow the parameters of all generations, made anew whenever the table `columns` grew."""

from __future__ import annotations

from projections.alarms_view import make_alarms_view
from projections.clickhouse import ClickHouse
from projections.samples_view import make_samples_view


def make_parameter_views(clickhouse: ClickHouse) -> None:
    """Make `samples` and `alarms` anew unless they are what `columns` says. Raises ProjectionError."""
    make_samples_view(clickhouse)
    make_alarms_view(clickhouse)
