"""Values that are odd, huge or missing, and messages that are none: each is shown plainly."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from support.ground import Ground, ground
from support.page import row, serious_issues, signed_in, until, value_of
from support.small_mission import ATTITUDE, MODE, NOTE, space_packet, write_mission

from infra.program.page import page_of

SCRIPT = "<img src=x onerror=document.title='broken'>"
LARGEST_FLOAT = 3.4028234663852886e38


@dataclass
class Page:
    system: Ground
    address: str
    counts: dict[int, int]

    def send(self, apid: int, body: bytes) -> None:
        """Let the ground receive one packet."""
        self.counts[apid] = self.counts.get(apid, 0) + 1
        self.system.append([space_packet(apid, self.counts[apid], body)])


def attitude(angle: float, rate: float, number: int) -> bytes:
    return struct.pack(">dfI", angle, rate, number)


def note(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("values")
    mission = write_mission(folder / "mission")
    with (
        ground(folder / "data", mission, ("query", "writer", "parser")) as system,
        page_of(system.system) as address,
    ):
        assert address is not None
        yield Page(system, address, {})


def test_what_is_no_number_or_huge_is_shown_as_what_it_is(browser: Browser, small: Page) -> None:
    with signed_in(browser, small.address) as page:
        expect(row(page, "ATTITUDE.ANGLE").locator(".value")).to_have_text("–")
        small.send(ATTITUDE, attitude(math.nan, LARGEST_FLOAT, 2**32 - 1))
        expect(row(page, "ATTITUDE.ANGLE").locator(".value")).to_have_text("NaN")
        expect(row(page, "ATTITUDE.ANGLE")).to_have_attribute("data-level", "odd")
        expect(row(page, "ATTITUDE.RATE").locator(".value")).to_have_text("3.4028e+38")
        expect(row(page, "ATTITUDE.NUMBER").locator(".value")).to_have_text("4294967295")
        small.send(ATTITUDE, attitude(-math.inf, -0.0, 0))
        expect(row(page, "ATTITUDE.ANGLE").locator(".value")).to_have_text("-Infinity")
        small.send(ATTITUDE, attitude(5e-324, 1.5, 7))
        expect(row(page, "ATTITUDE.ANGLE").locator(".value")).to_have_text("4.9407e-324")
        expect(row(page, "ATTITUDE.ANGLE")).to_have_attribute("data-level", "none")
        expect(row(page, "MODE_PACKET.MODE").locator(".value")).to_have_text("–")
        assert serious_issues(page) == []


def test_a_value_without_a_label_and_texts_of_any_kind_are_texts(browser: Browser, small: Page) -> None:
    with signed_in(browser, small.address) as page:
        expect(row(page, "MODE_PACKET.MODE")).to_be_visible()
        small.send(MODE, struct.pack(">BH", 9, 0))
        expect(row(page, "MODE_PACKET.MODE").locator(".value")).to_have_text("UNDEFINED(9)")
        small.send(NOTE, note(SCRIPT))
        expect(row(page, "NOTE.TEXT").locator(".value")).to_have_text(SCRIPT)
        assert page.title() == "Console – Flight Ledger"
        small.send(NOTE, note("long " * 50))
        expect(row(page, "NOTE.TEXT").locator(".value")).to_have_text("long " * 50)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        row(page, "NOTE.TEXT").get_by_role("button").click()
        expect(page.get_by_label("Details", exact=True)).to_contain_text("long long")


def test_messages_that_are_no_telemetry_do_not_disturb_those_that_are(browser: Browser, small: Page) -> None:
    nonsense = [
        b"", b"{", b"null", b"[]", b'{"table": "ATTITUDE"}', b'{"table": 5, "rows": 1, "columns": {}}',
        b'{"table": "ATTITUDE", "rows": 1e9, "columns": {}}',
        b'{"table": "ATTITUDE", "rows": 1, "columns": {"ANGLE": {"a": [1]}}}',
        b'{"table": "NOPE", "rows": 1, "columns": {"ANGLE": 1}}', b"\xff\xfe\x00",
    ]  # fmt: skip
    with signed_in(browser, small.address) as page:
        expect(row(page, "ATTITUDE.ANGLE")).to_be_visible()
        (live,) = (each["generation"] for each in small.system.ask("generations") if each["live"])
        for data in nonsense:
            # Not on a subject of the stream: the database writer has tests of its own.
            small.system.run(small.system.system.nc.publish(f"telemetry.{live}.ATTITUDE", data))
        small.send(ATTITUDE, attitude(0.125, 0.5, 99))
        expect(row(page, "ATTITUDE.ANGLE").locator(".value")).to_have_text("0.125")


def test_a_plot_has_a_gap_where_there_is_no_number_and_names_it_under_the_crosshair(
    browser: Browser, small: Page
) -> None:
    angles = (1.0, 2.0, math.nan, 3.0, math.inf)
    for angle in angles:
        small.send(ATTITUDE, attitude(angle, 0, 0))
    # So near that each sample has a pixel of its own.
    times = sorted(each["time"] for each in small.system.ask("history", parameters=["ATTITUDE.ANGLE"]))
    stretch = f"from={times[-len(angles)]}&to={times[-1][:-1]}9Z"
    with signed_in(browser, small.address, f"#/plots?p=ATTITUDE.ANGLE&p=NOTE.TEXT&{stretch}") as page:
        expect(page.locator('.legend tr[data-key="ATTITUDE.ANGLE"]')).to_contain_text("Infinity")
        page.get_by_role("application").focus()
        status = page.locator(".plot [role=status].unseen")

        def backwards() -> list[str]:
            page.keyboard.press("Escape")
            said = []
            for _ in range(3):
                page.keyboard.press("ArrowLeft")
                said.append(status.inner_text().removeprefix("ATTITUDE.ANGLE ").split(" ")[0])
            return said

        until(page, lambda: backwards() == ["Infinity", "3", "NaN"], "the history, step by step")


def test_values_are_still_exact_and_alive_behind_all_that(browser: Browser, small: Page) -> None:
    with signed_in(browser, small.address) as page:
        small.send(ATTITUDE, attitude(0.1, 0.1, 123))
        until(page, lambda: value_of(page, "ATTITUDE.NUMBER") == "123", "the newest number")
        expect(row(page, "ATTITUDE.RATE").locator(".value")).to_have_text("0.1")
