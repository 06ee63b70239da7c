"""The audit page: heads, verification, and an export that the stand-alone verifier takes.

One program with users for the module; the last test forges an event, after which the record is broken.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.page import Picture, serious_issues, until
from support.station import Station, station

HASH = re.compile(r"^[0-9a-f]{64}$")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Station]:
    with station(tmp_path_factory.mktemp("audit")) as running:
        yield running


def verify(page: Page) -> None:
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_role("form", name="Verify").get_by_text("Verified.")).to_be_visible()


def saved(page: Page, button: str, folder: Path) -> Path:
    """Press a button and return the file that it saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_heads_can_be_kept_and_are_met_by_a_later_verification(
    browser: Browser, ground: Station, tmp_path: Path, picture: Picture
) -> None:
    with ground.as_person(browser, "oscar", "#/audit") as page:
        heads = page.get_by_role("region", name="Rows of Chain heads")
        expect(heads.get_by_role("row", name=re.compile("^OPERATIONS"))).to_be_visible()
        expect(heads.locator("code").first).to_have_text(HASH)
        expect(page.get_by_text("Nothing was verified yet.")).to_be_visible()
        kept = saved(page, "Save heads.txt", tmp_path).read_text()
        assert re.match(r"OPERATIONS:\d+:[0-9a-f]{64}\n", kept)
        page.get_by_text("Heads that were kept elsewhere").click()
        page.get_by_role("textbox", name="Heads that were kept elsewhere").fill("no head")
        page.get_by_role("button", name="Verify now").click()
        expect(page.get_by_role("alert")).to_contain_text("no head in this text")
        page.get_by_role("textbox", name="Heads that were kept elsewhere").fill(kept)
        verify(page)
        last = page.get_by_role("region", name="Verification", exact=True)
        expect(last).to_contain_text(
            re.compile("GOOD as of .* UTC, asked for by oscar, and heads that were kept")
        )
        picture(page, "audit")
        assert serious_issues(page) == []
    ground.program.run("audit", "verify", "--head", tmp_path / "heads.txt")


NO_PICKER = "delete window.showSaveFilePicker"
"""As in a browser that lets a page write no files: an export is gathered and downloaded."""

PICKER = """
window.showSaveFilePicker = async ({ suggestedName }) => {
  if (window.noThanks) throw new DOMException("", "AbortError");
  window.chosen = suggestedName;
  return (await navigator.storage.getDirectory()).getFileHandle("export", { create: true });
};
"""
"""Answers the dialog, for which a browser without a screen has no person, with a file of the page's own."""

CONTENT = """
async () => (await (await (await navigator.storage.getDirectory()).getFileHandle("export")).getFile()).text()
"""


def verdict(ground: Station, folder: Path, export: str) -> str:
    """What the stand-alone verifier, saved beside an export, says of it."""
    key = ground.program.run("audit", "key", "--json").row["fingerprint"]
    command = [sys.executable, "verify.py", export, "--key", key]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_an_export_is_downloaded_and_verified_by_the_program_that_comes_with_it(
    browser: Browser, ground: Station, tmp_path: Path
) -> None:
    with ground.as_person(browser, "oscar", "#/audit", script=NO_PICKER) as page:
        export = saved(page, "Export", tmp_path)
        saved(page, "Save verify.py", tmp_path)
        expect(page.get_by_text("bytes, signed")).to_be_visible()
        taken = page.get_by_role("region", name="Rows of Exports that were taken")
        expect(taken.get_by_role("row")).to_have_count(2)
        expect(taken).to_contain_text("oscar")
        page.get_by_label("Frames from").fill("2000-01-01")
        page.get_by_label("to", exact=True).fill("2000-01-02")
        page.get_by_role("button", name="Export", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("no frame was recorded then")
    assert "GOOD" in verdict(ground, tmp_path, export.name)


def test_an_export_is_written_into_the_file_that_a_person_chose(
    browser: Browser, ground: Station, tmp_path: Path
) -> None:
    with ground.as_person(browser, "oscar", "#/audit", script=PICKER) as page:
        export = page.get_by_role("button", name="Export", exact=True)
        export.click()
        expect(page.get_by_text("bytes, signed")).to_be_visible()
        content = page.evaluate(CONTENT)
        assert re.fullmatch(r"flight-ledger-.*\.jsonl", page.evaluate("window.chosen"))
        page.get_by_label("Frames from").fill("2000-01-01")
        page.get_by_label("to", exact=True).fill("2000-01-02")
        export.click()
        expect(page.get_by_role("alert")).to_contain_text("no frame was recorded then")
        assert page.evaluate(CONTENT) == content
        page.evaluate("window.noThanks = true")
        page.get_by_label("Frames from").fill("")
        page.get_by_label("to", exact=True).fill("")
        export.click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(export).to_be_enabled()
        assert page.evaluate(CONTENT) == content
        saved(page, "Save verify.py", tmp_path)
    (tmp_path / "export.jsonl").write_text(content)
    assert "GOOD" in verdict(ground, tmp_path, "export.jsonl")


def test_a_viewer_sees_the_heads_and_is_told_why_there_is_no_more(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "vera", "#/audit", color_scheme="dark") as page:
        expect(page.get_by_role("region", name="Rows of Chain heads")).to_be_visible()
        expect(page.get_by_text("vera may read this, but not verify")).to_be_visible()
        expect(page.get_by_text("vera may not export")).to_be_visible()
        expect(page.get_by_role("button", name="Export", exact=True)).to_be_disabled()
        assert serious_issues(page) == []


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar", "#/audit", viewport={"width": 360, "height": 740}) as page:
        expect(page.get_by_role("region", name="Rows of Chain heads")).to_be_visible()
        until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 360, "it fits")


def test_what_is_broken_is_named_with_its_first_offset_and_what_to_do(
    browser: Browser, ground: Station, picture: Picture
) -> None:
    with ground.as_person(browser, "oscar", "#/audit") as page:
        expect(page.get_by_text("GOOD as of")).to_be_visible()
        ground.forge("forged")
        verify(page)
        broken = page.get_by_role("alert").filter(has_text="is broken from offset")
        expect(broken).to_contain_text(re.compile(r"OPERATIONS is broken from offset \d+"))
        expect(broken).to_contain_text("keep the data folder as it is")
        picture(page, "audit-broken")
        assert serious_issues(page) == []
    report = ground.program.run("audit", "verify", "--json", code=1).row
    assert report["streams"]["OPERATIONS"]["broken"] > 0
