"""Publishing what no client library would: any bytes as subject and headers."""

from __future__ import annotations

import json
import socket


def publish_raw(port: int, subject: bytes, data: bytes, headers: bytes | None = None) -> None:
    """Send one message over a socket of its own; returns when the server has taken it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        answers = connection.makefile("rb")
        answers.readline()  # INFO
        options = {"verbose": False, "headers": True, "no_responders": True}
        connection.sendall(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        if headers is None:
            connection.sendall(b"PUB %b %d\r\n%b\r\n" % (subject, len(data), data))
        else:
            sizes = (subject, len(headers), len(headers) + len(data))
            connection.sendall(b"HPUB %b %d %d\r\n" % sizes + headers + data + b"\r\n")
        connection.sendall(b"PING\r\n")
        answer = answers.readline()
        assert answer == b"PONG\r\n", f"the server refuses the message: {answer!r}"


HOSTILE_HEADERS = [
    b"",
    b"X",
    b"NATS/1.0",
    b"NATS/1.0\r\n",
    b"NATS/1.0 \xff\xff\xff\r\n\r\n",
    b"NATS/1.0 503\r\n\r\n",
    b"NATS/1.0 404 No \xff\r\n\r\n",
    b"NATS/1.0 409 Message Size Exceeds MaxBytes\r\nNats-Pending-Messages: 1\r\n\r\n",
    b"NATS/1.0\r\nno colon\r\n\r\n",
    b"NATS/1.0\r\n: no name\r\n\r\n",
    b"NATS/1.0\r\n\xff\xfe: name\r\n\r\n",
    b"NATS/1.0\r\nFl-Received: \xff\r\nFl-Session: a\x00b\r\n\r\n",
    b"garbage of a length that no protocol has",
]
"""Headers that a server takes, though they are none."""
