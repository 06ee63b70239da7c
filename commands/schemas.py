"""The JSON schemas of the events on `command.<id>.<event>`, and how a document is checked against a schema.

Those of requests and answers stand in `commands/requests.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from commands.state import EVENTS, FAILURES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": "integer", "description": "ns since 1970, UTC"}
OBJECT: Schema = {"type": "object"}

_COMMON: dict[str, Schema] = {
    "who": {**NAME, "description": "the user of the connection, or the service"},
    "authenticated": {"type": "boolean", "description": "whether the server proved who it was"},
    "from": {**NAME, "description": "the instance of the service that appended it, and its host"},
    "client": {**TEXT, "description": "what the client says of itself; nobody has checked that"},
    "at": {**TIME, "description": "by the clock of who appended it, ns since 1970, UTC"},
    "why": TEXT,
    "request_id": TEXT,
}
_EVIDENCE: dict[str, Schema] = {
    "generation": TEXT,
    "packet": {**TEXT, "description": "the packet type of the evidence"},
    "frame_offset": {**COUNT, "description": "offset in FRAMES: the origin of the evidence"},
    "packet_index": COUNT,
    "received": {**TIME, "description": "when the ground received the evidence"},
    "frame_recorded": {**TIME, "description": "when its frame was recorded in FRAMES"},
    "verifier": {**TEXT, "description": "file and line of the verifier in the mission database"},
    "values": {**OBJECT, "description": "what the evidence said, by parameter"},
}
_REQUEST: dict[str, Schema] = {
    "name": {**TEXT, "description": "the qualified name of the definition"},
    "arguments": {**OBJECT, "description": "as they were given"},
    "link": TEXT,
    "digest": {**TEXT, "description": "SHA-256 of the request, hex: the same request id is the same request"},
}
_OWN: dict[str, dict[str, Schema]] = {
    "submitted": {
        **_REQUEST,
        "resolved": {"type": "array", "items": OBJECT, "description": "all arguments, checked and complete"},
        "significance": NAME,
        "approvals_needed": COUNT,
        "release_at": {**TIME, "description": "not before; 0: as soon as possible"},
        "expires": {**TIME, "description": "not after"},
        "mission": {**TEXT, "description": "digest of the mission database that defined it"},
    },
    "rejected": {
        **_REQUEST,
        "request": {**NAME, "description": "what was asked for: submit, approve, …"},
        "telecommand": {**TEXT, "description": "which telecommand the request was about"},
        "fix": TEXT,
        "problems": {**OBJECT, "description": "what is wrong with each argument"},
        "payload": {**TEXT, "description": "the beginning of a request that could not be read"},
    },
    "released": {
        "name": NAME,
        "packet": {**TEXT, "description": "the bytes, hex"},
        "units": {"type": "array", "items": TEXT, "description": "what leaves for it, hex, where framed"},
        "link": NAME,
        "apid": {"type": ["integer", "null"], "minimum": 0},
        "sequence_count": COUNT,
        "until": {**TIME, "description": "an uplink that comes later does not claim it"},
        "expects": {"type": "array", "items": NAME, "description": "the reports that are waited for"},
    },
    "claimed": {"instance": {**NAME, "description": "the run of the uplink that writes it"}, "link": NAME},
    "sent": {
        "instance": NAME,
        "written": {**TIME, "description": "when the last byte was handed to the operating system"},
        "bytes": COUNT,
    },
    "uncertain": {"instance": NAME},
    "resolved": {"arrived": {"type": "boolean"}},
    "accepted": _EVIDENCE,
    "started": _EVIDENCE,
    "progressed": {**_EVIDENCE, "step": COUNT},
    "completed": _EVIDENCE,
    "failed": {
        **_EVIDENCE,
        "stage": {"enum": list(FAILURES)},
        "code": {"type": ["integer", "string"], "description": "what the device says"},
        "instance": {**NAME, "description": "the run of the uplink, at the stage `uplink`"},
    },
    "timed-out": {"missing": {"type": "array", "items": NAME}},
}
_LONGEST = 300  # characters of a complaint, which may repeat what was wrong
_OPTIONAL = {
    "client",
    "request_id",
    "fix",
    "problems",
    "payload",
    "telecommand",
    "verifier",
    "values",
    "step",
    "units",
    "code",
}
_NEEDED_EVIDENCE = {"packet", "frame_offset", "packet_index", "received", "frame_recorded"}


def event_schema(name: str) -> Schema:
    """Return the schema of an event's payload."""
    own = _OWN.get(name, {})
    if name == "rejected":
        needed = {"request"}
    elif name == "failed":
        needed = {"stage"}
    elif own is _EVIDENCE or name == "progressed":
        needed = _NEEDED_EVIDENCE
    else:
        needed = set(own)
    return object_schema(
        f"command.<id>.{name}", {**_COMMON, **own}, sorted((needed | set(_COMMON)) - _OPTIONAL)
    )


def object_schema(title: str, properties: Mapping[str, Schema], required: list[str]) -> Schema:
    """Return the schema of a JSON object that has no other fields."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


EVENT_SCHEMAS: Mapping[str, Schema] = {name: event_schema(name) for name in EVENTS}
"""By event."""


def check_event(name: str, fields: Mapping[str, Any]) -> None:
    """Raise ValueError for an event that is not as its schema says: a mistake of who made it."""
    if problem := _event_checker(name)(dict(fields)):
        raise ValueError(f"the event {name} is not as its schema says: {problem}")


@cache
def _event_checker(name: str) -> Callable[[Any], str]:
    return checker(EVENT_SCHEMAS[name])


def checker(schema: Schema) -> Callable[[Any], str]:
    """Return a function that says what is wrong with a document, empty for nothing."""
    validator = Draft202012Validator(schema)

    def check(document: Any) -> str:
        error = best_match(validator.iter_errors(document))
        if error is None:
            return ""
        place = error.json_path.removeprefix("$.").removeprefix("$")
        return f"{place}: {error.message}"[:_LONGEST] if place else str(error.message)[:_LONGEST]

    return check
