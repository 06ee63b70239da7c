"""The requests that the query service takes, checked against the schemas in `projections/query_schemas/`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import orjson
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match

from infra.errors import QueryError

ENDPOINTS = (
    "latest", "console", "history", "alarms", "packets", "frames", "quarantine", "gaps", "sessions",
    "parameters", "counts", "offsets", "generations", "digests", "operations", "clock", "diff", "sql",
    "origin", "telecommands", "telecommand_events",
)  # fmt: skip

_SHOWN = 100


@cache
def request_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of what `query.<name>` takes."""
    return _read(f"{name}.request.json")


@cache
def response_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of one line of its answer."""
    return _read(f"{name}.response.json")


def _read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((resources.files("projections.query_schemas") / file).read_bytes())
    return found


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(request_schema(name))


def read_request(name: str, data: bytes) -> dict[str, Any]:
    """Return the request of endpoint `name`; raises QueryError naming the field that is wrong.

    No payload is an empty request, and a field that is null counts as left out.
    """
    where = f"query.{name}"
    try:
        request = orjson.loads(data) if data.strip() else {}
    except orjson.JSONDecodeError as error:
        raise QueryError(f"the request is not JSON: {error}", where=where) from error
    if not isinstance(request, dict):
        raise QueryError("the request is not a JSON object", where=where)
    given = {key: value for key, value in request.items() if value is not None}
    unfit = best_match(_validator(name).iter_errors(given))
    if unfit is not None:
        raise _unfit(where, unfit, list(request_schema(name)["properties"]))
    return {key: _whole(value) for key, value in given.items()}


def _unfit(where: str, error: ValidationError, fields: Sequence[str]) -> QueryError:
    """Say what is wrong in our words, since the schema's own would repeat a value of any length."""
    if error.validator == "required":
        return QueryError(f"{error.message[:_SHOWN]}", where=where, fix="name it")
    if error.validator == "additionalProperties":
        unknown = ", ".join(sorted(set(error.instance) - set(fields)))
        return QueryError(
            f"unknown field {unknown[:_SHOWN]}", where=where, fix=f"fields: {', '.join(fields) or 'none'}"
        )
    rule = {
        key: error.schema[key]
        for key in ("type", "enum", "minimum", "maximum", "minLength")
        if key in error.schema
    }
    field = error.json_path.removeprefix("$.")
    wanted = ", ".join(f"{key} {value}" for key, value in rule.items())
    return QueryError(f"{field} = {str(error.instance)[:_SHOWN]!r} does not fit", where=where, fix=wanted)


def _whole(value: Any) -> Any:
    """Return 10.0, which JSON schema takes for an integer, as the integer it is."""
    return int(value) if isinstance(value, float) else value
