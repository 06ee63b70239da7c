"""The timeline of the ground: sessions, links, telecommands and alarms by the ground's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from projections.queries.answer import Row
from projections.report.flight import Flight, ns
from projections.report.scale import Scale, time_ticks

LEFT, RIGHT = 150, 990
"""Where lanes begin and end, in a picture that is 1000 wide."""

MOST_MARKS = 500
_UNTOLD = frozenset({
    "at", "after", "authenticated", "client", "digest", "from", "last_offset", "mission", "procedure",
    "request_id", "source",
})  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """A row: bars as (x, width, text), marks as (x, text, kind)."""

    name: str
    bars: Sequence[tuple[float, float, str]] = ()
    marks: Sequence[tuple[float, str, str]] = ()


@dataclass(frozen=True)
class Timeline:
    """Lanes over one stretch of the ground's time; `ticks` are below."""

    lanes: Sequence[Lane]
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Event:
    """One line of the list: when the ground recorded it, what kind it is, and words."""

    time: str
    kind: str
    text: str
    level: str = ""


def timeline(flight: Flight) -> Timeline | None:
    """Return the lanes of the sessions that came over a link; None when all were imported."""
    live = [row for row in flight.sessions if row["session"] not in flight.imported]
    if not live:
        return None
    start = min(ns(row["first_received"]) for row in live)
    stop = max(start + 1, *(ns(row["last_received"]) for row in live))
    room = (stop - start) // 50 + 1
    x = Scale(start - room, stop + room, LEFT, RIGHT)
    lanes = [_session(row, x) for row in live]
    lanes += [
        Lane(name, marks=marks)
        for name, marks in (
            ("links", _marks(_links(flight), x)),
            ("telecommands", _marks(_telecommands(flight), x)),
            ("alarms", _marks(_alarms(flight), x)),
            ("generations", _marks(_generations(flight), x)),
        )
        if marks
    ]
    ticks = [(x(at), text) for at, text in time_ticks(start - room, stop + room, most=8)]
    return Timeline(lanes, ticks)


def events(flight: Flight) -> list[Event]:
    """Return everything that happened, in the order of the ground's time; alarms as they came in live."""
    found = [Event(row["recorded"], row["kind"], _said(row["fields"])) for row in flight.operations]
    found += [
        Event(row["received"], "alarm", _alarm(row), row["level"])
        for row in flight.alarms
        if row["session"] not in flight.imported
    ]
    for row in flight.telecommands:
        name = _name(row)
        words = {"submitted": f"submitted by {row['issuer']}", "approved": "approved", "sent": "sent"}
        words["ended"] = f"ended: {row['state']}"
        found += [Event(row[at], "telecommand", f"{name} {text}") for at, text in words.items() if row[at]]
    return sorted(found, key=lambda event: event.time)


def _session(row: Row, x: Scale) -> Lane:
    start, stop = x(ns(row["first_received"])), x(ns(row["last_received"]))
    width = round(max(stop - start, 1.0), 1)
    return Lane(
        f"session on {row['link']}", bars=[(start, width, f"{row['session']}: {row['frames']} frames")]
    )


def _marks(rows: Iterable[tuple[str, str, str]], x: Scale) -> list[tuple[float, str, str]]:
    inside = [(ns(time), text, kind) for time, text, kind in rows]
    return [(x(at), text, kind) for at, text, kind in inside if x.low <= at <= x.high][:MOST_MARKS]


def _links(flight: Flight) -> Iterable[tuple[str, str, str]]:
    words = {"session-opened": "up", "session-closed": "down", "link-down": "down", "link-lost": "lost"}
    for row in flight.operations:
        if row["kind"] in words:
            kind = "good" if row["kind"] == "session-opened" else "bad"
            yield row["recorded"], f"{row['fields'].get('link')} {words[row['kind']]}", kind


def _telecommands(flight: Flight) -> Iterable[tuple[str, str, str]]:
    for row in flight.telecommands:
        at = row["sent"] or row["submitted"]
        if at:
            kind = "good" if row["state"] in ("completed", "accepted", "started", "progressed") else "bad"
            yield at, f"{_name(row)}: {row['state']}", kind


def _alarms(flight: Flight) -> Iterable[tuple[str, str, str]]:
    for row in flight.alarms:
        if row["session"] not in flight.imported:
            yield row["received"], _alarm(row), "good" if row["level"] == "normal" else "bad"


def _generations(flight: Flight) -> Iterable[tuple[str, str, str]]:
    for row in flight.operations:
        if row["kind"].startswith("generation-"):
            yield row["recorded"], f"{row['fields'].get('generation')} {row['kind'][11:]}", "plain"


def _name(telecommand: Row) -> str:
    """Return its local name; a request that was refused may have none, and is about what it asked for."""
    return str(telecommand["name"].rsplit("/", 1)[-1] or f"request to {telecommand['request']}")


def _alarm(row: Row) -> str:
    value = f"{row['value']:.6g}" if isinstance(row["value"], float) else row["value"]
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{row['parameter']} {row['level_before']} → {row['level']} at {value}{unit}"


def _said(fields: Row) -> str:
    """Return an event's fields as words, without those that only programs need."""
    plain = [(key, value) for key, value in fields.items() if not isinstance(value, dict | list)]
    told = [(key, value) for key, value in plain if key not in _UNTOLD and value != ""]
    return ", ".join(f"{key} {str(value)[:120]}" for key, value in told)
