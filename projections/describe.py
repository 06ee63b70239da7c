"""Describe a generation before its first packet: tables for all its packet types, and their parameters.

So a page or a query can show what will come. The writer describes each packet type again with its first rows,
which changes nothing.
"""

from __future__ import annotations

import pyarrow as pa

from projections.clickhouse import ClickHouse
from projections.packet_tables import column_rows, ensure_table
from projections.parameter_views import make_parameter_views
from streams.mission import Mission


def describe_generation(clickhouse: ClickHouse, generation: str, mission: Mission) -> None:
    """Make the tables, write the rows of `columns` in one insert, and make the views of them."""
    rows = [
        column_rows(generation, kind, ensure_table(clickhouse, kind), mission.database)
        for kind in mission.decoder().packet_types
    ]
    if rows:
        clickhouse.insert("columns", pa.concat_tables(rows))
        make_parameter_views(clickhouse)
