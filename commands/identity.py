"""Ids of telecommands: ten letters and digits, the same for the same request of the same user.

That is how a request that is sent twice makes one telecommand, whatever instance takes it and however much
later: its first event counts on there being none of that id.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

import orjson

_DIGITS = 10


def identities(user: str, request_id: str) -> Iterator[str]:
    """Yield the id of a request, and those to take instead where another request happens to have it."""
    number = 0
    while True:
        seed = f"{user}\0{request_id}\0{number}" if request_id else secrets.token_hex(16)
        digest = hashlib.sha256(seed.encode()).digest()
        yield base64.b32encode(digest).decode().lower()[:_DIGITS]
        number += 1


def request_digest(action: str, request: dict[str, Any]) -> str:
    """Return the hex SHA-256 over what a request asks for: one request id stands for one of these."""
    data = orjson.dumps([action, request], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(data).hexdigest()
