"""The fixed tables and views: made once, made anew where their definition changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.projected import Projected

from infra.errors import ProjectionError
from projections.clickhouse import connect
from projections.schema import TABLES, create_fixed_tables, drop_all_tables
from projections.views import ensure_view


def names(projected: Projected) -> set[str]:
    return {row["name"] for row in projected.rows("SHOW TABLES")}


def test_creating_twice_changes_nothing_and_dropping_leaves_nothing(projected: Projected) -> None:
    before = projected.rows(
        "SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    )
    create_fixed_tables(projected.clickhouse)
    after = projected.rows(
        "SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    )
    assert before == after
    assert names(projected) == {*TABLES, "gaps", "clock_steps", "samples", "alarms"}
    drop_all_tables(projected.clickhouse)
    assert names(projected) == set()


def test_services_that_start_at_once_make_the_same_tables(clickhouse_server: Any, unique_name: str) -> None:
    clients = [connect(clickhouse_server.url, database=unique_name) for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(create_fixed_tables, clients))
    found = {row["name"] for row in clients[0].rows("SHOW TABLES")}
    assert found == {*TABLES, "gaps", "clock_steps", "samples", "alarms"}


def test_a_view_follows_its_query(projected: Projected) -> None:
    clickhouse = projected.clickhouse
    assert ensure_view(clickhouse, "v", "SELECT 1 AS a")
    assert not ensure_view(clickhouse, "v", "SELECT 1 AS a")
    assert ensure_view(clickhouse, "v", "SELECT 2 AS a")
    assert projected.rows("SELECT a FROM v") == [{"a": 2}]


def test_every_derived_row_names_its_frame_and_its_generation() -> None:
    for table in ("frames", "packets", "quarantine"):
        columns, order = TABLES[table]
        assert {"generation", "frame_offset", "received", "recorded"} <= set(columns)
        assert order.startswith("generation, frame_offset")


def test_tables_of_another_version_are_named_with_what_to_do(projected: Projected) -> None:
    projected.clickhouse.command("ALTER TABLE frames ADD COLUMN more UInt8")
    with pytest.raises(
        ProjectionError, match=r"^table frames: .*another version.*run `flightledger rebuild`"
    ):
        create_fixed_tables(projected.clickhouse)
    drop_all_tables(projected.clickhouse)
    create_fixed_tables(projected.clickhouse)
