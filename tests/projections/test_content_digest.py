"""The digest of a content tells every change of a row, and does not tell in which order rows came."""

from __future__ import annotations

from itertools import combinations

from support.projected import Projected

from projections.generations.digest import _count_and_sum

ROWS = [
    "(1, 2, 'a', 'bc')",
    "(2, 1, 'a', 'bc')",
    "(1, 2, 'ab', 'c')",
    "(NULL, 2, 'a', 'bc')",
    "(2, NULL, 'a', 'bc')",
    "(0, 2, 'a', 'bc')",
    "(NULL, NULL, 'a', 'bc')",
    "(0, 0, 'a', 'bc')",
    "(0, NULL, 'a', 'bc')",
    "(NULL, 0, 'a', 'bc')",
    "(1, 2, 'a\\0', 'bc')",
    "(1, 2, '', 'abc')",
]


def total(projected: Projected, rows: list[str]) -> tuple[int, str]:
    clickhouse = projected.clickhouse
    clickhouse.command(
        "CREATE OR REPLACE TABLE digested (a Nullable(Int32), b Nullable(Int32), c String, d String) "
        "ENGINE = MergeTree ORDER BY ()"
    )
    for row in rows:
        clickhouse.command(f"INSERT INTO digested VALUES {row}")
    return _count_and_sum(clickhouse, "digested", ["a", "b", "c", "d"], "true", {})


def test_every_row_has_a_sum_of_its_own(projected: Projected) -> None:
    found = {row: total(projected, [row]) for row in ROWS}
    for one, other in combinations(ROWS, 2):
        assert found[one] != found[other], (one, other)


def test_the_order_of_rows_makes_no_difference_and_their_number_does(projected: Projected) -> None:
    assert total(projected, ROWS[:3]) == total(projected, ROWS[2::-1])
    assert total(projected, ROWS[:1]) != total(projected, ROWS[:1] * 3)


def test_a_column_that_may_be_null_later_changes_no_sum(projected: Projected) -> None:
    total(projected, [ROWS[0], ROWS[2]])
    clickhouse, columns = projected.clickhouse, ["a", "b", "c", "d", "e"]
    clickhouse.command("ALTER TABLE digested ADD COLUMN e UInt16 DEFAULT 7")
    before = _count_and_sum(clickhouse, "digested", columns, "true", {})
    for column, kind in (
        ("c", "LowCardinality(String)"),
        ("d", "Nullable(String)"),
        ("e", "Nullable(UInt16)"),
    ):
        clickhouse.command(f"ALTER TABLE digested MODIFY COLUMN {column} {kind}")
    assert _count_and_sum(clickhouse, "digested", columns, "true", {}) == before
