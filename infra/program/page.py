"""The page: the built web client, served on a loopback port by the program itself.

`config.json` tells the page where NATS is for browsers. Nothing else comes from here: data comes over NATS.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.access import AccessFolder
from infra.embedded.ports import LOOPBACK
from infra.errors import ServerError
from infra.program.system import System

PAGE = Path(__file__).resolve().parents[2] / "web" / "dist"
"""Where `make web` puts the built page."""

_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; img-src 'self' "
        "data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, config: bytes, **kwargs: Any) -> None:
        self._config = config
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Answer config.json, or a file of the page."""
        if self.path.split("?")[0] != "/config.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._config)))
        self.end_headers()
        self.wfile.write(self._config)

    def list_directory(self, path: Any) -> None:
        """Show no folders."""
        self.send_error(404)

    def end_headers(self) -> None:
        """Add what every answer carries."""
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: each picture of the page would be a line."""


@contextmanager
def page_of(system: System) -> Iterator[str | None]:
    """Serve the page of a system that this program runs, on the port that its servers keep for it."""
    users = AccessFolder(system.servers.data_dir).users.all()
    config = {"websocket": system.servers.websocket_url, "authentication": bool(users)}
    with serve_page(config, port=urlsplit(system.servers.page_url).port or 0) as url:
        yield url


@contextmanager
def serve_page(config: dict[str, Any], *, port: int = 0, folder: Path = PAGE) -> Iterator[str | None]:
    """Serve the page for as long as the block lasts; give its URL, or None where it has not been built.

    Raises ServerError when the port can not be had.
    """
    if not (folder / "index.html").is_file():
        yield None
        return
    handler = partial(_Handler, config=json.dumps(config).encode(), directory=str(folder))
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), handler)
    except OSError as error:
        raise ServerError(
            f"the page can not be served: {error.strerror or error}",
            where=f"{LOOPBACK}:{port}",
            fix="give another --page-port (0: any free one)",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
