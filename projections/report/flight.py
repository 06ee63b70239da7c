"""What a report tells: the answers of the query service, as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.queries.answer import Row, iso_time
from projections.queries.scope import parse_time


@dataclass(frozen=True)
class Flight:
    """The answers about one flight; `span` is from when to when (ns UTC, generated time).

    With `as_of` (ns UTC) they are what was known then, and `generation` says whether it was live then.
    """

    title: str
    generation: Row
    span: tuple[int, int]
    sessions: Sequence[Row]
    counts: Row
    digests: Row
    as_of: int | None = None
    imported: frozenset[str] = frozenset()
    """Sessions that were imported from a file: their received times are those of the import."""

    parameters: Sequence[Row] = ()
    buckets: dict[str, list[Row]] = field(default_factory=dict)
    """By qualified name of the parameter: buckets of numbers, or samples of labels."""

    left_out: Sequence[str] = ()
    """What is not shown of the parameters, and why."""

    apids: dict[str, frozenset[int]] = field(default_factory=dict)
    gaps: Sequence[Row] = ()
    alarms: Sequence[Row] = ()
    quarantine: Sequence[Row] = ()
    telecommands: Sequence[Row] = ()
    operations: Sequence[Row] = ()

    @property
    def span_text(self) -> tuple[str, str]:
        """The span as ISO 8601."""
        return iso_time(self.span[0]), iso_time(self.span[1])

    @property
    def as_of_text(self) -> str:
        """When what is told was known, as ISO 8601; empty for now."""
        return "" if self.as_of is None else iso_time(self.as_of)


def ns(time: Any) -> int:
    """Return the nanoseconds since 1970 of a time as answers have it."""
    found = parse_time(time, "time")
    if found is None:
        raise ValueError("no time")
    return found
