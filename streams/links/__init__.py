"""Links: the ways to and from a device."""

from __future__ import annotations

from streams.links.config import LinkConfig
from streams.links.file import FileLink
from streams.links.link import Link, LinkDownError, LinkEvents
from streams.links.serial_port import SerialLink
from streams.links.tcp_client import TcpClientLink
from streams.links.tcp_server import TcpServerLink
from streams.links.udp import UdpLink

__all__ = [
    "FileLink",
    "Link",
    "LinkConfig",
    "LinkDownError",
    "LinkEvents",
    "SerialLink",
    "TcpClientLink",
    "TcpServerLink",
    "UdpLink",
    "make_link",
]


def make_link(config: LinkConfig) -> Link:
    """Return a link that is not up yet: `run` brings it up."""
    match config.transport:
        case "tcp-client":
            return TcpClientLink(config)
        case "tcp-server":
            return TcpServerLink(config)
        case "udp":
            return UdpLink(config)
        case "serial":
            return SerialLink(config)
        case "file":
            return FileLink(config)
