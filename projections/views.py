"""Views follow their query: one that was made from another query, by an older program say, is made anew."""

from __future__ import annotations

import hashlib

from projections.clickhouse import ClickHouse, literal, quoted


def ensure_view(clickhouse: ClickHouse, name: str, query: str) -> bool:
    """Make a view unless it is there with this query; return whether it was made.

    The view's comment names the query that it was made from. Raises ProjectionError.
    """
    digest = hashlib.sha256(query.encode()).hexdigest()
    comment = "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
    if [row["comment"] for row in clickhouse.rows(comment, {"name": name})] == [digest]:
        return False
    clickhouse.command(f"CREATE OR REPLACE VIEW {quoted(name)} AS {query} COMMENT {literal(digest)}")
    return True
