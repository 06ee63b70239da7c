"""What the database has of one generation."""

from __future__ import annotations

import asyncio

import pyarrow as pa

from benchmarks.figures import WrongResultError
from infra.program.system import System
from projections.clickhouse import ClickHouse, connect, quoted
from projections.schema import create_fixed_tables
from projections.writer_flow import CONSUMER
from streams import names

_POLL_S = 0.05
_STALL_S = 120.0


class Projected:
    """Asks ClickHouse itself; blocking, but for `until`."""

    def __init__(self, system: System, generation: str) -> None:
        self._url, self._generation = system.servers.clickhouse_url, generation
        self._connected: ClickHouse | None = None

    @property
    def _clickhouse(self) -> ClickHouse:
        if self._connected is None:
            self._connected = connect(self._url)
            create_fixed_tables(self._connected)  # the writer may not have come to it yet
        return self._connected

    def position(self) -> int:
        """The last offset of FRAMES that is in the tables."""
        query = (
            "SELECT max(offset) AS offset FROM offsets WHERE consumer = {consumer:String} "
            "AND stream = {stream:String} AND generation = {generation:String}"
        )
        asked = {"consumer": CONSUMER, "stream": names.FRAMES, "generation": self._generation}
        return int(self._clickhouse.rows(query, asked)[0]["offset"])

    async def until(self, offset: int) -> None:
        """Wait until the tables have everything up to an offset; WrongResultError when nothing moves."""
        loop = asyncio.get_running_loop()
        seen, moved = -1, loop.time()
        while (at := await asyncio.to_thread(self.position)) < offset:
            if at != seen:
                seen, moved = at, loop.time()
            if loop.time() - moved > _STALL_S:
                raise WrongResultError(f"the projections stand still at frame {at} of {offset}")
            await asyncio.sleep(_POLL_S)

    def select(self, query: str) -> pa.Table:
        """Ask with `{generation:String}` bound."""
        return self._clickhouse.select(query, {"generation": self._generation})

    def count(self, table: str) -> int:
        """Rows of the generation in one of the fixed tables."""
        query = f"SELECT count() AS rows FROM {table} WHERE generation = {{generation:String}}"
        return int(self._clickhouse.rows(query, {"generation": self._generation})[0]["rows"])

    def values(self, packet: str, schema: pa.Schema) -> pa.Table:
        """The columns of `schema` of one packet type, in the order of the frames, in those types."""
        columns = ", ".join(map(quoted, schema.names))
        return self.select(
            f"SELECT {columns} FROM {quoted(f'packet_{packet}')} "
            "WHERE generation = {generation:String} ORDER BY frame_offset, packet_index"
        ).cast(schema)
