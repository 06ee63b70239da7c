"""The request to go on elsewhere in a stream, as parser and writer take it."""

from __future__ import annotations

from typing import Any

import orjson
from nats.aio.client import Client

from infra.errors import QueryError
from streams.read import last_offset, offset_at_time

RESTART_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "from_offset": {"type": "integer", "minimum": 1},
        "from_time": {"type": "integer", "description": "recorded time, ns since 1970"},
    },
}
"""Without its title."""


async def restart_offset(nc: Client, stream: str, data: bytes, *, where: str) -> int:
    """Return the offset that a request names, at most one behind the stream's last.

    Raises QueryError for a request that is none, or an offset that the stream can not have yet.
    """
    try:
        question: Any = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    given = question if isinstance(question, dict) else {}
    asked = {key: given[key] for key in ("from_offset", "from_time") if key in given}
    if len(asked) != 1 or type(value := next(iter(asked.values()))) is not int:
        raise QueryError("give from_offset or from_time, a whole number", where=where)
    end = await last_offset(nc, stream)
    if "from_time" in asked:
        return min(end + 1, await offset_at_time(nc, stream, value))
    if not 1 <= value <= end + 1:
        raise QueryError(f"{stream} has the offsets 1 to {end}, not {value}", where=where)
    return value
