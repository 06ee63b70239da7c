"""The connection: what it keeps exactly, and what it says when something is wrong."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import ProjectionError, ServerError
from projections.clickhouse import ClickHouse, connect, literal, quoted


@pytest.fixture(scope="module")
def clickhouse(clickhouse_server: Any) -> ClickHouse:
    return connect(clickhouse_server.url, database="connection_tests")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_texts_and_names_of_any_characters_arrive_as_they_are(clickhouse: ClickHouse, text: str) -> None:
    (row,) = clickhouse.rows(
        f"SELECT {literal(text)} AS written, {{bound:String}} AS bound, 1 AS {quoted(text + 'x')}",
        {"bound": text},
    )
    assert row == {"written": text, "bound": text, f"{text}x": 1}


def test_rows_that_were_written_twice_are_one_row(clickhouse: ClickHouse) -> None:
    clickhouse.command("CREATE OR REPLACE TABLE twice (a UInt8) ENGINE = ReplacingMergeTree ORDER BY a")
    for _ in range(2):
        clickhouse.insert("twice", pa.table({"a": pa.array([1, 2], pa.uint8())}))
    assert clickhouse.rows("SELECT count() AS n FROM twice") == [{"n": 2}]
    assert clickhouse.rows("SELECT count() AS n FROM twice", settings={"final": 0}) == [{"n": 4}]


def test_an_empty_answer_is_one_empty_batch_with_its_types(clickhouse: ClickHouse) -> None:
    (batch,) = clickhouse.stream("SELECT toUInt64(1) AS a, now64(9, 'UTC') AS t WHERE false")
    assert batch.num_rows == 0
    assert batch.schema.field("t").type == pa.timestamp("ns", "UTC")


def test_many_threads_ask_at_the_same_time(clickhouse: ClickHouse) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        rows = clickhouse.rows("SELECT sum(number) AS s, {n:UInt32} AS n FROM numbers(100000)", {"n": number})
        found.append(rows[0]["n"])

    threads = [Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(20))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM nope", r"^SELECT \* FROM nope: Unknown table .*\(UNKNOWN_TABLE\)$"),
        ("SELEC", r"^SELEC: Syntax error"),
        ("SELECT throwIf(number = 1) FROM numbers(3)", r"Value passed to 'throwIf' function is non-zero"),
    ],
)
def test_what_the_server_says_comes_on_one_line_without_its_wrapping(
    clickhouse: ClickHouse, query: str, message: str
) -> None:
    with pytest.raises(ProjectionError, match=message) as failed:
        clickhouse.select(query)
    assert "DB::Exception" not in str(failed.value)
    assert "(version" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_an_answer_that_breaks_off_is_an_error_and_not_a_short_answer(clickhouse: ClickHouse) -> None:
    with pytest.raises((ServerError, ProjectionError), match=r"broke off its answer|throwIf"):
        for _ in clickhouse.stream("SELECT throwIf(number = 3000000) FROM numbers(5000000)"):
            pass


@pytest.mark.parametrize(
    ("url", "user", "message"),
    [
        (
            "http://127.0.0.1:9",
            "default",
            r"^http://127.0.0.1:9: ClickHouse can not be used: .*check the address",
        ),
        ("{server}", "nobody", r"Authentication failed.*check the address, the user"),
    ],
)
def test_a_server_that_can_not_be_used_is_named(
    clickhouse_server: Any, url: str, user: str, message: str
) -> None:
    with pytest.raises(ServerError, match=message):
        connect(url.replace("{server}", clickhouse_server.url), user=user)


def test_a_failed_insert_names_the_table(clickhouse: ClickHouse) -> None:
    with pytest.raises(ProjectionError, match=r"^table nowhere: "):
        clickhouse.insert("nowhere", pa.table({"a": [1]}))
