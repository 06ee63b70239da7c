"""Which rows a question is about: generation, as of when, from when to when.

`as of T` = rows recorded by T, of the generation that was live at T. "What do we know today about T" is
the same question with `to = T` and without `as of`. Proven by `tests/projections/test_time_travel.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.errors import QueryError
from projections.clickhouse import ClickHouse

EARLIEST, LATEST = -(2**63), 2**63 - 1
"""Nanoseconds since 1970 that a time can be: the years 1677 to 2262."""


@dataclass(frozen=True)
class Scope:
    """A resolved scope; times are ns UTC or None."""

    generation: str
    start: int | None = None
    end: int | None = None
    as_of: int | None = None
    limit: int | None = None
    session: str | None = None

    def known(self) -> str:
        """Return the SQL condition for rows that count, on a table with the origin columns."""
        terms = ["generation = {generation:String}"]
        if self.as_of is not None:
            terms.append(f"recorded <= {_moment('as_of')}")
        if self.session is not None:
            terms.append("session = {session:String}")
        return " AND ".join(terms)

    def between(self, axis: str = "time") -> str:
        """Return the SQL condition that `from` and `to` make on the time `axis`."""
        terms = ["true"]
        if self.start is not None:
            terms.append(f"{axis} >= {_moment('start')}")
        if self.end is not None:
            terms.append(f"{axis} <= {_moment('end')}")
        return " AND ".join(terms)

    def where(self, axis: str = "time") -> str:
        """Return both conditions."""
        return f"{self.known()} AND {self.between(axis)}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for the conditions' parameters."""
        found = {
            "generation": self.generation,
            "start": self.start,
            "end": self.end,
            "as_of": self.as_of,
            "session": self.session,
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def limited(self) -> str:
        """Return the LIMIT clause, empty without a limit."""
        return "" if self.limit is None else f"LIMIT {self.limit}"


def _moment(name: str) -> str:
    return f"fromUnixTimestamp64Nano({{{name}:Int64}}, 'UTC')"


def scope_of(clickhouse: ClickHouse, request: Mapping[str, Any]) -> Scope:
    """Resolve `from`, `to`, `as_of`, `generation`, `limit` and `session` of a request that fits its schema.

    Raises QueryError for a malformed time, an unknown generation, or when nothing was live then.
    """
    as_of = parse_time(request.get("as_of"), "as_of")
    return Scope(
        generation=_generation(clickhouse, request.get("generation"), as_of),
        start=parse_time(request.get("from"), "from"),
        end=parse_time(request.get("to"), "to"),
        as_of=as_of,
        limit=request.get("limit"),
        session=request.get("session"),
    )


def _generation(clickhouse: ClickHouse, wanted: str | None, as_of: int | None) -> str:
    rows = clickhouse.rows(
        "SELECT generation, arrayMap(t -> toUnixTimestamp64Nano(t), promoted) AS promoted, "
        "state = 'dropped' AS dropped FROM generations"
    )
    there = sorted(row["generation"] for row in rows if not row["dropped"])
    if wanted is not None:
        if wanted not in there:
            known = ", ".join(there) or "none yet"
            raise QueryError(f"there is no generation {wanted!r}", fix=f"known are: {known}")
        return wanted
    promotions = sorted((at, row["generation"]) for row in rows for at in row["promoted"])
    live: list[str] = [name for at, name in promotions if as_of is None or at <= as_of]
    if live and live[-1] not in there:
        raise QueryError(
            f"the generation {live[-1]}, which was live then, was dropped",
            where="as_of",
            fix=f"name one that is there: {', '.join(there)}; or `reprocess` with its mission",
        )
    if live:
        return live[-1]
    if as_of is not None and promotions:
        raise QueryError("no generation was live at that time", where="as_of", fix="name a later time")
    raise QueryError("nothing is recorded yet", fix="start a mission with `up`, or `import` a recording")


def parse_time(value: Any, where: str) -> int | None:
    """Return ns UTC from an ISO 8601 text (UTC when it names no zone) or an integer (ns UTC).

    Raises QueryError for what is no time, or one outside of 1677 to 2262.

    >>> parse_time("1970-01-01T00:00:01.000000005Z", "from")
    1000000005
    """
    if value is None or value == "":
        return None
    text = str(value).strip()
    time = int(text) if _is_integer(text) else _from_iso(text, where)
    if not EARLIEST <= time <= LATEST:
        raise QueryError(
            f"{text} is outside of the years 1677 to 2262", where=where, fix="give ISO 8601, or ns since 1970"
        )
    return time


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= len(str(LATEST)) + 1


def _from_iso(text: str, where: str) -> int:
    head, digits, tail = _split_fraction(text)
    try:
        moment = datetime.fromisoformat(head + tail)
    except ValueError as error:
        fix = "like 2026-05-01T12:00:00.5Z, or nanoseconds since 1970"
        raise QueryError(f"{text[:100]!r} is not a time", where=where, fix=fix) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 10**9 + int(digits.ljust(9, "0")[:9] or 0)


def _split_fraction(text: str) -> tuple[str, str, str]:
    """Split off the decimals of the second: Python's datetime has only six of the nine."""
    head, dot, rest = text.partition(".")
    if not dot:
        return text, "", ""
    count = next((at for at, char in enumerate(rest) if not (char.isascii() and char.isdigit())), len(rest))
    return head, rest[:count], rest[count:]
