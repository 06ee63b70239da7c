"""A database of its own for each test of the projections."""

from __future__ import annotations

import pytest
from support.projected import Projected


@pytest.fixture
def projected(clickhouse_server, unique_name: str) -> Projected:  # type: ignore[no-untyped-def]
    return Projected(clickhouse_server.url, unique_name)
