"""Questions about telecommands: their state, now or as of a time, and their events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer, Row, flat_rows
from projections.queries.scope import parse_time
from projections.telecommands.tables import TABLES

_JSON = ("arguments", "fields")
_OF_STATES = {"id": "telecommand", "issuer": "issuer", "state": "state", "link": "link"}
_OF_EVENTS = {"id": "telecommand", "event": "event", "who": "who"}


def telecommands(clickhouse: ClickHouse, question: Mapping[str, Any]) -> Answer:
    """Return each telecommand as it was at `as_of` (now, without), in the order of their first events.

    `from` and `to` bound the first event, as the log recorded it; `id`, `issuer`, `name`, `state` and `link`
    narrow the answer to telecommands that were so then. A name may be a qualified or a local one. With
    `newest` the last ones come first.
    """
    columns = ", ".join(TABLES["telecommands"][0])
    terms, values = _narrowed(question, _OF_STATES)
    terms += _between(question, "submitted", values)
    if "name" in question:
        terms.append("(name = {name:String} OR endsWith(name, concat('/', {name:String})))")
        values["name"] = question["name"]
    order = "submitted DESC, event_offset DESC" if question.get("newest") else "submitted, event_offset"
    # What narrows the answer is about the newest state of each, so it comes after that is found.
    query = (
        f"SELECT {columns} FROM (SELECT {columns} FROM telecommands WHERE {_known(question, values)} "
        "ORDER BY telecommand, event_offset DESC LIMIT 1 BY telecommand) "
        f"WHERE {' AND '.join(terms)} ORDER BY {order} {_limit(question)}"
    )
    return Answer(clickhouse.stream(query, values), to_rows=_to_rows)


def telecommand_events(clickhouse: ClickHouse, question: Mapping[str, Any]) -> Answer:
    """Return events in order; `from` and `to` bound when the log recorded them."""
    columns = ", ".join(TABLES["telecommand_events"][0])
    terms, values = _narrowed(question, _OF_EVENTS)
    terms += [_known(question, values), *_between(question, "recorded", values)]
    query = (
        f"SELECT {columns} FROM telecommand_events WHERE {' AND '.join(terms)} "
        f"ORDER BY event_offset {_limit(question)}"
    )
    return Answer(clickhouse.stream(query, values), to_rows=_to_rows)


def _narrowed(question: Mapping[str, Any], fields: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    chosen = {key: column for key, column in fields.items() if key in question}
    terms = [f"{column} = {{{key}:String}}" for key, column in chosen.items()]
    return ["true", *terms], {key: question[key] for key in chosen}


def _between(question: Mapping[str, Any], axis: str, values: dict[str, Any]) -> list[str]:
    terms = []
    for key, parameter, operator in (("from", "start", ">="), ("to", "end", "<=")):
        if (moment := parse_time(question.get(key), key)) is not None:
            terms.append(f"{axis} {operator} {_moment(parameter)}")
            values[parameter] = moment
    return terms


def _known(question: Mapping[str, Any], values: dict[str, Any]) -> str:
    if (moment := parse_time(question.get("as_of"), "as_of")) is None:
        return "true"
    values["as_of"] = moment
    return f"recorded <= {_moment('as_of')}"


def _moment(parameter: str) -> str:
    return f"fromUnixTimestamp64Nano({{{parameter}:Int64}}, 'UTC')"


def _limit(question: Mapping[str, Any]) -> str:
    return f"LIMIT {question['limit']}" if "limit" in question else ""


def _to_rows(batch: pa.RecordBatch) -> list[Row]:
    """Return rows in which the columns that are JSON are what they say."""
    rows = flat_rows(batch)
    for row in rows:
        row.update({name: orjson.loads(row[name]) for name in _JSON if name in row})
    return rows
