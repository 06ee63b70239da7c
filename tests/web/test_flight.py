"""The page after a flight: plots, time travel, replay, origins, generations.

One program and one flight for the module.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.kestrel import mission_on_a_free_port
from support.page import Picture, address_of, ask_bus, row, serious_issues, signed_in, until, value_of
from support.program import Program, Row

ALTITUDE, ACCELERATION, PHASE = "NAV.ALTITUDE", "IMU.ACC_X", "STATUS.PHASE"


@dataclass
class Flown:
    """A flight of 200 s at sixty times its speed, recorded and projected; the device is gone."""

    program: Program
    mission: Path
    address: str
    card: Path
    """What the rocket's recorder kept: also what the radio lost."""

    def ask(self, question: str, **request: Any) -> list[Row]:
        return ask_bus(self.program, f"query.{question}", **request)

    def history(self, parameter: str, **more: Any) -> list[Row]:
        return self.ask("history", parameters=[parameter], **more)

    def recorded_before(self, session: str) -> datetime:
        """A second before an import into a session began."""
        (began,) = (
            row["recorded"]
            for row in self.ask("operations", kinds=["import-started"])
            if row["fields"]["session"] == session
        )
        return instant(began) - timedelta(seconds=1)

    def middle(self) -> datetime:
        """A moment in the middle of the recording."""
        recorded = [row["recorded"] for row in self.history(PHASE)]
        first, last = instant(recorded[0]), instant(recorded[-1])
        return first + (last - first) / 2


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Flown]:
    folder = tmp_path_factory.mktemp("flight")
    mission, port = mission_on_a_free_port(folder / "mission")
    program = Program(folder / "data")
    card = folder / "card.bin"
    flight = ("--port", port, "--speed", 60, "--duration", 200, "--recorder", card, "--json")
    with program.up(mission) as up:
        with program.started("simulate", mission, *flight) as simulate:
            simulate.wait()
        made = Flown(program, mission, address_of(up), card)
        up.until(lambda: made.ask("operations", kinds=["session-closed"]), "the session is closed")
        frames = program.messages("FRAMES")
        up.until(lambda: program.rows_in("frames") >= frames, "all frames are projected")
        yield made


def instant(text: str) -> datetime:
    """An answer's time, cut to the microsecond."""
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


