"""Everything that a report tells, asked of the query service; nothing is asked for without a bound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from infra.errors import QueryError
from projections.queries.answer import Row
from projections.queries.scope import parse_time
from projections.report.choose import (
    MOST_LABELLED,
    MOST_PLOTS,
    labelled,
    numeric,
    own_parameters,
    points_of,
)
from projections.report.flight import Flight, ns

Ask = Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]]
"""Asks `query.<name>` and returns the rows of the answer."""

MOST_GAPS, MOST_QUARANTINE, MOST_TELECOMMANDS, MOST_OPERATIONS = 20_000, 200, 5_000, 2_000
MOST_LABELS, MOST_ALARMS = 6_000, 5_000
_AROUND_NS = 60 * 10**9
_AT_ONCE = 20
_KINDS = (
    "mission-loaded", "generation-started", "generation-finished", "generation-promoted",
    "generation-dropped", "session-opened", "session-closed", "link-down", "link-lost", "import-started",
    "import-finished", "parser-restarted", "procedure", "queue-held", "queue-resumed",
    "writer-restarted",
)  # fmt: skip
"""What is told of OPERATIONS: what became of the flight, but not each seal."""


async def gather(ask: Ask, wanted: Mapping[str, Any]) -> Flight:
    """Return what there is about `wanted`: `from`, `to`, `session`, `generation`, each if it is given.

    With `as_of` everything is as it was known then, but for the heads of the chains, which prove the report
    that is made now. Raises QueryError when there is nothing.
    """
    known = {"as_of": wanted["as_of"]} if wanted.get("as_of") else {}
    sessions = await ask("sessions", wanted)
    if not sessions:
        raise QueryError("there is no frame in what the report is about", fix="`query sessions` lists them")
    scope = {**wanted, "generation": sessions[0]["generation"]}
    span = _span(wanted, sessions)
    within = {**scope, "from": span[0], "to": span[1]}
    parameters = await ask("parameters", {"generation": scope["generation"]})
    received = _received(wanted, scope, sessions)
    counts = (await ask("counts", scope))[0]
    counts["quarantine"] = (await ask("counts", received))[0]["quarantine"]
    chosen, left_out = _chosen(parameters, counts)
    buckets = await _histories(ask, within, chosen)
    generation = await _generation(ask, scope["generation"], known)
    operations = await ask("operations", {**known, "kinds": _KINDS, "limit": MOST_OPERATIONS})
    own = {row["session"] for row in sessions}
    return Flight(
        title=_title(operations, generation),
        generation=generation,
        span=span,
        sessions=sessions,
        counts=counts,
        digests=(await ask("digests", {**known, "generation": scope["generation"]}))[0],
        as_of=parse_time(known.get("as_of"), "as_of"),
        imported=frozenset(
            row["fields"]["session"]
            for row in operations
            if row["kind"] == "import-started" and row["fields"].get("session") in own
        ),
        parameters=chosen,
        buckets=buckets,
        left_out=left_out,
        apids=_apids(await ask("latest", {**known, "generation": scope["generation"]})),
        gaps=await ask("gaps", {**scope, "limit": MOST_GAPS}),
        alarms=await _alarms(ask, within, parameters),
        quarantine=await ask("quarantine", {**received, "limit": MOST_QUARANTINE}),
        telecommands=await _telecommands(ask, wanted, known, sessions),
        operations=_about(operations, sessions, scope["generation"]),
    )


def _span(wanted: Mapping[str, Any], sessions: Sequence[Row]) -> tuple[int, int]:
    """From when to when, by the device's clock; a clock that was wrong in a few packets does not count."""
    times = [row for row in sessions if row["packets"]]
    ends = ("first", "early", "late", "last")
    spans = [_usual(*(ns(row[f"{name}_time"]) for name in ends)) for row in times] or [_recorded(sessions)]
    start, stop = min(start for start, _ in spans), max(stop for _, stop in spans)
    start = ns(wanted["from"]) if wanted.get("from") else start
    stop = ns(wanted["to"]) if wanted.get("to") else stop
    return start, max(stop, start + 1)


def _usual(first: int, early: int, late: int, last: int) -> tuple[int, int]:
    """Return the first and the last time, unless they are far from where nearly all are."""
    far, near = (late - early) // 10, (late - early) // 100
    return first if early - first <= far else early - near, last if last - late <= far else late + near


