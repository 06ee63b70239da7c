"""Dashboards: arranged by one person, kept on the bus, opened by another from a link."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.page import Picture, row, serious_issues, until, value_of
from support.station import Station, station


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Station]:
    with station(tmp_path_factory.mktemp("dashboards")) as running:
        yield running


def test_a_dashboard_is_arranged_kept_and_opened_by_another_person(
    browser: Browser, ground: Station, picture: Picture
) -> None:
    with ground.as_person(browser, "oscar", "#/dashboards") as page:
        page.get_by_role("button", name="New").click()
        page.get_by_label("Title").first.fill("Pad")
        page.get_by_role("button", name="Add values").click()
        values = page.get_by_role("region", name="values")
        for key in ("STATUS.PHASE", "POWER.BATTERY_VOLTAGE"):
            values.get_by_role("combobox", name="Parameter").fill(key)
            values.get_by_role("button", name="Add").click()
        page.get_by_role("button", name="Add plot").click()
        plot = page.get_by_role("region", name="plot")
        plot.get_by_role("combobox", name="Parameter").fill("IMU.ACC_X")
        plot.get_by_role("button", name="Add").click()
        assert serious_issues(page) == []
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Pad")).to_be_visible()
        place = "#" + page.url.partition("#")[2]
    with ground.as_person(browser, "vera", place) as page:
        expect(page.get_by_role("heading", name="Pad")).to_be_visible()
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        voltage = value_of(page, "POWER.BATTERY_VOLTAGE")
        until(page, lambda: value_of(page, "POWER.BATTERY_VOLTAGE") != voltage, "values move")
        expect(page.get_by_role("application", name="Plot of IMU.ACC_X")).to_be_visible()
        picture(page, "dashboards")
        assert serious_issues(page) == []


def test_a_parameter_that_two_parts_show_moves_in_both(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar", "#/dashboards") as page:
        page.get_by_role("button", name="New").click()
        for _ in range(2):
            page.get_by_role("button", name="Add values").click()
        parts = page.get_by_role("region", name="values")
        expect(parts).to_have_count(2)
        for values in parts.all():
            values.get_by_role("combobox", name="Parameter").fill("POWER.BATTERY_VOLTAGE")
            values.get_by_role("button", name="Add").click()
        cells = row(page, "POWER.BATTERY_VOLTAGE").locator(".value")
        expect(cells).to_have_count(2)
        for cell in cells.all():
            expect(cell).not_to_have_text("–")
            before = cell.inner_text()
            until(page, lambda cell=cell, before=before: cell.inner_text() != before, "the value moves")


def test_one_dashboard_after_the_other_is_made_also_where_one_was_deleted(
    browser: Browser, ground: Station
) -> None:
    with ground.as_person(browser, "oscar", "#/dashboards") as page:
        addresses = []
        for _ in range(3):
            page.get_by_role("button", name="New").click()
            page.get_by_role("button", name="Cancel").click()
            expect(page.get_by_role("heading", name="New dashboard")).to_be_visible()
            addresses.append(page.url)
            page.get_by_role("button", name="Delete").first.click()
            page.get_by_role("dialog").get_by_role("button", name="Yes").click()
            expect(page.get_by_role("heading", name="New dashboard")).to_have_count(0)
        assert len(set(addresses)) == 3
        expect(page.get_by_role("alert")).to_have_count(0)


def test_nobody_overwrites_the_change_of_another(browser: Browser, ground: Station) -> None:
    with (
        ground.as_person(browser, "oscar", "#/dashboards") as one,
        ground.as_person(browser, "anna", "#/dashboards") as other,
    ):
        for page in (one, other):
            page.get_by_role("combobox", name="Dashboard").select_option(label="Pad")
            page.get_by_role("button", name="Edit").click()
        one.get_by_label("Title").first.fill("Pad of oscar")
        one.get_by_role("button", name="Save").click()
        expect(one.get_by_role("heading", name="Pad of oscar")).to_be_visible()
        other.get_by_label("Title").first.fill("Pad of anna")
        other.get_by_role("button", name="Save").click()
        expect(other.get_by_role("alert")).to_contain_text("somebody else has changed it meanwhile")


def test_a_link_to_a_dashboard_that_is_gone_says_so(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "vera", "#/dashboards?d=nothing") as page:
        expect(page.get_by_role("alert")).to_contain_text("There is no dashboard nothing")
