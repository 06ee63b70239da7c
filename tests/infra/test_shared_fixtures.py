"""The fixtures that all tests share."""

from __future__ import annotations

import clickhouse_connect
import pytest
from nats.js.api import StreamConfig
from support.waiting import run_async, wait_until, wait_until_async


def test_the_nats_fixture_stores_messages(connect, unique_name: str) -> None:
    async def main() -> int:
        async with connect() as nc:
            js = nc.jetstream()
            await js.add_stream(StreamConfig(name=unique_name, subjects=[f"{unique_name}.>"]))
            ack = await js.publish(f"{unique_name}.a", b"x")
            await js.delete_stream(unique_name)
            return ack.seq

    assert run_async(main) == 1


def test_the_clickhouse_fixture_answers_clickhouse_connect_in_utc(
    clickhouse_server, unique_name: str
) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=clickhouse_server.port)
    client.command(f"CREATE DATABASE {unique_name} ENGINE = Atomic")
    client.command(f"CREATE TABLE {unique_name}.t (a Int64) ENGINE = MergeTree ORDER BY a")
    client.insert(f"{unique_name}.t", [[1], [2]], column_names=["a"])
    assert client.query(f"SELECT sum(a), timezone() FROM {unique_name}.t").result_rows == [(3, "UTC")]
    client.command(f"DROP DATABASE {unique_name}")


def test_waiting_returns_what_the_condition_returned_and_fails_after_the_deadline() -> None:
    values = iter([0, 0, 7])
    assert wait_until(lambda: next(values)) == 7
    with pytest.raises(AssertionError, match="never true"):
        wait_until(lambda: False, deadline=0.05, what="never true")

    async def later() -> int:
        return 5

    assert run_async(wait_until_async, later) == 5
