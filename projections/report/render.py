"""The page of a report. Everything that came from outside is escaped; nothing is loaded from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from projections.queries.answer import Row
from projections.report import labels, plots, timeline
from projections.report.choose import labelled, numeric
from projections.report.flight import Flight, ns

MOST_ROWS = 300
"""Rows of one table; which they are and how to have all stands below it."""


def render(flight: Flight, *, command: str, made: datetime) -> str:
    """Return the HTML document; `command` made it at `made`."""
    css = (resources.files("projections.report") / "page.css").read_text(encoding="utf-8")
    drawn, constant = _drawn(flight)
    return _template().render(
        css=css,
        flight=flight,
        command=command,
        made=made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        packets=_by_packet(drawn),
        constant=constant,
        lanes=labels.lanes(labelled(flight.parameters), flight.buckets, flight.span),
        label_ticks=labels.ticks(flight.span),
        timeline=timeline.timeline(flight),
        events=timeline.events(flight),
        most=MOST_ROWS,
        gaps=_widest(flight.gaps),
        sums=_sums(flight),
        plots=plots,
        strips=labels,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("projections.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "number": _number, "value": _value, "short": _short}
    return environment.get_template("page.html")


def _drawn(flight: Flight) -> tuple[list[plots.Plot], list[Row]]:
    """Return the plots of what varies, and rows of parameter and value of what does not."""
    drawn, constant = [], []
    shaded = _shaded(flight)
    for one in numeric(flight.parameters):
        rows = flight.buckets[one["qualified"]]
        if rows and plots.is_constant(rows):
            samples = sum(row["count"] for row in rows)
            constant.append({**one, "value": rows[0]["last"], "count": samples})
        elif plot := plots.draw(one, rows, flight.span, shaded.get(one["packet"], "")):
            drawn.append(plot)
    return drawn, constant


def _shaded(flight: Flight) -> dict[str, str]:
    """Return by packet type the area of the times when packets are still missing."""
    missing: dict[int, list[tuple[int, int]]] = {}
    for gap in flight.gaps:
        if gap["still_missing"]:
            missing.setdefault(gap["apid"], []).append((ns(gap["previous_time"]), ns(gap["time"])))
    return {
        packet: plots.shade((times for apid in apids for times in missing.get(apid, ())), flight.span)
        for packet, apids in flight.apids.items()
    }


def _by_packet(drawn: Sequence[plots.Plot]) -> dict[str, list[plots.Plot]]:
    found: dict[str, list[plots.Plot]] = {}
    for plot in drawn:
        found.setdefault(plot.parameter["packet"], []).append(plot)
    return found


def _widest(gaps: Sequence[Row]) -> list[Row]:
    """Return the gaps to show, in the order of time: of more than fit, those with most packets missing."""
    widest = sorted(gaps, key=lambda gap: (-gap["still_missing"], -gap["missing"]))[:MOST_ROWS]
    return sorted(widest, key=lambda gap: (gap["time"], gap["apid"]))


def _sums(flight: Flight) -> Mapping[str, Any]:
    gaps = flight.gaps
    filled = sum(gap["filled"] for gap in gaps)
    return {
        "frames": sum(row["frames"] for row in flight.sessions),
        "packets": sum(flight.counts["packets"].values()),
        "missing": flight.counts["missing"] or 0,
        "filled": filled,
        "still": (flight.counts["missing"] or 0) - filled,
        "quarantine": sum(flight.counts["quarantine"].values()),
        "alarms": sum(row["level"] != "normal" for row in flight.alarms),
        "telecommands": len(flight.telecommands),
        "completed": sum(row["state"] == "completed" for row in flight.telecommands),
    }


def _moment(time: Any, decimals: int = 3) -> str:
    """Return a time as people read it, UTC: `2026-05-01 12:00:00.500`."""
    if time is None:
        return "–"
    text = str(time)
    head, _, fraction = text.rstrip("Z").partition(".")
    fraction = f".{fraction[:decimals]}" if decimals and fraction else ""
    return head.replace("T", " ") + fraction


def _number(value: int) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u2009")


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _short(text: Any, most: int = 60) -> str:
    shown = str(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
