"""Free SQL for analysts: read-only, and limited in time, rows and memory by the database itself."""

from __future__ import annotations

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer, flat_rows

MAX_SECONDS = 30
MAX_ROWS = 1_000_000
MAX_MEMORY = 2 * 1024**3

_LIMITS = {
    "readonly": 1,
    "max_execution_time": MAX_SECONDS,
    "max_result_rows": MAX_ROWS,
    "result_overflow_mode": "throw",
    "max_memory_usage": MAX_MEMORY,
    "max_bytes_before_external_group_by": MAX_MEMORY // 2,
    "max_bytes_before_external_sort": MAX_MEMORY // 2,
    "output_format_arrow_string_as_string": 1,
}


def sql(clickhouse: ClickHouse, query: str) -> Answer:
    """Return the answer of one SELECT over the projections.

    Raises ProjectionError with the database's own words: no SELECT, a limit reached, a wrong name.
    """
    batches = clickhouse.stream(query, None, _LIMITS)
    return Answer(batches, flat_rows(frozenset()))
