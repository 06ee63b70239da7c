"""The one module that knows how to get a ClickHouse server out of the PyPI package chdb.

`chdb._chdb.query` is not a public name: its clickhouse-local entry opens real listeners on
`SYSTEM START LISTEN`, which the public `chdb.query` refuses. So chdb and chdb-core are pinned in
pyproject.toml, and tests/infra/test_embedded_servers.py fails with the start's error text when an upgrade
breaks it.

Known limits: no password on the listener (loopback only); `config.xml` and `users.xml` are read from the
working folder; no `system.query_log` is written; the logger's level is not heeded (it prints a few lines at
the start and none later); the time zone is the one that the process has when the engine is imported.
"""

from __future__ import annotations

import http.client

# Ends only when it is killed: one row now and then, for ever; its sleep is the longest wait at a stop.
_SLEEP = "SELECT sleepEachRow(0.2) FROM system.numbers SETTINGS max_block_size=1 FORMAT Null"


def serve(data: str) -> None:
    """Serve HTTP as the working folder's config.xml says, with the tables in the folder `data`, until ended.

    Returns after `end`. A start that fails is printed on standard error by the engine and returns at once.
    """
    from chdb import _chdb  # noqa: PLC0415 - the engine takes the time zone when it is imported

    # TabSeparated becomes the server's default format, which clickhouse-connect's handshake relies on.
    _chdb.query(f"SYSTEM START LISTEN HTTP; {_SLEEP}", "TabSeparated", path=data)  # type: ignore[attr-defined]


def end(port: int) -> None:
    """Let `serve` return: the server on this loopback port kills the query that keeps it up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        # The pattern does not match this statement itself: it begins with KILL.
        connection.request("POST", "/", f"KILL QUERY WHERE query LIKE '{_SLEEP[:20]}%' ASYNC".encode())
        connection.getresponse().read()
    finally:
        connection.close()
