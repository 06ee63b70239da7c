"""The report as a page: what it says, that nothing in it runs or is loaded, and that its size is bounded."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from projections.queries.answer import Row, iso_time
from projections.report import Flight, render
from projections.report.choose import numeric, own_parameters, points_of
from projections.report.gather import _span
from projections.report.labels import MOST_RUNS, lanes
from projections.report.plots import draw
from projections.report.render import MOST_ROWS
from projections.report.scale import Scale, time_ticks, value_range, value_ticks

START = 1_780_000_000 * 10**9
SECOND = 10**9
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{7*7}}"
MADE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def at(second: float) -> str:
    return iso_time(START + int(second * SECOND))


def parameter(name: str = "VOLTAGE", **other: Any) -> Row:
    row = {"packet": "POWER", "parameter": name, "qualified": f"/S/{name}", "unit": "V", "description": ""}
    return {**row, "type": "double", "raw_type": "uint16", "alarms": [], **other}


def bucket(second: float, low: float, high: float, *, last: float | None = None) -> Row:
    return {
        "bucket": at(second), "last_time": at(second + 0.5), "count": 10, "min": low, "max": high,
        "mean": (low + high) / 2, "last": high if last is None else last,
    }  # fmt: skip


def flight(**other: Any) -> Flight:
    session = {
        "generation": "g-1", "link": "radio", "session": "s1", "frames": 100, "first_frame": 1,
        "last_frame": 100, "quarantined": 1, "packets": 99, "first_received": at(0), "last_received": at(60),
        "first_time": at(0), "early_time": at(0), "late_time": at(60), "last_time": at(60),
    }  # fmt: skip
    fields: dict[str, Any] = {
        "title": "test-rocket",
        "generation": {"generation": "g-1", "live": True, "mission": "ab" * 32, "parser_version": "2"},
        "span": (START, START + 60 * SECOND),
        "sessions": [session],
        "counts": {"packets": {"POWER": 99}, "quarantine": {"link": 1}, "gaps": 0, "missing": None},
        "digests": {
            "content": "cd" * 32,
            "rows": {"POWER": 99},
            "heads": [{"stream": "FRAMES", "offset": 100, "hash": "ef" * 32}],
        },
    }
    return Flight(**{**fields, **other})


def gap(second: int, missing: int = 3, filled: int = 0, **other: Any) -> Row:
    row = {
        "link": "radio", "session": "s1", "apid": 102, "previous_count": 1, "sequence_count": 5,
        "missing": missing, "filled": filled, "filled_by": ["card"] if filled else [],
        "still_missing": missing - filled, "previous_time": at(second), "time": at(second + 2),
    }  # fmt: skip
    return {**row, **other}


def page(one: Flight) -> str:
    return render(one, command="flightledger report", made=MADE)


class Elements(HTMLParser):
    """Every element with its attributes, and the text of what stands between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def everything(evil: str = "plain") -> Flight:
    """A flight that has something in every section, with `evil` in every text that comes from outside."""
    numbers = parameter(evil, unit=evil, alarms=[alarm()])
    label = parameter(f"MODE {evil}", type="string", raw_type="uint8")
    base = flight()
    session = {**base.sessions[0], "session": evil, "link": evil}
    labels = [{"time": at(second), "value": evil * (second > 2)} for second in range(5)]
    times = {"submitted": at(1), "approved": None, "sent": at(2), "ended": at(3)}
    command = {
        "telecommand": "c1", "name": f"/S/{evil}", "arguments": {evil: evil}, "issuer": evil,
        "request": "submit", "state": "failed", "approvers": [evil], "reason": evil, **times,
    }  # fmt: skip
    alarmed = {
        "time": at(1), "received": at(1), "session": evil, "link": evil, "frame_offset": 7, "value": evil,
        "level_before": "normal", "level": "critical", "parameter": evil, "packet": "POWER", "unit": evil,
    }  # fmt: skip
    strange = {"received": at(1), "frame_offset": 3, "session": evil, "stage": "link", "reason": evil}
    event = {"recorded": at(1), "kind": "link-down", "fields": {"link": evil, "why": evil}}
    return flight(
        title=evil,
        sessions=[session],
        counts={"packets": {evil: 9}, "quarantine": {"link": 1}, "gaps": 1, "missing": 3},
        parameters=[numbers, label, parameter("CONSTANT")],
        buckets={
            numbers["qualified"]: [bucket(second, second, second + 1) for second in range(5)],
            label["qualified"]: labels,
            "/S/CONSTANT": [bucket(0, 7.5, 7.5)],
        },
        left_out=[evil],
        apids={"POWER": frozenset({102})},
        gaps=[gap(2, session=evil, filled=1, filled_by=[evil])],
        alarms=[alarmed],
        quarantine=[{**strange, "bytes": "00ff"}],
        telecommands=[command],
        operations=[event],
    )


