"""The ClickHouse connection: one client per thread, Arrow in both directions, errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.errors import ProjectionError, ServerError

DATABASE = "flightledger"

_INSERT = {"max_partitions_per_insert_block": 0}
_SELECT = {"final": 1, "output_format_arrow_string_as_string": 0}


def connect(url: str, *, user: str = "default", password: str = "") -> ClickHouse:
    """Connect to a ClickHouse server (HTTP) and make sure that the database exists. Raises ServerError."""
    try:
        client = clickhouse_connect.get_client(
            dsn=url, username=user, password=password, autogenerate_session_id=False
        )
        client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        client.database = DATABASE
    except (ClickHouseError, OSError) as error:
        raise ServerError(
            f"ClickHouse can not be used: {error}",
            where=url,
            fix="check the address, the user and that the server runs",
        ) from error
    return ClickHouse(client)


def quoted(identifier: str) -> str:
    """Return an identifier in backticks, whatever characters it has."""
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


class ClickHouse:
    """Commands, Arrow inserts and Arrow answers; ProjectionError names the table or the query."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def command(self, statement: str) -> None:
        """Run a statement without an answer."""
        try:
            self._client.command(statement)
        except (ClickHouseError, OSError) as error:
            raise ProjectionError(_first_line(error), where=statement[:80]) from error

    def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows; returns when the server has them on disk."""
        try:
            self._client.insert_arrow(table, rows, settings=_INSERT)
        except (ClickHouseError, OSError) as error:
            raise ProjectionError(_first_line(error), where=f"table {table}") from error

    def select(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Return the answer as an Arrow table; parameters are bound by the server (`{name:Type}`)."""
        try:
            return self._client.query_arrow(
                query, parameters=dict(parameters or {}), settings={**_SELECT, **(settings or {})}
            )
        except (ClickHouseError, OSError) as error:
            raise ProjectionError(_first_line(error), where=query[:120]) from error

    def stream(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the answer in batches as the server makes them."""
        try:
            with self._client.query_arrow_stream(
                query, parameters=dict(parameters or {}), settings={**_SELECT, **(settings or {})}
            ) as batches:
                yield from batches
        except (ClickHouseError, OSError) as error:
            raise ProjectionError(_first_line(error), where=query[:120]) from error

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return a small answer as dictionaries."""
        found: list[dict[str, Any]] = self.select(
            query, parameters, {"output_format_arrow_string_as_string": 1}
        ).to_pylist()
        return found


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), repr(error))
