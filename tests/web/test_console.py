"""The console against the running program and the rocket on its pad: values that move, a bus that goes away.

One program and one device for the module; the first test sees the ground before the device is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.kestrel import mission_on_a_free_port
from support.page import Picture, address_of, row, serious_issues, sign_in, signed_in, until, value_of
from support.processes import kill_hard
from support.program import Program, Running
from support.waiting import wait_until

from infra.embedded.ports import choose_ports


@dataclass
class Ground:
    program: Program
    mission: Path
    port: int
    address: str


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Ground]:
    """The program, waiting for its device."""
    folder = tmp_path_factory.mktemp("console")
    mission, port = mission_on_a_free_port(folder / "mission")
    program = Program(folder / "data")
    with program.up(mission) as up:
        yield Ground(program, mission, port, address_of(up))


@pytest.fixture(scope="module")
def device(ground: Ground) -> Iterator[Running]:
    """The rocket on its pad, for longer than the tests take."""
    flight = ("--port", ground.port, "--speed", 1, "--countdown", 3600)
    with ground.program.started("simulate", ground.mission, *flight) as running:
        yield running


def a_clock_that_differs_by(hours: int) -> str:
    return f"const now = Date.now.bind(Date); Date.now = () => now() + {hours} * 3_600_000;"


def test_before_the_first_packet_all_parameters_are_there_without_a_value(
    browser: Browser, ground: Ground
) -> None:
    with signed_in(browser, ground.address) as page:
        for key in ("IMU.ACC_X", "STATUS.PHASE", "TC_FAILED.FAILURE_CODE"):
            expect(row(page, key).locator(".value")).to_have_text("–")
        expect(row(page, "IMU.ACC_X").locator(".unit")).to_have_text("m/s²")


def test_live_values_move_and_are_fresh(
    browser: Browser, ground: Ground, device: Running, picture: Picture
) -> None:
    with signed_in(browser, ground.address) as page:
        expect(page.get_by_role("status").get_by_text("LIVE", exact=True)).to_be_visible()
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        before = value_of(page, "IMU.ACC_X")
        until(page, lambda: value_of(page, "IMU.ACC_X") != before, "a value moved")
        expect(row(page, "IMU.ACC_X")).not_to_have_class(re.compile("stale"))
        expect(row(page, "POWER.BATTERY_VOLTAGE")).to_have_attribute("data-level", "normal")
        expect(page.get_by_text("Nothing is out of its limits")).to_be_visible()
        page.mouse.move(0, 0)
        picture(page, "console")


def test_a_value_moves_in_sight_and_out_of_it(browser: Browser, ground: Ground, device: Running) -> None:
    with signed_in(browser, ground.address, viewport={"width": 420, "height": 300}) as page:
        value = row(page, "IMU.ACC_X").locator(".value")

        def moves() -> None:
            before = value.text_content()
            until(page, lambda: value.text_content() != before, "the value moved")

        expect(row(page, "IMU.ACC_X").locator(".age")).not_to_have_text("–")
        value.scroll_into_view_if_needed()
        expect(value).to_be_in_viewport()
        moves()
        page.evaluate("document.body.style.paddingTop = '5000px'; scrollTo(0, 0)")
        expect(value).not_to_be_in_viewport()
        moves()
        moves()
        value.scroll_into_view_if_needed()
        expect(value).to_be_in_viewport()
        moves()


def test_fields_of_the_header_are_folded_away_until_they_are_asked_for(
    browser: Browser, ground: Ground, device: Running
) -> None:
    with signed_in(browser, ground.address) as page:
        expect(row(page, "NAV.ALTITUDE")).to_be_visible()
        expect(row(page, "NAV.APID")).to_have_count(0)
        page.get_by_label("header fields").check()
        expect(row(page, "NAV.APID").locator(".value")).to_have_text("101")
        page.get_by_label("header fields").uncheck()
        page.get_by_label("Search").fill("nav.apid")
        expect(row(page, "NAV.APID").locator(".value")).to_have_text("101")
        expect(page.locator("tr[data-key]")).to_have_count(1)
        page.get_by_label("Search").fill("")
        page.get_by_role("button", name="▾ NAV").click()
        expect(row(page, "NAV.ALTITUDE")).to_have_count(0)
        expect(row(page, "IMU.ACC_X")).to_be_visible()


def test_the_raw_value_shows_under_the_pointer_and_with_the_keyboard(
    browser: Browser, ground: Ground, device: Running
) -> None:
    with signed_in(browser, ground.address) as page:
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        row(page, "STATUS.PHASE").hover()
        expect(page.get_by_role("tooltip")).to_contain_text("STATUS.PHASE")
        expect(page.get_by_role("tooltip")).to_contain_text("raw0")
        page.mouse.move(0, 0)
        row(page, "STATUS.PHASE").get_by_role("button").focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("tooltip")).to_contain_text("STATUS.ARMED")
        expect(row(page, "STATUS.ARMED").get_by_role("button")).to_have_attribute(
            "aria-describedby", "row-tip"
        )
        page.keyboard.press("Enter")
        details = page.get_by_label("Details", exact=True)
        expect(details.get_by_role("heading")).to_be_focused()
        expect(details).to_contain_text("Pyrotechnics are armed")
        page.keyboard.press("Escape")
        expect(details).to_have_count(0)
        expect(row(page, "STATUS.ARMED").get_by_role("button")).to_be_focused()


def test_integers_of_64_bits_are_exact(browser: Browser, ground: Ground, device: Running) -> None:
    with signed_in(browser, ground.address) as page:
        expect(row(page, "STATUS.MONOTONIC").locator(".value")).to_have_text(re.compile(r"^\d{16,}$"))
        live = int(value_of(page, "STATUS.MONOTONIC"))
        page.goto(f"{ground.address}#/console?at=2100-01-01")
        expect(page.get_by_text("NOT LIVE")).to_be_visible()
        expect(row(page, "STATUS.MONOTONIC").locator(".value")).to_have_text(re.compile(r"^\d{16,}$"))
        answered = int(value_of(page, "STATUS.MONOTONIC"))

    def stored() -> set[int]:
        return {row["value"] for row in ground.program.query("history", "STATUS.MONOTONIC")}

    wait_until(lambda: {live, answered} <= stored(), what="what was live is in the tables")
    assert live > 2**53


def test_a_browser_whose_clock_is_an_hour_off_shows_the_same_ages(
    browser: Browser, ground: Ground, device: Running
) -> None:
    for hours in (1, -1):
        with signed_in(browser, ground.address, script=a_clock_that_differs_by(hours)) as page:
            expect(row(page, "IMU.ACC_X").locator(".age")).to_have_text(re.compile(r"^[0-4]\.\d s$"))
            page.wait_for_timeout(1500)
            expect(row(page, "IMU.ACC_X").locator(".age")).to_have_text(re.compile(r"^[0-4]\.\d s$"))
            expect(row(page, "IMU.ACC_X")).not_to_have_class(re.compile("stale"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Browser, ground: Ground, device: Running, scheme: str, picture: Picture
) -> None:
    with signed_in(browser, ground.address, color_scheme=scheme) as page:
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        row(page, "STATUS.PHASE").get_by_role("button").click()
        expect(page.get_by_label("Details", exact=True)).to_be_visible()
        assert serious_issues(page) == []
        if scheme == "dark":
            page.mouse.move(0, 0)
            picture(page, "console-dark")


def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, ground: Ground, device: Running, picture: Picture
) -> None:
    with signed_in(browser, ground.address, viewport={"width": 360, "height": 740}) as page:
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.mouse.move(0, 0)
        picture(page, "phone")
        row(page, "IMU.ACC_X").get_by_role("button").click()
        expect(page.get_by_label("Details", exact=True)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_two_tabs_are_independent(browser: Browser, ground: Ground, device: Running) -> None:
    with (
        signed_in(browser, ground.address, user="anna") as one,
        signed_in(browser, ground.address, user="ben") as two,
    ):
        one.get_by_role("button", name="Sign out").click()
        expect(one.get_by_role("button", name="Sign in")).to_be_visible()
        before = value_of(two, "IMU.ACC_X")
        until(two, lambda: value_of(two, "IMU.ACC_X") not in ("–", before), "the other tab goes on")
        sign_in(one, "anna")
        expect(row(one, "STATUS.PHASE").locator(".value")).to_have_text("PAD")


def test_a_bus_that_is_killed_comes_back_and_the_page_goes_on_as_it_was(
    browser: Browser, ground: Ground, device: Running
) -> None:
    with signed_in(browser, ground.address) as page:
        page.get_by_label("Search").fill("status")
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        before = int(value_of(page, "STATUS.UPTIME"))
        kill_hard(ground.program.server_pids()["nats-server"])
        expect(page.get_by_text("bus away")).to_be_visible()
        expect(row(page, "STATUS.PHASE").locator(".value")).to_have_text("PAD")
        expect(page.get_by_role("status").get_by_text("connected")).to_be_visible()
        until(page, lambda: int(value_of(page, "STATUS.UPTIME")) > before + 2000, "values move again")
        expect(page.get_by_label("Search")).to_have_value("status")


def test_values_of_a_device_that_fell_silent_look_stale(
    browser: Browser, ground: Ground, device: Running
) -> None:
    with signed_in(browser, ground.address, script=a_clock_that_differs_by(-1)) as page:
        expect(row(page, "IMU.ACC_X")).not_to_have_class(re.compile("stale"))
        device.stop()
        expect(row(page, "IMU.ACC_X")).to_have_class(re.compile("stale"))
        expect(row(page, "IMU.ACC_X").locator(".age")).to_have_text(re.compile(r"^1\d s$"))


def test_a_server_that_does_not_answer_is_named_as_such(browser: Browser, ground: Ground) -> None:
    with browser.new_context() as tabs:
        page = tabs.new_page()
        page.goto(ground.address)
        page.get_by_text("Server", exact=True).click()
        page.get_by_label("NATS address for browsers").fill(f"ws://127.0.0.1:{choose_ports((0,))[0]}")
        sign_in(page, "anna")
        expect(page.get_by_role("alert")).to_have_text("the server does not answer")
