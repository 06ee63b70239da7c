"""Embedded servers: a nats-server and a ClickHouse server that a program starts itself, in a data folder.

In production the addresses of real servers are configured instead; nothing else differs.
"""

from infra.embedded.entry import connect_or_start, embedded_servers
from infra.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedServers", "connect_or_start", "embedded_servers"]
