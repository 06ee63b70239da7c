"""The JSON schemas of what the telecommand service answers."""

from __future__ import annotations

from collections.abc import Mapping

from commands.schemas import COUNT, NAME, OBJECT, TEXT, Schema, object_schema

DONE: Schema = object_schema(
    "what became of a request",
    {
        "done": {"type": "boolean", "description": "false: it was refused, and `reason` says why"},
        "id": {**TEXT, "description": "the telecommand; of a refused request the id of that event"},
        "event": NAME,
        "offset": {**COUNT, "description": "of the event in COMMANDS; hold, resume and note: OPERATIONS"},
        "state": TEXT,
        "name": TEXT,
        "link": TEXT,
        "approvals_needed": {**COUNT, "description": "how many more persons have to approve"},
        "release_at": COUNT,
        "expires": COUNT,
        "telecommand": {**TEXT, "description": "which telecommand a refused request was about"},
        "reason": TEXT,
        "fix": TEXT,
        "problems": {**OBJECT, "description": "what is wrong with each argument"},
    },
    ["done", "event", "id", "offset"],
)
"""The answer to each of `requests.REQUESTS`."""

_TEXTS: Schema = {"type": "array", "items": TEXT}
_OBJECTS: Schema = {"type": "array", "items": OBJECT}
_STATE: Schema = {
    "type": "object",
    "description": "a telecommand's state",
    "properties": {
        "id": TEXT,
        "name": TEXT,
        "state": TEXT,
        "settled": {"type": "boolean", "description": "nothing more is waited for"},
        "issuer": TEXT,
        "submitted": {**COUNT, "description": "when its first event was recorded, ns since 1970, UTC"},
        "significance": TEXT,
        "link": TEXT,
        "arguments": OBJECT,
        "approvals_needed": COUNT,
        "approvers": _TEXTS,
        "release_at": {"type": "integer"},
        "expires": {"type": "integer"},
        "missing": {**_TEXTS, "description": "expected reports that did not come"},
        "failed_at": TEXT,
        "reason": TEXT,
    },
    "required": ["id", "name", "settled", "state"],
}
_LIFE: Schema = {
    "type": "object",
    "description": "a telecommand's state and its events, as their schemas say",
    "properties": {
        **_STATE["properties"],
        "request": {**OBJECT, "description": "its first event"},
        "packet": {**TEXT, "description": "the bytes, hex"},
        "events": _OBJECTS,
        "misfits": _OBJECTS,
    },
    "required": ["events", "id", "state"],
}
_QUEUE: Schema = {
    "type": "object",
    "properties": {
        "link": TEXT,
        "held": {"type": ["object", "null"], "description": "who holds it, when and why"},
        "queue": _TEXTS,
    },
}

ANSWERS: Mapping[str, Schema] = {
    "definitions": {**_OBJECTS, "description": "see docs/telecommands.md"},
    "log": {"anyOf": [_LIFE, {"type": "array", "items": _STATE}]},
    "queues": {
        "type": "object",
        "properties": {
            "links": {"type": "array", "items": _QUEUE},
            "open": {"type": "array", "items": _STATE},
        },
    },
    "check": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "significance": TEXT,
            "approvals_needed": COUNT,
            "constraints": {**_OBJECTS, "description": "condition, whether it holds now, what was seen"},
            "resolved": _OBJECTS,
            "packet": {**TEXT, "description": "the bytes with sequence count 0, hex"},
        },
    },
    "holds": {"type": "object", "properties": {"holds": {"type": "boolean"}, "seen": TEXT}},
    "values": {**_OBJECTS, "description": "parameter, value, raw, and the origin of each"},
}
"""The answer to each of `requests.QUESTIONS`."""
