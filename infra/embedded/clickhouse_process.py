"""An embedded ClickHouse server: the engine of PyPI's chdb in a child process, reached by HTTP as any other.

Durability: what was acknowledged survives a kill -9 (tests/infra/test_embedded_kills.py). After a power
failure the newest rows may be missing; everything in it is derived and can be built again from the streams.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from infra.embedded.folder import DataFolder
from infra.embedded.ports import LOOPBACK, choose_ports
from infra.embedded.process import http_ok

MAX_MEMORY = 6_000_000_000
"""Bytes that the server may take; half of the machine's memory where that is less."""

_CACHE = 256 * 1024 * 1024

_CONFIG = """\
<clickhouse>
    <listen_host>{host}</listen_host>
    <http_port>{port}</http_port>
    <logger><level>warning</level><console>1</console></logger>
    <users_config>users.xml</users_config>
    <timezone>UTC</timezone>
    <tmp_path>{tmp}/</tmp_path>
    <max_server_memory_usage>{memory}</max_server_memory_usage>
    <mark_cache_size>{cache}</mark_cache_size>
    <index_mark_cache_size>{cache}</index_mark_cache_size>
    <primary_index_cache_size>{cache}</primary_index_cache_size>
    <max_concurrent_queries>200</max_concurrent_queries>
    <max_connections>400</max_connections>
    <asynchronous_metrics_update_period_s>60</asynchronous_metrics_update_period_s>
</clickhouse>
"""

SQL_USER = "flightledger_sql"
"""Asks free SQL: reads the projections and nothing else, under limits that it can not change."""

SQL_SECONDS = 30
"""How long one question of free SQL may take."""

# async_insert is on by default in this version: it would hold small inserts back to join them with others.
_USERS = """\
<clickhouse>
    <profiles>
        <default>
            <async_insert>0</async_insert>
            <log_queries>0</log_queries>
            <max_memory_usage>{query_memory}</max_memory_usage>
        </default>
        <sql>
            <readonly>1</readonly>
            <max_execution_time>{sql_seconds}</max_execution_time>
            <max_result_rows>1000000</max_result_rows>
            <max_memory_usage>{sql_memory}</max_memory_usage>
            <max_bytes_before_external_group_by>{sql_spill}</max_bytes_before_external_group_by>
            <max_bytes_before_external_sort>{sql_spill}</max_bytes_before_external_sort>
            <max_temporary_data_on_disk_size_for_query>10000000000</max_temporary_data_on_disk_size_for_query>
            <max_concurrent_queries_for_user>8</max_concurrent_queries_for_user>
            <final>1</final>
            <do_not_merge_across_partitions_select_final>1</do_not_merge_across_partitions_select_final>
            <cancel_http_readonly_queries_on_client_close>1</cancel_http_readonly_queries_on_client_close>
        </sql>
    </profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <access_management>1</access_management>
        </default>
        <{sql_user}>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>sql</profile>
            <quota>default</quota>
            <grants><query>GRANT SELECT ON flightledger.*</query></grants>
        </{sql_user}>
    </users>
    <quotas><default></default></quotas>
</clickhouse>
"""


class ClickHouseServer:
    """Configuration and address of a ClickHouse server; run by `ServerProcess`."""

    name = "clickhouse"
    environment: Mapping[str, str] = {}

    def __init__(
        self,
        folder: DataFolder,
        *,
        port: int = 0,
        max_memory: int | None = None,
        sql_seconds: int = SQL_SECONDS,
    ) -> None:
        """`port`: 0 is any free one. `max_memory`: bytes; None for MAX_MEMORY or half of the machine's."""
        self._folder = folder
        self._wanted = port
        self._sql_seconds = sql_seconds
        self._memory = max_memory or min(MAX_MEMORY, _machine_memory() // 2)
        self.port = port

    def choose_ports(self) -> None:
        """Settle on a port if 0 was given; raises ServerError for a given one that is in use."""
        (self.port,) = choose_ports((self._wanted,))

    def ports_are_free_choice(self) -> bool:
        """Say whether another port may be chosen."""
        return self._wanted == 0

    def prepare(self) -> Path:
        """Write config.xml and users.xml; return their folder, where the server must be started."""
        folder = self._folder.run / "clickhouse"
        tmp = folder / "tmp"
        tmp.mkdir(parents=True, exist_ok=True)
        (folder / "config.xml").write_text(self._config(tmp), encoding="utf-8")
        users = _USERS.format(
            query_memory=self._memory * 9 // 10,
            sql_memory=self._memory // 3,
            sql_spill=self._memory // 6,
            sql_user=SQL_USER,
            sql_seconds=self._sql_seconds,
        )
        (folder / "users.xml").write_text(users, encoding="utf-8")
        return folder

    def command(self) -> list[str]:
        """Run the server in a child process that ends with this program."""
        return ["infra.embedded.clickhouse_child", str(self.port), str(self._folder.path / "clickhouse")]

    def answers(self) -> bool:
        """Say whether `/ping` is answered."""
        return http_ok(self.port, "/ping")

    def _config(self, tmp: Path) -> str:
        return _CONFIG.format(
            host=LOOPBACK, port=self.port, tmp=escape(str(tmp)), memory=self._memory, cache=_CACHE
        )


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
