"""Free SQL for analysts: read-only, and limited in time, rows and memory by the database itself.

A ClickHouse user of its own asks, who may read the projections and nothing else, under limits that a query
can not change (docs/clickhouse.md tells how to make one). What its rights do not cover is checked here, on
the query as ClickHouse itself understands it: a scalar function that reads files, and table functions that
reach out of the database or can take an embedded server down with it.
Proven by `tests/projections/test_sql.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import pyarrow as pa

from infra.errors import ConfigError, ProjectionError, QueryError
from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer

TABLE_FUNCTIONS = frozenset({
    "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generate_series", "generateSeries", "values",
    "view", "null",
})  # fmt: skip
"""Table functions that make rows out of nothing or out of a query; all others are refused."""

_REACHING_OUT = frozenset({
    "file", "logTrace", "catboostEvaluate", "getMacro", "getServerPort", "getServerSetting",
    "showCertificate", "getClientHTTPHeader", "currentRequestURL", "filesystemAvailable",
    "filesystemCapacity", "filesystemUnreserved", "getOSKernelVersion", "hostName", "hostname",
    "fullHostName", "FQDN", "tcpPort", "buildId", "serverUUID", "displayName", "uptime", "chdb",
})  # fmt: skip
_ASKS_A_MODEL = re.compile(r"ai[A-Z]\w*")
_QUESTIONS = ("SELECT", "WITH", "(", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "EXISTS")
_GRANTED = re.compile(r"GRANT SELECT ON \S+\.\S+ TO \S+")
_LIMITS = ("readonly", "max_execution_time", "max_result_rows", "max_memory_usage")
_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|(`(?:[^`\\]|\\.)*`|\.?[A-Za-z_]\w*)(\()?")
"""Texts, which are passed over, and names: maybe after a dot, maybe with an opening parenthesis."""

_MAKE_ONE = "make a user as docs/clickhouse.md says, and name it with CLICKHOUSE_SQL_USER"

_ADVICE = {
    "TIMEOUT_EXCEEDED": "ask for less: a condition on generation and time, fewer columns, a LIMIT",
    "TOO_SLOW": "ask for less: a condition on generation and time, fewer columns, a LIMIT",
    "TOO_MANY_ROWS_OR_BYTES": "add a LIMIT, or aggregate; `query packets` has no such bound",
    "MEMORY_LIMIT_EXCEEDED": "group or sort less: a condition on generation and time, fewer columns",
    "TOO_MANY_SIMULTANEOUS_QUERIES": "ask again when the others are done",
    "ACCESS_DENIED": "`query sql` reads the tables and views of the projections: SHOW TABLES lists them",
    "READONLY": "`query sql` only reads, under limits that are fixed",
    "UNKNOWN_TABLE": "SHOW TABLES lists them",
    "UNKNOWN_IDENTIFIER": "DESCRIBE a table for its columns; `columns` tells which parameter has which",
    "SYNTAX_ERROR": "give one SELECT, without FORMAT",
}


class SqlUser:
    """The restricted user: its connection is made, and its limits looked at, with the first question."""

    def __init__(self, sign_in: Callable[[], ClickHouse], clickhouse: ClickHouse) -> None:
        """`sign_in` connects as the restricted user; `clickhouse` is the service's own connection."""
        self._sign_in, self._clickhouse = sign_in, clickhouse

    def ask(self, query: str) -> Answer:
        """Return the answer of one SELECT over the projections.

        Raises QueryError with the database's own words: no SELECT, a limit reached, a wrong name; ConfigError
        when the user is not one that is restricted.
        """
        with self._advising():
            self._check(query)
        return Answer(self._batches(query))

    def _batches(self, query: str) -> Iterator[pa.RecordBatch]:
        # The server holds the answer back until it is complete, so that an error comes as one.
        with self._advising():
            for batch in self._user.stream(query, None, {"wait_end_of_query": 1}):
                yield pa.RecordBatch.from_arrays(
                    [_octets(column) for column in batch.columns], names=batch.schema.names
                )

    def _check(self, query: str) -> None:
        """Raise QueryError for what is no question, or reaches out of the database."""
        text = "SELECT formatQuerySingleLine({query:String}) AS query"
        plain = str(self._user.rows(text, {"query": query})[0]["query"])
        if not plain.startswith(_QUESTIONS):
            raise QueryError(f"{plain.split(' ', 1)[0]} is not a question", fix=_ADVICE["SYNTAX_ERROR"])
        for name, call in _WORDS.findall(plain):
            if self._reaches_out(name.strip("`"), call=bool(call)):
                raise QueryError(
                    f"`query sql` does not have {name}, which would reach out of the projections",
                    fix="leave it out; a column of this name is written with its table's, as t.name",
                )

    def _reaches_out(self, name: str, *, call: bool) -> bool:
        if call and name in self._table_functions:
            return name not in TABLE_FUNCTIONS
        return name in _REACHING_OUT or bool(_ASKS_A_MODEL.fullmatch(name))

    @cached_property
    def _table_functions(self) -> frozenset[str]:
        """All that the server has, less those that are also names of plain functions."""
        rows = self._clickhouse.rows(
            "SELECT name FROM system.table_functions WHERE name NOT IN (SELECT name FROM system.functions)"
        )
        return frozenset(row["name"] for row in rows)

    @cached_property
    def _user(self) -> ClickHouse:
        user = self._sign_in()
        grants = [str(next(iter(row.values()))) for row in user.rows("SHOW GRANTS")]
        if excess := [grant for grant in grants if not _GRANTED.fullmatch(grant)]:
            raise ConfigError(
                f"the ClickHouse user for `query sql` may do more than read: {excess[0]}", fix=_MAKE_ONE
            )
        settings = ", ".join(f"toInt64(getSetting('{name}')) AS {name}" for name in _LIMITS)
        limits = user.rows(f"SELECT {settings}")
        if missing := [name for name, limit in limits[0].items() if not limit]:
            raise ConfigError(
                f"the ClickHouse user for `query sql` has no limit {', '.join(missing)}", fix=_MAKE_ONE
            )
        return user

    @contextmanager
    def _advising(self) -> Iterator[None]:
        """Turn what the database said to a question into an answer that tells what to do."""
        try:
            yield
        except ProjectionError as error:
            name = str(getattr(error.__cause__, "name", ""))
            what = error.what.split(": In scope SELECT formatQuery", 1)[0]
            raise QueryError(what, fix=_ADVICE.get(name, "")) from error


def _octets(column: pa.Array) -> pa.Array:
    """ClickHouse gives bytes as text here: they need not be UTF-8."""
    return column.cast(pa.binary()) if pa.types.is_string(column.type) else column
