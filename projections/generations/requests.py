"""Requests to the generation service: their schemas, and whether a request follows its one."""

from __future__ import annotations

from typing import Any

import orjson

from infra.errors import QueryError
from infra.jobs import NAME, check_name

Json = dict[str, Any]

_TEXT = {"type": "string"}
_TIME = {"type": ["string", "integer"], "description": "recorded time: ISO 8601 (UTC), or ns since 1970"}
_WORKERS = {"type": "integer", "minimum": 1}
_GENERATION = {"generation": _TEXT}

SCHEMAS: dict[str, Json] = {
    "reprocess": {
        "type": "object",
        "properties": {
            "mission": {
                "type": "string",
                "description": "bundle (see streams/mission.py); default: the newest",
            },
            "name": _TEXT,
            "from": _TIME,
            "to": _TIME,
            "workers": _WORKERS,
            "from_archive": {
                "type": "boolean",
                "description": "sealed frames come out of the frame archive, proven by their seals",
            },
            "job": NAME,
        },
    },
    "promote": {"type": "object", "properties": _GENERATION, "required": ["generation"]},
    "drop": {"type": "object", "properties": _GENERATION, "required": ["generation"]},
    "verify": {
        "type": "object",
        "properties": {**_GENERATION, "workers": _WORKERS, "job": NAME},
        "required": ["generation"],
    },
    "verify-archive": {"type": "object", "properties": {"job": NAME}},
    "rebuild-archive": {"type": "object", "properties": {"job": NAME}},
}


def question_of(verb: str, data: bytes) -> Json:
    """Return a request as its fields. Raises QueryError with what is wrong with it."""
    schema, where = SCHEMAS[verb], f"generation.{verb}"
    try:
        question = orjson.loads(data or b"{}")
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    if not isinstance(question, dict) or set(question) - set(schema["properties"]):
        raise QueryError("unknown fields", where=where, fix=f"known are {', '.join(schema['properties'])}")
    for key in schema.get("required", ()):
        if not isinstance(question.get(key), str):
            raise QueryError(f"the field {key!r} is missing", where=where)
    check_name(question.get("job"), where)
    if type(question.get("from_archive", False)) is not bool:
        raise QueryError(f"from_archive = {question['from_archive']!r}", where=where, fix="true or false")
    workers = question.get("workers", 1)
    if type(workers) is not int or not 1 <= workers <= 64:
        raise QueryError(f"workers = {workers!r}", where=where, fix="a number from 1 to 64")
    return question