def shown(moment: datetime) -> str:
    """A time as the page shows it and takes it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def plot_of(page: Page, *keys: str) -> Any:
    return page.get_by_role("application", name=f"Plot of {', '.join(keys)}")


def test_a_plot_of_the_whole_flight_names_exact_samples_and_leads_to_their_origin(
    browser: Browser, flown: Flown, picture: Picture
) -> None:
    with signed_in(browser, flown.address, "#/plots") as page:
        for key in (ALTITUDE, ACCELERATION):
            page.get_by_label("Parameter", exact=True).fill(key)
            page.get_by_role("button", name="Add").click()
        page.get_by_role("button", name="All").click()
        plot = plot_of(page, ALTITUDE, ACCELERATION)
        expect(page.locator(f'.legend tr[data-key="{ACCELERATION}"]')).to_contain_text("m/s²")
        expect(page.locator(".legend")).not_to_contain_text("no sample")
        box = plot.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.locator(f'.legend tr[data-key="{ACCELERATION}"]')).to_contain_text("around it")
        picture(page, "plots")
        page.mouse.move(0, 0)
        expect(page.locator(".legend caption")).to_have_text("Values now")
        plot.focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        said = page.locator(".plot [role=status].unseen").inner_text()
        value, time = re.search(rf"{ALTITUDE} (\S+) m at (\S+ \S+) UTC", said).groups()  # type: ignore[union-attr]
        stored = {row["time"][:26].replace("T", " "): row for row in flown.history(ALTITUDE)}
        assert stored[time]["value"] == float(value)
        page.keyboard.press("Enter")
        details = page.get_by_label("Details", exact=True)
        expect(details.get_by_role("heading", name="Origin of NAV.ALTITUDE")).to_be_visible()
        expect(details.get_by_role("heading", name=f"Frame {stored[time]['frame_offset']},")).to_be_visible()
        expect(details.locator("mark")).to_have_count(4)
        expect(details).to_contain_text(value)
        picture(page, "origin")
        assert serious_issues(page) == []


def test_zooming_in_shows_single_samples_and_files_hold_what_is_shown(
    browser: Browser, flown: Flown, tmp_path: Path
) -> None:
    samples = flown.history(ALTITUDE)
    start = instant(samples[len(samples) // 2]["time"]) + timedelta(milliseconds=50)
    end = start + timedelta(seconds=5)
    inside = [row for row in samples if start < instant(row["time"]) < end]
    place = f"#/plots?p={ALTITUDE}&from={start.isoformat()[:26]}Z&to={end.isoformat()[:26]}Z"
    with signed_in(browser, flown.address, place) as page:
        expect(page.locator(".legend")).not_to_contain_text("no sample")
        box = plot_of(page, ALTITUDE).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.locator(".legend")).to_contain_text(re.compile(r"\d{6} UTC"))
        expect(page.locator(".legend")).not_to_contain_text("around it")
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        download.value.save_as(tmp_path / "samples.csv")
        with page.expect_download() as download:
            page.get_by_role("button", name="PNG").click()
        download.value.save_as(tmp_path / "plot.png")
    rows = list(csv.DictReader((tmp_path / "samples.csv").read_text().splitlines()))
    assert [(row["time"], float(row["value"])) for row in rows] == [
        (row["time"], row["value"]) for row in inside
    ]
    assert {row["parameter"] for row in rows} == {ALTITUDE}
    picture = (tmp_path / "plot.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def test_a_time_of_the_past_shows_what_was_known_then_and_what_is_known_today(
    browser: Browser, flown: Flown, picture: Picture
) -> None:
    moment = flown.middle()
    iso = f"{moment.isoformat(timespec='milliseconds')[:23]}Z"
    then = {row["parameter"]: row for row in flown.ask("latest", as_of=iso)}
    uptimes = flown.history("STATUS.UPTIME", to=iso)
    with signed_in(browser, flown.address) as page:
        expect(row(page, PHASE).locator(".value")).not_to_have_text("–")
        page.get_by_label("Time in UTC").fill(shown(moment))
        page.get_by_label("Time in UTC").press("Enter")
        expect(page.get_by_text("NOT LIVE")).to_be_visible()
        expect(page.get_by_text("what was known at")).to_be_visible()
        expect(row(page, "STATUS.UPTIME").locator(".value")).to_have_text(str(then["UPTIME"]["value"]))
        expect(row(page, PHASE).locator(".value")).to_have_text(then["PHASE"]["value"])
        picture(page, "time-travel")
        page.get_by_role("switch", name="what we know today").check()
        expect(page.get_by_text("what is known today of")).to_be_visible()
        today = str(uptimes[-1]["value"]) if uptimes else "–"
        expect(row(page, "STATUS.UPTIME").locator(".value")).to_have_text(today)
        assert today != str(then["UPTIME"]["value"])
        page.reload()
        page.get_by_label("Name").fill("anna")
        page.get_by_role("button", name="Sign in").click()
        expect(row(page, "STATUS.UPTIME").locator(".value")).to_have_text(today)
        page.get_by_role("link", name="Plots").click()
        expect(page.get_by_text("what is known today of")).to_be_visible()
        assert serious_issues(page) == []
        page.get_by_role("button", name="Live").click()
        expect(page.get_by_text("NOT LIVE")).to_have_count(0)


def test_the_slider_goes_back_by_pointer_and_keyboard(browser: Browser, flown: Flown) -> None:
    with signed_in(browser, flown.address) as page:
        expect(row(page, PHASE).locator(".value")).not_to_have_text("–")
        page.get_by_label("Range").select_option(index=1)
        slider = page.get_by_role("slider", name="Time")
        slider.focus()
        page.keyboard.press("Home")
        expect(page.get_by_text("NOT LIVE")).to_be_visible()
        page.keyboard.press("End")
        page.keyboard.press("PageDown")
        expect(row(page, PHASE).locator(".value")).not_to_have_text("–")
        first = page.get_by_label("Time in UTC").input_value()
        page.get_by_role("button", name="+1 s").click()
        until(page, lambda: page.get_by_label("Time in UTC").input_value() > first, "a second later")
        expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^\d{4}-.* UTC$"))


def test_a_time_before_everything_says_so(browser: Browser, flown: Flown) -> None:
    with signed_in(browser, flown.address, "#/console?at=1999-01-01") as page:
        expect(page.get_by_role("alert")).to_contain_text("no generation was live at that time")


def test_a_replay_plays_pauses_steps_seeks_and_can_be_followed_by_another(
    browser: Browser, flown: Flown, picture: Picture
) -> None:
    with signed_in(browser, flown.address) as page, signed_in(browser, flown.address, user="ben") as other:
        expect(row(page, PHASE).locator(".value")).not_to_have_text("–")
        page.get_by_role("button", name="Replay…").click()
        page.get_by_role("form", name="New replay").get_by_label("speed").select_option("1")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_text("replay of generation")).to_be_visible()
        expect(row(page, PHASE).locator(".value")).to_have_text("PAD")
        before = value_of(page, "IMU.ACC_X")
        until(page, lambda: value_of(page, "IMU.ACC_X") not in ("–", before), "values move")
        picture(page, "replay")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("paused", exact=True)).to_be_visible()

        other.get_by_role("button", name="Replay…").click()
        other.get_by_role("button", name="Follow replay").click()
        expect(other.get_by_text("paused", exact=True)).to_be_visible()
        uptime = value_of(page, "STATUS.UPTIME")
        expect(row(other, "STATUS.UPTIME").locator(".value")).to_have_text(uptime)

        page.get_by_label("Packet").select_option("STATUS")
        page.get_by_role("button", name="Step", exact=True).click()
        for each in (page, other):
            expect(row(each, "STATUS.UPTIME").locator(".value")).to_have_text(str(int(uptime) + 1000))

        page.get_by_role("slider", name="Position in the replay").focus()
        page.keyboard.press("End")
        expect(row(page, PHASE).locator(".value")).not_to_have_text("PAD")
        page.keyboard.press("Home")
        until(page, lambda: value_of(page, PHASE) in ("PAD", "–"), "back at the beginning")
        page.get_by_label("Speed").select_option("100")
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_text("finished", exact=True)).to_be_visible()
        assert serious_issues(page) == []
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("NOT LIVE")).to_have_count(0)


def test_the_flights_page_tells_sessions_gaps_quarantine_links_and_services(
    browser: Browser, flown: Flown
) -> None:
    gaps = flown.ask("gaps")
    remarks = flown.ask("quarantine")
    (session,) = (row["fields"] for row in flown.ask("operations") if row["kind"] == "session-closed")
    with signed_in(browser, flown.address, "#/flights") as page:
        missing = sum(row["missing"] for row in gaps)
        expect(page.get_by_text(f"{len(gaps)} gaps, {missing} packets missing")).to_be_visible()
        expect(page.get_by_text(f"{len(remarks)} remarks")).to_be_visible()
        expect(page.get_by_role("region", name="Links").get_by_text("down", exact=True)).to_be_visible()
        expect(page.get_by_role("region", name="Sessions", exact=True)).to_contain_text(session["session"])
        services = page.get_by_role("region", name="Services", exact=True)
        for name in ("generation", "io", "parser", "query", "replay", "writer"):
            expect(services.get_by_role("row", name=f"{name} well")).to_be_visible()
        expect(page.get_by_text("parser up to date, writer up to date")).to_be_visible()
        named = next(row for row in remarks if row["bytes"])
        page.get_by_role("button", name=f"Bytes of frame {named['frame_offset']}", exact=True).first.click()
        expect(page.get_by_role("region", name="Bytes in quarantine")).to_contain_text(named["bytes"][:2])
        assert serious_issues(page) == []


def test_a_generation_is_made_compared_promoted_and_dropped(
    browser: Browser, flown: Flown, tmp_path: Path
) -> None:
    (before,) = flown.ask("generations")
    with signed_in(browser, flown.address, "#/flights") as page:
        page.get_by_label("New generation").fill("again")
        page.get_by_role("button", name="Reprocess").click()
        expect(page.get_by_text("again is finished")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Compare", exact=True).click()
        expect(page.get_by_text("They have the same content.")).to_be_visible()
        page.get_by_role("button", name="Promote again").click()
        page.get_by_role("dialog").get_by_role("button", name="Yes").click()
        expect(page.get_by_role("row", name="again live")).to_be_visible()
        page.get_by_role("button", name=f"Promote {before['generation']}").click()
        page.get_by_role("dialog").get_by_role("button", name="No").click()
        expect(page.get_by_role("row", name="again live")).to_be_visible()
        page.get_by_role("button", name=f"Promote {before['generation']}").click()
        page.get_by_role("dialog").get_by_role("button", name="Yes").click()
        expect(page.get_by_role("row", name=f"{before['generation']} live")).to_be_visible()
        page.get_by_role("button", name="Drop again").click()
        page.get_by_role("dialog").get_by_role("button", name="Yes").click()
        expect(page.get_by_role("button", name="Drop again")).to_have_count(0)
    promoted = [row["fields"] for row in flown.ask("operations") if row["kind"] == "generation-promoted"]
    assert [(one["generation"], one["who"]) for one in promoted[1:]] == [
        ("again", "anna"),
        (before["generation"], "anna"),
    ]


def test_a_parameter_that_vanishes_with_a_promotion_is_named_on_a_page_that_is_open(
    browser: Browser, flown: Flown, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in flown.mission.iterdir():
        (changed / file.name).write_text(file.read_text().replace('"HDOP"', '"DILUTION"'))
    (before,) = flown.ask("generations")
    with signed_in(browser, flown.address) as page:
        expect(row(page, "NAV.HDOP").locator(".value")).not_to_have_text("–")
        flown.program.run("reprocess", "--mission", changed, "--name", "renamed")
        flown.program.run("generations", "promote", "renamed")
        expect(
            page.get_by_text("Generation renamed was promoted. It does not have NAV.HDOP.")
        ).to_be_visible()
        expect(row(page, "NAV.HDOP")).to_have_count(0)
        expect(row(page, "NAV.DILUTION").locator(".value")).not_to_have_text("–")
        page.goto(f"{flown.address}#/plots?p=NAV.HDOP&p=NAV.DILUTION")
        expect(page.locator('.legend tr[data-key="NAV.HDOP"]')).to_contain_text("not in generation renamed")
        flown.program.run("generations", "promote", before["generation"])
        expect(page.locator('.legend tr[data-key="NAV.DILUTION"]')).to_contain_text("not in generation")


def test_a_recorders_dump_fills_the_gaps_of_a_page_that_is_open_and_not_of_the_time_before(
    browser: Browser, flown: Flown, picture: Picture
) -> None:
    before = flown.ask("gaps")
    missing = sum(row["missing"] for row in before)
    alone = f"{len(before)} gaps, {missing} packets missing"
    with signed_in(browser, flown.address, "#/flights") as page:
        table = page.get_by_role("region", name="Rows of Gaps")
        told = page.get_by_role("region", name="Gaps", exact=True).locator(".hint")
        expect(told).to_have_text(alone)
        expect(table.get_by_role("cell", name="none")).to_have_count(0)
        flown.program.run(
            "import", flown.card, "--mission", flown.mission, "--link", "recorder", "--session", "card"
        )
        expect(told).to_have_text(f"{alone}; {missing} of them filled by another session, 0 still missing")
        expect(table.get_by_role("cell", name="none")).to_have_count(len(before))
        expect(table.get_by_role("cell", name="card", exact=True)).to_have_count(len(before))
        page.evaluate("scrollTo(0, 0)")
        picture(page, "flights")
        assert serious_issues(page) == []
        page.get_by_label("Time in UTC").fill(shown(flown.recorded_before("card")))
        page.get_by_label("Time in UTC").press("Enter")
        expect(told).to_have_text(alone)
        expect(table.get_by_role("cell", name="none")).to_have_count(0)
    assert {tuple(row["filled_by"]) for row in flown.ask("gaps")} == {("card",)}