def _chosen(parameters: Sequence[Row], counts: Row) -> tuple[list[Row], list[str]]:
    """Return the parameters to show, and what is left out."""
    own = own_parameters(parameters)
    numbers, labels = numeric(own), labelled(own)
    few = [
        row
        for row in labels
        if row["type"] == "bool" or counts["packets"].get(row["packet"], 0) <= MOST_LABELS
    ]
    said = {
        "are in several packets (their headers)": len(parameters) - len(own),
        "numbers are beyond the first that are drawn": max(0, len(numbers) - MOST_PLOTS),
        "labels have too many samples, or are beyond the first that are drawn": len(labels)
        - len(few[:MOST_LABELLED]),
        "are texts, times or bytes": len(own) - len(numbers) - len(labels),
    }
    left_out = [f"{number} {why}" for why, number in said.items() if number]
    return [*numbers[:MOST_PLOTS], *few[:MOST_LABELLED]], left_out


async def _histories(ask: Ask, within: Mapping[str, Any], chosen: Sequence[Row]) -> dict[str, list[Row]]:
    names = {(row["packet"], row["parameter"]): row["qualified"] for row in chosen}
    found: dict[str, list[Row]] = {name: [] for name in names.values()}
    for some in _batched(list(names.values()), _AT_ONCE):
        question = {**within, "parameters": some, "points": points_of(len(chosen)), "limit": MOST_LABELS}
        for row in await ask("history", question):
            found[names[row["packet"], row["parameter"]]].append(row)
    return found


def _batched(names: list[str], size: int) -> Iterable[list[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))


async def _alarms(ask: Ask, within: Mapping[str, Any], parameters: Sequence[Row]) -> list[Row]:
    """Return the changes of alarm levels, each with the unit of its value."""
    units = {(row["packet"], row["parameter"]): row["unit"] for row in parameters}
    found = await ask("alarms", {**within, "limit": MOST_ALARMS})
    return [{**row, "unit": units[row["packet"], row["parameter"]]} for row in found]


async def _generation(ask: Ask, name: str, known: Mapping[str, Any]) -> Row:
    """Return a generation; `live` says whether it was promoted last of what is known."""
    row = next(row for row in await ask("generations", {}) if row["generation"] == name)
    promoted = await ask("operations", {**known, "kinds": ["generation-promoted"], "limit": 1})
    return {**row, "live": name in {event["fields"]["generation"] for event in promoted}}


def _title(operations: Sequence[Row], generation: Row) -> str:
    """Return the name of the mission whose database made the generation."""
    loaded = [row["fields"] for row in operations if row["kind"] == "mission-loaded"]
    named = [fields.get("name") for fields in loaded if fields.get("digest") == generation["mission"]]
    return str(named[-1]) if named else "flight"


def _apids(latest: Sequence[Row]) -> dict[str, frozenset[int]]:
    """Return the APIDs of each packet type, as its newest packet has it."""
    return {row["packet"]: frozenset({row["apid"]}) for row in latest if row["apid"] is not None}


async def _telecommands(
    ask: Ask, wanted: Mapping[str, Any], known: Mapping[str, Any], sessions: Sequence[Row]
) -> list[Row]:
    """Return those that were submitted while the sessions were recorded; all, when nothing bounds them."""
    question: dict[str, Any] = {**known, "limit": MOST_TELECOMMANDS}
    if set(wanted) & {"from", "to", "session"}:
        start, stop = _recorded(sessions)
        question |= {"from": start, "to": stop}
    return await ask("telecommands", question)


def _recorded(sessions: Sequence[Row]) -> tuple[int, int]:
    """Return from when to when frames came in, with a minute around."""
    first = min(ns(row["first_received"]) for row in sessions)
    return first - _AROUND_NS, max(ns(row["last_received"]) for row in sessions) + _AROUND_NS


def _received(
    wanted: Mapping[str, Any], scope: Mapping[str, Any], sessions: Sequence[Row]
) -> Mapping[str, Any]:
    """Return the scope for questions about frames, whose `from` and `to` are received times."""
    if not set(wanted) & {"from", "to"}:
        return scope
    first = min(row["first_received"] for row in sessions)
    return {**scope, "from": first, "to": max(row["last_received"] for row in sessions)}


def _about(operations: Sequence[Row], sessions: Sequence[Row], generation: str) -> list[Row]:
    """Return the events that name one of the sessions or the generation, or came while frames came in."""
    start, stop = _recorded(sessions)
    own = {row["session"] for row in sessions}
    return [
        row
        for row in operations
        if start <= ns(row["recorded"]) <= stop
        or row["fields"].get("session") in own
        or row["fields"].get("generation") == generation
    ]
