"""A device at the other end of a TCP link: it listens, and sends what it is given to whoever connects."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class ListeningDevice:
    """Bytes given to `send` reach the ground once it has connected, or connected again; one at a time."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._connection: socket.socket | None = None
        self._connected = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, data: bytes) -> None:
        assert self._connected.wait(60), "the ground has not connected"
        assert self._connection is not None
        self._connection.sendall(data)

    def close(self) -> None:
        for one in (self._connection, self._server):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._connection, _ = self._server.accept()
                self._connected.set()
                self._drain(self._connection)
                self._connected.clear()  # what is sent from now on is for the next connection

    def _drain(self, connection: socket.socket) -> None:
        """Read until the ground hangs up, or is killed."""
        with contextlib.suppress(ConnectionError):
            while connection.recv(65_536):
                pass


@contextlib.contextmanager
def listening_device() -> Iterator[ListeningDevice]:
    device = ListeningDevice()
    try:
        yield device
    finally:
        device.close()
