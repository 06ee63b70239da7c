"""The page for telecommands: forms, the check, approval by a second person, lives, and who may do what.

One program with users and one rocket on its pad for the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.page import Picture, serious_issues, sign_in, until
from support.processes import kill_hard
from support.station import Station, open_panel, station


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Station]:
    with station(tmp_path_factory.mktemp("station")) as running:
        yield running


def choose(page: Page, name: str) -> Locator:
    """Choose a telecommand and return its form."""
    value = page.locator(f'option[value$="/{name}"]').get_attribute("value")
    page.get_by_label("Telecommand", exact=True).select_option(value)
    return page.get_by_role("form", name=f"Send {name}")


def send(page: Page, name: str) -> str:
    """Check and send a telecommand with what stands in its form; return its id."""
    form = page.get_by_role("form", name=f"Send {name}")
    if (check := form.get_by_role("button", name="Check")).is_visible():
        check.click()
    form.get_by_role("button", name=f"Send {name}").click()
    said = form.get_by_role("status")
    expect(said).to_have_text(re.compile(r"submitted: \w+"))
    return said.get_by_role("button").inner_text()


def state_in(panel: Locator, state: str) -> None:
    expect(panel.get_by_role("status").get_by_text(state, exact=True)).to_be_visible()


def test_a_telecommand_is_checked_sent_and_seen_completed_with_its_frames(
    browser: Browser, ground: Station, picture: Picture
) -> None:
    with ground.as_person(browser, "oscar") as page:
        form = choose(page, "SET_TELEMETRY_RATE")
        expect(form.get_by_label("RATE")).to_have_value("5")
        form.get_by_label("PACKET").select_option("NAV")
        form.get_by_label("RATE").fill("500")
        expect(form.get_by_role("alert")).to_have_text(
            "RATE is out of range: a whole number from 1 to 100 Hz"
        )
        form.get_by_role("button", name="Check").click()
        expect(form.get_by_label("RATE")).to_be_focused()
        form.get_by_label("RATE").fill("10")
        form.get_by_text("Time, link and reason").click()
        form.get_by_label("Why").fill("to see more of it")
        form.get_by_role("button", name="Check").click()
        checked = form.get_by_role("region", name="Before it is sent")
        expect(checked).to_contain_text("not needed")
        expect(checked.get_by_role("region", name="Bytes of the telecommand")).to_contain_text("18 c8 c0")
        picture(page, "telecommand-check")
        identity = send(page, "SET_TELEMETRY_RATE")
        panel = open_panel(page)
        state_in(panel, "completed")
        steps = panel.get_by_role("list", name="Events of the telecommand").get_by_role("listitem")
        expect(steps.first).to_contain_text(
            re.compile("submitted.*to see more of it.*oscar.*web client", re.S)
        )
        expect(panel.get_by_role("region", name="Bytes of the telecommand")).to_be_visible()
        row = page.get_by_role("region", name="Rows of History").get_by_role("row", name=identity)
        expect(row).to_contain_text("completed")
        picture(page, "telecommands")
        assert serious_issues(page) == []
        life = ground.log(identity)
        frame = next(event["frame_offset"] for event in life["events"] if event["event"] == "completed")
        panel.get_by_role("button", name=f"TC_COMPLETED in frame {frame}").click()
        expect(panel.get_by_role("heading", name="Origin of TC_COMPLETED")).to_be_visible()
        expect(panel.get_by_role("heading", name=f"Frame {frame},")).to_be_visible()
    assert (life["issuer"], life["arguments"]) == ("oscar", {"PACKET": "NAV", "RATE": "10"})


def test_who_submitted_may_not_approve_and_a_second_person_does(
    browser: Browser, ground: Station, picture: Picture
) -> None:
    with ground.as_person(browser, "anna") as anna, ground.as_person(browser, "ben") as ben:
        form = choose(anna, "DISARM_RECOVERY")
        expect(anna.get_by_text("a rocket that is not armed does not launch")).to_be_visible()
        form.get_by_role("button", name="Check").click()
        expect(form).to_contain_text("needed, by 1 other person")
        expect(form).to_contain_text("PHASE == PAD: holds")
        form.get_by_role("button", name="Send DISARM_RECOVERY").click()
        expect(form.get_by_role("status")).to_contain_text("waits for 1 approval")
        mine = anna.get_by_role("row", name="DISARM_RECOVERY").filter(has_text="needs 1 approval")
        expect(mine).to_contain_text("yours: another person has to approve")
        expect(mine.get_by_role("button", name="Approve")).to_have_count(0)
        ben.get_by_role("button", name="Approve DISARM_RECOVERY of anna").click()
        expect(ben.get_by_role("dialog")).to_contain_text("submitted by anna?")
        picture(ben, "telecommand-approval")
        ben.get_by_role("dialog").get_by_role("button", name="Yes").click()
        state_in(open_panel(anna), "completed")
        expect(open_panel(anna)).to_contain_text("1 of 1 ben")


def test_one_that_waits_for_its_time_is_cancelled_in_another_tab(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar") as one, ground.as_person(browser, "oscar") as other:
        form = choose(one, "PING")
        form.get_by_text("Time, link and reason").click()
        form.get_by_label("Not before").fill("soon")
        form.get_by_role("button", name="Check").click()
        expect(form.get_by_role("alert")).to_contain_text("soon is not a time")
        form.get_by_label("Not before").fill("+3600")
        send(one, "PING")
        other.get_by_role("button", name="Cancel PING of oscar").click()
        other.get_by_role("dialog").get_by_role("button", name="Yes").click()
        state_in(open_panel(one), "cancelled")
        expect(one.get_by_role("button", name="Cancel PING of oscar")).to_have_count(0)


def test_a_queue_is_held_and_resumed(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar") as page:
        page.get_by_role("button", name="Hold the queue of radio").click()
        expect(page.get_by_text("held by oscar")).to_be_visible()
        choose(page, "PING")
        send(page, "PING")
        expect(page.get_by_text("held by oscar, 1 waiting")).to_be_visible()
        page.get_by_role("button", name="Resume the queue of radio").click()
        state_in(open_panel(page), "completed")


def test_a_viewer_reads_checks_and_is_told_why_nothing_can_be_sent(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "vera") as page:
        form = choose(page, "PING")
        expect(form.get_by_role("note")).to_contain_text("vera may look and check, but not send telecommands")
        form.get_by_role("button", name="Check").click()
        expect(form.get_by_role("button", name="Send PING")).to_be_disabled()
        expect(page.get_by_role("button", name="Hold")).to_have_count(0)
        assert serious_issues(page) == []


def test_the_flights_page_disables_what_a_role_does_not_allow_and_says_why(
    browser: Browser, ground: Station
) -> None:
    with ground.as_person(browser, "oscar", "#/flights") as page:
        page.get_by_label("New generation").fill("again")
        page.get_by_role("button", name="Reprocess").click()
        expect(page.get_by_text("again is finished")).to_be_visible(timeout=60_000)
        for verb in ("Promote", "Drop"):
            expect(page.get_by_role("button", name=f"{verb} again")).to_be_disabled()
            why = f"oscar may not {verb.lower()} generations: that takes the role admin."
            expect(page.get_by_text(why)).to_be_visible()
        assert serious_issues(page) == []
    with ground.as_person(browser, "vera", "#/flights") as page:
        expect(page.get_by_text("vera may not reprocess: that takes the role operator.")).to_be_visible()
        expect(page.get_by_role("button", name="Reprocess")).to_be_disabled()
        expect(page.get_by_role("button", name="Promote again")).to_be_disabled()
        page.get_by_role("button", name="Compare", exact=True).click()
        expect(page.get_by_role("region", name="Generations", exact=True)).to_contain_text("only in")
    with ground.as_person(browser, "ada", "#/flights") as page:
        expect(page.get_by_role("button", name="Promote again")).to_be_enabled()
        expect(page.get_by_text("that takes the role")).to_have_count(0)
        page.get_by_role("button", name="Drop again").click()
        page.get_by_role("dialog").get_by_role("button", name="Yes").click()
        expect(page.get_by_role("button", name="Drop again")).to_have_count(0)


def test_a_wrong_password_is_named_as_such(browser: Browser, ground: Station) -> None:
    with browser.new_context() as tabs:
        page = tabs.new_page()
        page.goto(ground.address)
        sign_in(page, "oscar", "wrong horse")
        expect(page.get_by_role("alert")).to_have_text("the server refuses this name and password")
        expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


def test_what_the_service_refuses_is_said_in_its_words(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar") as page:
        form = choose(page, "FIRE_DROGUE")
        form.get_by_label("CODE").fill("F14ED2")
        expect(form.get_by_role("alert")).to_contain_text("CODE has 3 bytes: 4 bytes in hexadecimal")
        form.get_by_label("CODE").fill("F14ED206")
        form.get_by_role("button", name="Check").click()
        expect(form).to_contain_text("does not hold now")
        form.get_by_text("Time, link and reason").click()
        form.get_by_label("Not before").fill("2020-01-01 00:00:00")
        form.get_by_role("button", name="Check").click()
        form.get_by_role("button", name="Send FIRE_DROGUE").click()
        expect(form.get_by_role("alert")).to_contain_text("in the past by the ground's clock")


def test_an_uncertain_one_is_shown_loudly_on_every_page_until_a_person_decides(
    browser: Browser, ground: Station, picture: Picture
) -> None:
    with ground.as_person(browser, "oscar", "#/console") as page:
        ground.lose("lostinspace")
        loud = page.get_by_role("alert").filter(has_text="UNCERTAIN")
        expect(loud).to_contain_text("PING on ghost")
        loud.get_by_role("link", name="Decide").click()
        decision = page.get_by_role("form", name="Decide about lostinspace")
        expect(decision.get_by_role("button", name="It did arrive")).to_be_disabled()
        decision.get_by_label("How do you know?").fill("the device says nothing of it")
        picture(page, "telecommand-uncertain")
        assert serious_issues(page) == []
        decision.get_by_role("button", name="It did not").click()
        expect(loud).to_have_count(0)
    life = ground.log("lostinspace")
    assert (life["state"], life["reason"]) == ("failed", "the device says nothing of it")


def test_the_history_is_narrowed_by_filters_and_follows_the_time_that_the_page_shows(
    browser: Browser, ground: Station
) -> None:
    with ground.as_person(browser, "oscar", "#/telecommands?name=PING&state=cancelled") as page:
        rows = page.get_by_role("region", name="Rows of History").get_by_role("row")
        expect(rows).to_have_count(2)
        cancelled = rows.nth(1).get_by_role("button").get_attribute("aria-label")
        assert cancelled
        life = ground.log(cancelled.split()[-1])
        between = sum(event["recorded"] for event in life["events"]) / len(life["events"]) / 1e9
        page.get_by_label("State").select_option("any")
        page.get_by_label("Time in UTC").fill(datetime.fromtimestamp(between, UTC).strftime("%F %T.%f")[:-3])
        page.get_by_label("Time in UTC").press("Enter")
        expect(page.get_by_text("NOT LIVE")).to_be_visible()
        then = page.get_by_role("row").filter(has=page.get_by_label(cancelled))
        expect(then).to_contain_text("submitted")
        expect(page.get_by_text("Go live to send.").first).to_be_visible()
        then.get_by_role("button").click()
        expect(open_panel(page)).to_contain_text("1 events were recorded after")
        page.get_by_label("By").fill("nobody")
        expect(page.get_by_text("There is none.")).to_be_visible()
        assert serious_issues(page) == []


def test_a_bus_that_is_killed_leaves_what_stands_in_the_form(browser: Browser, ground: Station) -> None:
    with ground.as_person(browser, "oscar") as page:
        form = choose(page, "SET_BEACON_TEXT")
        form.get_by_label("TEXT").fill("FINE DAY")
        kill_hard(ground.program.server_pids()["nats-server"])
        expect(page.get_by_text("bus away")).to_be_visible()
        expect(page.get_by_role("status").get_by_text("connected")).to_be_visible()
        expect(form.get_by_label("TEXT")).to_have_value("FINE DAY")
        page.get_by_role("link", name="Console").click()
        page.get_by_role("link", name="Telecommands").click()
        expect(form.get_by_label("TEXT")).to_have_value("FINE DAY")
        identity = send(page, "SET_BEACON_TEXT")
        state_in(open_panel(page), "completed")
    assert ground.log(identity)["arguments"] == {"TEXT": "FINE DAY"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_in_light_and_dark_without_scrolling_sideways(
    browser: Browser, ground: Station, picture: Picture, scheme: str
) -> None:
    narrow = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    with ground.as_person(browser, "oscar", **narrow) as page:
        form = choose(page, "FIRE_DROGUE")
        form.get_by_label("CODE").fill("F14ED206")
        form.get_by_role("button", name="Check").click()
        expect(form.get_by_role("button", name="Send FIRE_DROGUE")).to_be_visible()
        until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 360, "it fits")
        assert serious_issues(page) == []
        picture(page, f"telecommand-phone-{scheme}")
