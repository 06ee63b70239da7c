"""TCP ports on the loopback address."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import ExitStack

from infra.errors import ServerError

LOOPBACK = "127.0.0.1"
"""The only address that embedded servers listen on: they have no password."""


def choose_ports(wanted: Iterable[int]) -> list[int]:
    """Return the given ports, with a different free one for each 0.

    A free port may be taken by another program before the server listens on it: whoever starts a server
    chooses again then. Raises ServerError for a given port that is in use.
    """
    with ExitStack() as held:  # all at once, so that no free port is chosen twice
        return [held.enter_context(_bind(port)).getsockname()[1] for port in wanted]


def _bind(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As servers do: a connection that is timing out does not make the port "in use".
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((LOOPBACK, port))
        opened.listen(1)  # with SO_REUSEADDR only listening tells that another one listens already
    except (OSError, OverflowError) as error:
        opened.close()
        raise ServerError(
            f"port {port} cannot be used: {getattr(error, 'strerror', None) or error}",
            where=f"{LOOPBACK}:{port}",
            fix="stop the program that listens there, or give another port (0: any free one)",
        ) from error
    return opened
