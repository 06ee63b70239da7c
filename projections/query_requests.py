"""The requests that the query service takes: one JSON schema for each, and the check against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from infra.errors import QueryError

_TIME = {"type": ["string", "integer"], "description": "ISO 8601 (UTC), or nanoseconds since 1970"}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_SCOPE: dict[str, Any] = {
    "from": _TIME,
    "to": _TIME,
    "as_of": _TIME | {"description": "only what was recorded by then, of the generation live then"},
    "generation": _TEXT,
    "session": _TEXT,
    "limit": _COUNT,
}
_FORMAT = {"format": {"type": "string", "enum": ["json", "arrow"], "default": "json"}}
_AT_ONCE = {"as_of": _SCOPE["as_of"], "generation": _TEXT}


def _schema(title: str, properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_PARAMETERS = {"parameters": {"type": "array", "items": _TEXT}}

REQUESTS: dict[str, dict[str, Any]] = {
    "latest": _schema("newest sample of each parameter", {"packet": _TEXT, **_PARAMETERS, **_AT_ONCE}),
    "history": _schema(
        "samples of parameters", {**_PARAMETERS, "points": _COUNT, **_SCOPE, **_FORMAT}, ("parameters",)
    ),
    "packets": _schema("packets with all values", {"packet": _TEXT, **_SCOPE, **_FORMAT}),
    "frames": _schema("frames and what became of them", {"result": _TEXT, **_SCOPE, **_FORMAT}),
    "quarantine": _schema("what was wrong, and where", {**_SCOPE, **_FORMAT}),
    "gaps": _schema("missing sequence counts", {**_SCOPE, **_FORMAT}),
    "counts": _schema("how much there is of everything", _SCOPE),
    "offsets": _schema("how far the projections are", {}),
    "generations": _schema("all generations", {}),
    "diff": _schema("what differs between two generations", {"a": _TEXT, "b": _TEXT}, ("a", "b")),
    "sql": _schema("one SELECT, read-only and limited", {"query": _TEXT, **_FORMAT}, ("query",)),
    "origin": _schema(
        "from a value back to its packet, frame and generation",
        {"packet": _TEXT, "frame_offset": _COUNT, "parameter": _TEXT, "at": _TIME, **_AT_ONCE},
    ),
}

_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "array": list}


def read_request(name: str, data: bytes) -> dict[str, Any]:
    """Return the request of endpoint `name`; raises QueryError naming the field that is wrong."""
    try:
        request = orjson.loads(data) if data.strip() else {}
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=f"query.{name}") from error
    if not isinstance(request, dict):
        raise QueryError("the request is not a JSON object", where=f"query.{name}")
    schema = REQUESTS[name]
    for key, value in request.items():
        if key not in schema["properties"]:
            known = ", ".join(schema["properties"]) or "none"
            raise QueryError(f"unknown field {key!r}", where=f"query.{name}", fix=f"fields: {known}")
        if value is not None:
            _check(f"query.{name}", key, value, schema["properties"][key])
    for key in schema["required"]:
        if not request.get(key):
            raise QueryError(f"the field {key!r} is missing", where=f"query.{name}")
    return {key: value for key, value in request.items() if value is not None}


def _check(where: str, key: str, value: Any, rule: Mapping[str, Any]) -> None:
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    fits = any(isinstance(value, _TYPES[kind]) and not isinstance(value, bool) for kind in kinds)
    if fits and isinstance(value, list):
        fits = all(isinstance(item, str) for item in value)
    if fits and isinstance(value, int):
        fits = -(2**63) <= value < 2**63 and value >= rule.get("minimum", -(2**63))
    if fits and "enum" in rule:
        fits = value in rule["enum"]
    if not fits:
        wanted = rule.get("enum") or " or ".join(kinds)
        raise QueryError(f"{key} = {value!r} does not fit", where=where, fix=f"give {wanted}")
