"""The JSON schemas of what the audit service is asked and answers; requests go to `audit.<user>.<name>`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from commands.schemas import COUNT, TEXT, Schema, checker, object_schema
from infra.errors import QueryError
from infra.jobs import NAME

_CLIENT: Schema = {**TEXT, "maxLength": 200, "description": "what the client says of itself"}
_WHEN: Schema = {"type": ["integer", "string"]}
_HEAD: Schema = {
    "type": "object",
    "properties": {
        "stream": TEXT,
        "offset": COUNT,
        "hash": {**TEXT, "description": "64 hexadecimal digits"},
        "head": {**TEXT, "description": "STREAM:OFFSET:HASH, to be written down elsewhere"},
    },
}

REQUESTS: Mapping[str, Schema] = {
    "heads": object_schema("the heads of the chains as they are now", {}, []),
    "verify": object_schema(
        "recompute all hashes and seals from the streams",
        {
            "heads": {**TEXT, "description": "a text with heads written down before: they must be met"},
            "job": NAME,
            "client": _CLIENT,
        },
        [],
    ),
    "export": object_schema(
        "a signed record of all events and of the frames of a time or a session",
        {
            "from": {
                **_WHEN,
                "description": "frames recorded from then on: ISO 8601 (UTC), or ns since 1970",
            },
            "to": {**_WHEN, "description": "frames recorded before then"},
            "session": TEXT,
            "client": _CLIENT,
        },
        [],
    ),
    "verifier": object_schema("the stand-alone program that verifies exports", {}, []),
}

ANSWERS: Mapping[str, Schema] = {
    "heads": {
        "type": "object",
        "properties": {
            "at": {"type": "integer", "description": "ns since 1970, UTC"},
            "heads": {"type": "array", "items": _HEAD},
            "public_key": {**TEXT, "description": "what exports are signed with, 64 hexadecimal digits"},
            "fingerprint": TEXT,
        },
        "required": ["at", "heads", "public_key", "fingerprint"],
    },
    "verify": {
        "type": "object",
        "properties": {
            "job": {**NAME, "description": "on progress.<job>; its result is that of `audit verify`"}
        },
        "required": ["job"],
    },
    "export": {
        "type": "string",
        "description": "the file in chunks, see streams/answers.py and docs/audit.md",
    },
    "verifier": {
        "type": "object",
        "properties": {"name": TEXT, "source": TEXT},
        "required": ["name", "source"],
    },
}


def parse_question(name: str, data: bytes) -> dict[str, Any]:
    """Return the JSON object that a request is; raises QueryError, saying what is wrong with another."""
    where = f"audit.{name}"
    try:
        question = orjson.loads(data) if data.strip() else {}
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    if problem := _checker(name)(question):
        known = ", ".join(REQUESTS[name]["properties"]) or "none"
        raise QueryError(f"the request does not fit: {problem}", where=where, fix=f"fields: {known}")
    found: dict[str, Any] = question
    return found


@cache
def _checker(name: str) -> Callable[[Any], str]:
    return checker(REQUESTS[name])