def alarm(**other: Any) -> Row:
    row = {"level": "critical", "form": "outside", "minimum": 1.0, "maximum": 3.5}
    return {**row, "min_inclusive": True, "max_inclusive": True, "label": "", **other}


def test_a_report_tells_what_there_is_in_sections_tables_and_pictures_with_words() -> None:
    found = Elements(page(everything()))
    headings = [tag for tag, _ in found.found if tag in ("h1", "h2")]
    assert headings == ["h1", *["h2"] * 9]
    anchors = {attributes["href"] for attributes in found.all("a")}
    assert anchors == {f"#{attributes['id']}" for attributes in found.all("h2")}
    assert len(found.all("table")) == len(found.all("caption")) == 10
    assert all(attributes.get("aria-label") for attributes in found.all("svg"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in found.all("th"))
    for words in (
        "1 gaps with 3 packets missing; 1 of them are known from another session, 2 from none",
        "FRAMES:100:" + "ef" * 32, "cd" * 32, "ab" * 32, "plain submitted by plain", "normal → critical",
        "flightledger report", "2026-11-24 12:00:00",
    ):  # fmt: skip
        assert words in found.text, words


def test_what_came_from_outside_is_text_wherever_it_stands() -> None:
    text = page(everything(EVIL))
    plain, found = Elements(page(everything())), Elements(text)
    assert "<script" not in text and "<img" not in text and "49}" not in text
    assert [tag for tag, _ in found.found] == [tag for tag, _ in plain.found]
    assert [set(attributes) for _, attributes in found.found] == [
        set(attributes) for _, attributes in plain.found
    ]
    assert found.text.count(EVIL) > 10


def test_nothing_is_loaded_and_nothing_could_run() -> None:
    text = page(everything(EVIL))
    found = Elements(text)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {
        tag for tag, _ in found.found
    }
    for _, attributes in found.found:
        assert not any(name.startswith("on") or name in ("src", "srcset", "action") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert "url(" not in style and "@import" not in style
    policy = {attributes.get("http-equiv"): attributes.get("content") for attributes in found.all("meta")}
    assert policy["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_a_report_about_nearly_nothing_is_a_report() -> None:
    text = page(flight(imported=frozenset({"s1"})))
    for words in (
        "No label and no flag changed", "No number varies", "No limit was violated",
        "No sequence count is missing", "No telecommand was submitted", "Everything could be parsed",
        "All sessions were imported",
    ):  # fmt: skip
        assert words in text


def test_the_size_is_bounded_and_what_is_not_shown_is_said() -> None:
    names = [parameter(f"P{number}") for number in range(400)]
    points = points_of(len(names))
    wave = [bucket(second * 0.9, math.sin(second), math.sin(second) + 1) for second in range(points)]
    text = page(
        flight(
            parameters=names,
            buckets={one["qualified"]: wave for one in names},
            counts={"packets": {"POWER": 9}, "quarantine": {}, "gaps": 9_000, "missing": 27_000},
            gaps=[gap(number % 50, missing=number % 7 + 1) for number in range(9_000)],
            apids={"POWER": frozenset({102})},
        )
    )
    assert len(text) < 8_000_000
    assert f"{MOST_ROWS} of 9\u2009000 are shown" in text
    assert text.count("<svg") == 401


def test_only_gaps_that_nothing_fills_are_shaded_in_the_plots_of_their_packets() -> None:
    one = parameter()
    both = {
        "parameters": [one],
        "buckets": {one["qualified"]: [bucket(second, second, second + 1) for second in range(5)]},
        "apids": {"POWER": frozenset({102})},
    }
    shaded = 'class="gap"'
    assert shaded in page(flight(**both, gaps=[gap(2)]))
    assert shaded not in page(flight(**both, gaps=[gap(2, filled=3)]))
    assert shaded not in page(flight(**both, gaps=[gap(2, apid=100)]))


def test_a_plot_is_open_where_nothing_came() -> None:
    rows = [bucket(second, 1, 2) for second in (0, 1, 2, 3, 20, 21, 22, 40)]
    plot = draw(parameter(), rows, (START, START + 60 * SECOND))
    assert plot is not None
    assert plot.line.count("M") == 3
    assert plot.line.endswith("h0")
    assert plot.count == 80
    assert "80 samples from 1 to 2 V" in plot.told


def test_a_value_that_is_no_number_is_left_out_and_a_plot_of_none_is_none() -> None:
    nothing = {**bucket(1, 0, 0), "min": None, "max": None, "mean": None, "last": "NaN"}
    assert draw(parameter(), [nothing], (START, START + SECOND)) is None
    plot = draw(parameter(), [bucket(0, 1, 2), nothing], (START, START + 2 * SECOND))
    assert plot is not None
    assert (plot.least, plot.greatest, plot.last) == (1, 2, "NaN")


def test_damage_in_one_stretch_does_not_flatten_the_rest_but_a_real_peak_counts() -> None:
    usual = [float(number % 5) for number in range(100)]
    _, high, beyond = value_range(usual, [*usual[:50], 1e30, *usual[51:]])
    assert (beyond, high < 10) == (1, True)
    peak = [*usual[:50], 900.0, 1_000.0, 900.0, *usual[53:]]
    _, high, beyond = value_range(usual, peak)
    assert (beyond, high > 1_000) == (0, True)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(numbers, numbers).map(sorted), min_size=1, max_size=60))
def test_every_scale_has_a_width_and_ticks_in_sight(ranges: list[list[float]]) -> None:
    low, high, beyond = value_range([one[0] for one in ranges], [one[1] for one in ranges])
    assert low < high and math.isfinite(high - low) and 0 <= beyond < max(2, len(ranges))
    scale = Scale(low, high, 126, 8)
    ticks = value_ticks(low, high)
    assert len(ticks) <= 6
    assert all(8 <= scale(value) <= 126 for value, _ in ticks)
    assert all(8 <= scale(value) <= 126 for one in ranges for value in one)


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**62))
def test_time_ticks_are_few_and_within(start: int, width: int) -> None:
    ticks = time_ticks(start, start + width)
    assert len(ticks) <= 7
    assert all(start <= time <= start + width for time, _ in ticks)


