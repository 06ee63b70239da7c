"""Limit transitions of a flight: when a parameter went from one alarm level to another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from projections.queries.alarms import alarm_level
from projections.queries.answer import Row
from streams.xtce.alarms import AlarmRange

MOST_SAMPLES = 100_000
"""Samples that are looked through for one parameter: from the first bucket that may violate a limit on."""


async def read_alarms(
    ask: Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]],
    within: Mapping[str, Any],
    parameters: Sequence[Row],
    buckets: Mapping[str, list[Row]],
) -> list[Row]:
    """Return the transitions of all parameters, each session for itself, in the order of time.

    `buckets` tell where a limit may be violated, so only there samples are asked for.
    """
    found: list[Row] = []
    for one in parameters:
        rows = buckets[one["qualified"]]
        if not one["alarms"] or not rows:
            continue
        if "bucket" in rows[0]:
            if (stretch := suspicious(one["alarms"], rows)) is None:
                continue
            question = {**within, **stretch, "parameters": [one["qualified"]], "limit": MOST_SAMPLES}
            rows = await ask("history", question)
        for of_one in by_session(rows):
            found += transitions(one, of_one)
    return sorted(found, key=lambda row: (row["time"], row["parameter"], row["session"]))


def by_session(samples: Sequence[Row]) -> list[list[Row]]:
    """Return the samples of each link and session for themselves, each in the order that they had."""
    found: dict[tuple[str, str], list[Row]] = {}
    for sample in samples:
        found.setdefault((sample["link"], sample["session"]), []).append(sample)
    return list(found.values())


def suspicious(alarms: Sequence[Row], buckets: Sequence[Row]) -> dict[str, Any] | None:
    """Return `from` and `to` of the buckets that may violate a limit, with one around; None without any."""
    marked = [at for at, bucket in enumerate(buckets) if _may_violate(alarms, bucket)]
    if not marked:
        return None
    start = {"from": buckets[marked[0] - 1]["bucket"]} if marked[0] else {}
    last = marked[-1] + 1
    stop = {"to": buckets[last]["last_time"]} if last < len(buckets) else {}
    return {**start, **stop}


def _may_violate(alarms: Sequence[Row], bucket: Row) -> bool:
    """Whether any value from the least to the greatest may be in alarm; values that are not finite may."""
    ends = [bucket["min"], bucket["max"]]
    if any(not isinstance(end, int | float) for end in (*ends, bucket["last"])):
        return True
    ranges = [AlarmRange(**alarm) for alarm in alarms]
    return any(
        any(map(one.violated, ends))
        or (one.form == "inside" and one.minimum is not None and ends[0] <= one.minimum <= ends[1])
        for one in ranges
    )


def transitions(parameter: Row, samples: Sequence[Row]) -> list[Row]:
    """Return where the level changes from one sample to the next; before the first it was normal."""
    found, before = [], "normal"
    for sample in samples:
        level = alarm_level(parameter["alarms"], sample["value"])
        if level is None or level == before:
            continue
        row = {key: sample[key] for key in ("time", "received", "session", "link", "frame_offset", "value")}
        names = {key: parameter[key] for key in ("parameter", "packet", "unit")}
        found.append({**names, **row, "before": before, "level": level})
        before = level
    return found
