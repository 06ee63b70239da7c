"""`flightledger report` as a user runs it, and its page in a browser without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.kestrel import MISSION
from support.page import Picture, serious_issues
from support.program import Program

from infra.simulator import Fate
from infra.simulator.flight import flight_model
from infra.simulator.recording import DEFAULT_START_NS
from infra.simulator.rocket import Rocket

DURATION_S = 70.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A flight as the radio brought it down, and the card of its recorder beside it."""
    folder = tmp_path_factory.mktemp("report")
    kept: list[bytes] = []
    sent = Rocket(flight_model(1), DEFAULT_START_NS, keep=kept.append).advance(DURATION_S)
    radio, card = folder / "radio.bin", folder / "card.bin"
    radio.write_bytes(b"".join(item.data for item in sent if item.fate is not Fate.LOST))
    card.write_bytes(b"".join(kept))
    found = Program(folder / "data")
    found.imported(radio, MISSION, "--session", "pass-1")
    found.imported(card, MISSION, "--link", "recorder", "--session", "card-1")
    return found


@pytest.fixture(scope="module")
def report(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("out") / "flight.html"
    done = program.run("report", "--out", file, "--json").row
    assert done["file"] == str(file)
    assert done["bytes"] == file.stat().st_size < 2_000_000
    return file


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Page]:
    """The page without a network; the test fails when it asks for anything, or says anything went wrong."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.goto(report.as_uri())
    yield page
    assert asked == [report.as_uri()]
    context.close()


def test_the_report_shows_the_flight_and_what_the_dump_filled(opened: Page, program: Program) -> None:
    gaps = program.query("gaps")
    missing = sum(row["missing"] for row in gaps)
    assert missing > 20
    text = opened.inner_text("body")
    words = (
        f"{len(gaps)} gaps with {missing} packets missing; {missing} of them are known from another session"
    )
    assert words in text
    for word in ("pass-1", "card-1 (imported)", "PAD → BOOST → COAST", "TEMP_MOTOR_BAY", "ALTITUDE"):
        assert word in text
    assert opened.locator("svg[aria-label^='ALTITUDE: ']").count() == 1
    assert "warning" in opened.locator("tr", has_text="TEMP_MOTOR_BAY").first.inner_text()


def test_the_digests_are_those_that_the_audit_prints(program: Program, opened: Page, tmp_path: Path) -> None:
    heads = program.run("audit", "head", "--json").row["heads"]
    text = opened.inner_text("section[aria-labelledby=digests]")
    assert heads and all(head["head"] in text for head in heads)
    assert re.search(r"content of g-\S+ \([\d\u2009]+ rows\)\s+[0-9a-f]{64}", text)
    file = tmp_path / "report.html"
    file.write_text(opened.content())
    program.run("audit", "verify", "--head", file)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_issue(browser: Browser, report: Path, scheme: str, picture: Picture) -> None:
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": 1280, "height": 1000}
    )
    page = context.new_page()
    page.goto(report.as_uri())
    assert serious_issues(page) == []
    if scheme == "light":
        picture(page, "report")
    context.close()


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, report: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_one_session_is_reported_for_itself_and_none_is_a_clear_word(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "one.html"
    program.run("report", "--session", "card-1", "--out", file)
    text = file.read_text()
    assert "No sequence count is missing" in text
    assert "pass-1" not in text.split('<h2 id="digests">')[0].split('<h2 id="timeline">')[0]
    ended = program.run("report", "--session", "nope", "--out", file, code=2)
    assert "there is no frame in what the report is about (`query sessions` lists them)" in ended.error
    ended = program.run("report", "--out", tmp_path / "no" / "folder.html", code=2)
    assert "the report cannot be written: No such file or directory (name another file)" in ended.error
