"""What persons may ask the telecommand service: one JSON schema for each request.

Requests go to `telecommand.<user>.<action>`. The user is the token of the subject, which the server's
permissions tie to the connection; nothing in the payload says who someone is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from commands.log import ID
from commands.schemas import COUNT, NAME, OBJECT, TEXT, Schema, checker, object_schema
from infra.errors import CommandError
from streams.xtce.epochs import parse_instant

_ID: Schema = {"type": "string", "pattern": f"^{ID.pattern}$", "description": "a telecommand's id"}
_WHEN: Schema = {"type": ["integer", "string"], "description": "ns since 1970, or ISO 8601 (UTC)"}
_WHY: Schema = {"why": {**TEXT, "description": "for the record"}}
_ALWAYS: dict[str, Schema] = {
    "request_id": {**TEXT, "maxLength": 200, "description": "the same id: the same answer, done once"},
    "client": {**TEXT, "maxLength": 200, "description": "what the client says of itself"},
}

REQUESTS: Mapping[str, Schema] = {
    "submit": object_schema(
        "submit a telecommand",
        {
            "name": {**NAME, "description": "its qualified or local name"},
            "arguments": {**OBJECT, "description": "by name"},
            "link": {**NAME, "description": "default: the mission's"},
            "release_at": {**_WHEN, "description": "not before; ns since 1970, or ISO 8601 (UTC)"},
            "expires": {**_WHEN, "description": "not after; ns since 1970, or ISO 8601 (UTC)"},
            **_WHY,
            **_ALWAYS,
        },
        ["name"],
    ),
    "approve": object_schema("approve one of somebody else", {"id": _ID, **_WHY, **_ALWAYS}, ["id"]),
    "cancel": object_schema("cancel one that has not left", {"id": _ID, **_WHY, **_ALWAYS}, ["id"]),
    "resolve": object_schema(
        "decide about an uncertain one: whether it did arrive, and how one knows",
        {"id": _ID, "arrived": {"type": "boolean"}, "why": NAME, **_ALWAYS},
        ["arrived", "id", "why"],
    ),
    "hold": object_schema("hold a link's queue", {"link": NAME, **_WHY, **_ALWAYS}, ["link"]),
    "resume": object_schema("let a held queue go on", {"link": NAME, **_WHY, **_ALWAYS}, ["link"]),
    "note": object_schema(
        "keep a step of a flight procedure in OPERATIONS",
        {
            "procedure": {**NAME, "description": "the id of this run of it"},
            "title": TEXT,
            "digest": {**TEXT, "description": "SHA-256 of the procedure's file, hex"},
            "step": {**COUNT, "description": "from 1; 0: the whole"},
            "what": TEXT,
            "result": {"enum": ["begun", "done", "failed", "stopped"]},
            "telecommand": TEXT,
            **_WHY,
            **_ALWAYS,
        },
        ["procedure", "result", "step"],
    ),
}
"""Requests that change something: each is an event, refused ones too."""

QUESTIONS: Mapping[str, Schema] = {
    "definitions": object_schema("what can be sent", {"name": NAME}, []),
    "log": object_schema(
        "the life of one telecommand; without an id the newest ones", {"id": _ID, "limit": COUNT}, []
    ),
    "queues": object_schema("the links' queues, and what is open or uncertain", {}, []),
    "check": object_schema(
        "what a telecommand would be, without submitting it", {"name": NAME, "arguments": OBJECT}, ["name"]
    ),
    "holds": object_schema(
        "whether a comparison holds for the newest sample of a parameter, and what was seen",
        {
            "condition": {**NAME, "description": "like ALTITUDE > 1000"},
            "fresh_within_s": {"type": "number", "exclusiveMinimum": 0},
        },
        ["condition"],
    ),
    "values": object_schema(
        "the newest values of parameters",
        {"parameters": {"type": "array", "items": NAME, "maxItems": 1000}},
        ["parameters"],
    ),
}
"""Requests that only ask."""


def parse_request(data: bytes) -> dict[str, Any]:
    """Return the JSON object that a request is, without fields that are null; raises CommandError."""
    try:
        request = orjson.loads(data) if data.strip() else {}
    except orjson.JSONDecodeError as error:
        raise CommandError(f"the request is not JSON: {error}", fix="send a JSON object") from error
    if not isinstance(request, dict):
        raise CommandError("the request is no JSON object", fix="send one")
    return {key: value for key, value in request.items() if value is not None}


def check_request(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request that is as its schema says; raises CommandError, saying what is wrong with another.

    What JSON schema takes for an integer, 10.0 for one, is one then.
    """
    properties = {**REQUESTS, **QUESTIONS}[name]["properties"]
    if problem := _checker(name)(request):
        raise CommandError(f"the request does not fit: {problem}", fix=f"fields: {', '.join(properties)}")
    whole = {key for key, schema in properties.items() if "integer" in schema.get("type", ())}
    return {
        key: int(value) if key in whole and isinstance(value, float) else value
        for key, value in request.items()
    }


@cache
def _checker(name: str) -> Callable[[Any], str]:
    return checker({**REQUESTS, **QUESTIONS}[name])


def moment(request: Mapping[str, Any], key: str) -> int | None:
    """Return a time of a request in ns UTC, None where it has none; raises CommandError for no time."""
    value = request.get(key)
    if value is None or isinstance(value, int):
        return value
    found = parse_instant(value)
    if found is None and value.lstrip("-").isdigit():
        found = int(value)
    if found is None:
        raise CommandError(
            f"{key} = {value!r} is no time",
            where=key,
            fix="ISO 8601 like 2026-05-01T12:00:00.5Z, or ns since 1970",
        )
    return found
