"""The ClickHouse connection: one for all threads, Arrow in both directions, errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from infra.errors import FlightLedgerError, ProjectionError, ServerError

DATABASE = "flightledger"

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
"""Hosts to which nothing is compressed: it would cost more than it saves (1.2 us of Python a row)."""

LONG_QUERY = {"max_query_size": 64 * 1024**2, "max_ast_elements": 10**7, "max_expanded_ast_elements": 10**7}
"""Settings for statements that name every parameter of a mission."""

_INSERT = {
    "max_partitions_per_insert_block": 0,
    "optimize_on_insert": 0,  # the rows of one insert are mostly different ones: a merge or `final` will see
}
_SELECT = {
    "final": 1,
    "do_not_merge_across_partitions_select_final": 1,  # a generation is a partition, and part of every key
    "output_format_arrow_string_as_string": 0,  # String columns hold text or bytes: the asker knows
}
_WRAPPING = re.compile(r"\s*\((version|for url) [^()]*(\([^()]*\)[^()]*)*\)")
_FAILURES = (ClickHouseError, HTTPError, pa.ArrowException, OSError)


def connect(url: str, *, user: str = "default", password: str = "", database: str = DATABASE) -> ClickHouse:
    """Connect to a ClickHouse server (HTTP) and make sure that the database exists. Raises ServerError."""
    client = _sign_in(url, user=user, password=password)
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS {quoted(database)}")
    except _FAILURES as error:
        raise ServerError(
            f"ClickHouse can not be used: {words(error)}",
            where=url,
            fix=f"let the user {user} create databases, or create {database}",
        ) from error
    client.database = database
    return ClickHouse(client)


def connect_reader(url: str, *, user: str, password: str = "", database: str = DATABASE) -> ClickHouse:
    """Connect as a user who may only read, and not change any setting. Raises ServerError."""
    return ClickHouse(_sign_in(url, user=user, password=password, database=database), settings={})


def _sign_in(url: str, *, user: str, password: str, database: str | None = None) -> Client:
    try:
        return clickhouse_connect.get_client(
            dsn=url,
            username=user,
            password=password,
            database=database,
            autogenerate_session_id=False,
            compress=urlsplit(url).hostname not in _LOOPBACK,
        )
    except _FAILURES as error:
        raise ServerError(
            f"ClickHouse can not be used: {words(error)}",
            where=url,
            fix="check the address, the user and that the server runs",
        ) from error


def quoted(identifier: str) -> str:
    """Return an identifier in backticks, whatever characters it has."""
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def literal(text: str) -> str:
    """Return a text as a literal, whatever characters it has; queries bind parameters instead."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class ClickHouse:
    """Commands, Arrow inserts and Arrow answers; ProjectionError names the table or the query."""

    def __init__(self, client: Client, settings: Mapping[str, Any] = _SELECT) -> None:
        """`settings` go with every question; none for a user who may not change any."""
        self._client, self._settings = client, settings

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def command(self, statement: str) -> None:
        """Run a statement without an answer."""
        try:
            self._client.command(statement, settings=LONG_QUERY)
        except _FAILURES as error:
            raise _failed(error, statement[:80]) from error

    def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows; returns when the server has them on disk."""
        try:
            self._client.insert_arrow(table, rows, settings=_INSERT)
        except _FAILURES as error:
            raise _failed(error, f"table {table}") from error

    def select(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Return the answer as an Arrow table; parameters are bound by the server (`{name:Type}`)."""
        return pa.Table.from_batches(self.stream(query, parameters, settings))

    def stream(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the answer in batches as the server makes them; an empty answer is one empty batch.

        A row that was written twice is one row (`final`), unless the settings say otherwise.
        """
        chosen = {**self._settings, **(settings or {})}
        try:
            answer = self._client.raw_stream(query, dict(parameters or {}), chosen, fmt="ArrowStream")
            source = cast(IO[bytes], answer)
            with source, pa.ipc.open_stream(source) as reader:
                empty = True
                for batch in reader:
                    empty = False
                    yield batch
                if empty:
                    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
                source.read()  # to the end of the answer, so that the connection can be used again
        except _FAILURES as error:
            raise _failed(error, query[:120]) from error

    def rows(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Return a small answer as dictionaries; all String columns hold text."""
        texts = {"output_format_arrow_string_as_string": 1} if self._settings else {}
        found: list[dict[str, Any]] = self.select(
            query, parameters, {**texts, **(settings or {})}
        ).to_pylist()
        return found


def _failed(error: Exception, where: str) -> FlightLedgerError:
    """Say what failed: the server's own words, or that it is away."""
    if isinstance(error, ClickHouseError) and getattr(error, "code", None):
        return ProjectionError(words(error), where=" ".join(where.split()))
    return ServerError(
        f"ClickHouse does not answer, or broke off its answer: {words(error)}",
        where=" ".join(where.split()),
        fix="check that the server runs and what it logged, and ask again",
    )


def words(error: Exception) -> str:
    """Return what the server said, on one line, without what the driver and the server wrap around it."""
    text = " ".join(str(error).split()) or repr(error)
    text = text.split("Exception: ", 1)[-1]
    return _WRAPPING.sub("", text).strip()
