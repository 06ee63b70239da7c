"""Which rows a question is about: generation, as of when, from when to when.

`as of T` = rows recorded by T, of the generation that was live at T. "What do we know today about T" is
the same question with `to = T` and without `as of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.errors import QueryError
from projections.clickhouse import ClickHouse

MAX_LIMIT = 100_000_000


@dataclass(frozen=True)
class Scope:
    """A resolved scope; times are ns UTC or None."""

    generation: str
    start: int | None = None
    end: int | None = None
    as_of: int | None = None
    limit: int | None = None
    session: str | None = None

    def where(self, axis: str = "time") -> str:
        """Return the SQL condition, on a table with the origin columns; `axis` is what from/to bound."""
        terms = ["generation = {generation:String}"]
        if self.start is not None:
            terms.append(f"{axis} >= {_moment('start')}")
        if self.end is not None:
            terms.append(f"{axis} <= {_moment('end')}")
        if self.as_of is not None:
            terms.append(f"recorded <= {_moment('as_of')}")
        if self.session is not None:
            terms.append("session = {session:String}")
        return " AND ".join(terms)

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for the condition's parameters."""
        found = {
            "generation": self.generation,
            "start": self.start,
            "end": self.end,
            "as_of": self.as_of,
            "session": self.session,
        }
        return {name: value for name, value in found.items() if value is not None}

    def limited(self, default: int) -> str:
        """Return the LIMIT clause."""
        return f"LIMIT {default if self.limit is None else self.limit}"


def _moment(name: str) -> str:
    return f"fromUnixTimestamp64Nano({{{name}:Int64}}, 'UTC')"


def scope_of(clickhouse: ClickHouse, request: Mapping[str, Any]) -> Scope:
    """Resolve `from`, `to`, `as_of`, `generation`, `limit` and `session` of a request.

    Raises QueryError for a malformed time, an unknown generation, or when nothing was live then.
    """
    as_of = parse_time(request.get("as_of"), "as_of")
    limit = request.get("limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise QueryError(f"limit {limit!r} is not a number of rows", where="limit")
    return Scope(
        generation=_generation(clickhouse, request.get("generation"), as_of),
        start=parse_time(request.get("from"), "from"),
        end=parse_time(request.get("to"), "to"),
        as_of=as_of,
        limit=limit,
        session=request.get("session"),
    )


def _generation(clickhouse: ClickHouse, wanted: str | None, as_of: int | None) -> str:
    rows = clickhouse.rows(
        "SELECT generation, arrayMap(t -> toUnixTimestamp64Nano(t), promoted) AS promoted FROM generations "
        "WHERE state != 'dropped'"
    )
    known = {row["generation"]: row["promoted"] for row in rows}
    if wanted is not None:
        if wanted not in known:
            names = ", ".join(sorted(known)) or "none yet"
            raise QueryError(f"there is no generation {wanted!r}", fix=f"known are: {names}")
        return wanted
    promotions = sorted((at, name) for name, times in known.items() for at in times)
    live: list[str] = [name for at, name in promotions if as_of is None or at <= as_of]
    if live:
        return live[-1]
    if as_of is not None and promotions:
        raise QueryError("no generation was live at that time", where="as_of", fix="name a later time")
    raise QueryError("nothing is recorded yet", fix="start a mission with `up`, or `import` a recording")


def parse_time(value: Any, where: str) -> int | None:
    """Return ns UTC from an ISO 8601 text (UTC when it names no zone) or an integer (ns UTC).

    >>> parse_time("1970-01-01T00:00:01.000000005Z", "from")
    1000000005
    """
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if text.lstrip("-").isdigit():
        return int(text)
    head, digits, tail = _split_fraction(text)
    try:
        moment = datetime.fromisoformat(head + tail)
    except ValueError as error:
        fix = "like 2026-05-01T12:00:00.5Z, or nanoseconds since 1970"
        raise QueryError(f"{text!r} is not a time", where=where, fix=fix) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 10**9 + int(digits.ljust(9, "0")[:9] or 0)


def _split_fraction(text: str) -> tuple[str, str, str]:
    """Split off the decimals of the second: Python's datetime has only six of the nine."""
    head, dot, rest = text.partition(".")
    if not dot:
        return text, "", ""
    count = next((at for at, char in enumerate(rest) if not char.isdigit()), len(rest))
    return head, rest[:count], rest[count:]