def test_a_state_is_drawn_as_runs_and_what_flickers_is_only_counted() -> None:
    span = (START, START + 60 * SECOND)
    mode, flicker = parameter("MODE", type="string"), parameter("FLICKER", type="string")
    samples = {
        "/S/MODE": [{"time": at(second), "value": "A" if second < 30 else "B"} for second in range(60)],
        "/S/FLICKER": [{"time": at(second / 2), "value": str(second % 2)} for second in range(MOST_RUNS + 9)],
    }
    steady, restless = lanes([flicker, mode], samples, span)
    assert [run[2] for run in steady.runs] == ["A", "B"]
    assert (steady.changes, restless.changes, restless.runs) == (1, MOST_RUNS + 8, [])


def test_header_fields_are_no_parameters_of_a_packet() -> None:
    both = [parameter("APID", packet=packet) for packet in ("A", "B")]
    own = parameter("OWN", packet="A")
    assert own_parameters([*both, own]) == [own]
    assert numeric([own, parameter("TEXT", type="string")]) == [own]


def test_a_clock_that_was_wrong_once_does_not_stretch_the_report() -> None:
    row = {
        "packets": 9_000, "first_time": at(-90_000), "early_time": at(0), "late_time": at(100),
        "last_time": at(104),
    }  # fmt: skip
    start, stop = _span({}, [row])
    assert (start, stop) == (START - SECOND, START + 104 * SECOND)
    assert _span({"from": at(10)}, [row])[0] == START + 10 * SECOND
