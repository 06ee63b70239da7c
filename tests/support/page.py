"""The page as a person uses it: Debian's Chromium, driven by Playwright, against the program's own page.

Playwright's synchronous interface keeps an event loop running in its thread, so it is started for each module
of tests and stopped behind it; a coroutine of a test runs in another thread (`in_thread`).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from support.program import REPOSITORY, Program, Row, Running
from support.waiting import run_async

from infra.program.system import open_system
from streams.answers import ask_once

CHROMIUM = Path("/usr/bin/chromium")
BUILT = REPOSITORY / "web" / "dist" / "index.html"
AXE = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = REPOSITORY / "docs" / "screenshots"
DEADLINE_MS = 30_000

Picture = Callable[[Page, str], None]
"""Saves a picture of a page under a name, where pictures were asked for."""

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=DEADLINE_MS)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Chromium without a screen; skips the test where it or the built page is missing."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    if not BUILT.exists():
        pytest.skip("the page is not built: make web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def address_of(up: Running) -> str:
    """The page's address, as `flightledger up` says it."""
    found = re.search(r"^page +(http://\S+)", up.output, re.MULTILINE)
    assert found, up.output
    return found[1]


@contextmanager
def signed_in(
    browser: Browser,
    address: str,
    place: str = "#/console",
    *,
    user: str = "anna",
    password: str = "",
    script: str = "",
    **context: Any,
) -> Iterator[Page]:
    """A tab of its own, signed in; fails the test at its end if the page raised an error.

    `script` runs before the page's own; `context` are Playwright's options, like `viewport`.
    """
    options = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True} | context
    wrong: list[str] = []
    with browser.new_context(**options) as tabs:
        page = tabs.new_page()
        page.set_default_timeout(DEADLINE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(address + place)
        sign_in(page, user, password)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        yield page
        assert not wrong, wrong


def sign_in(page: Page, user: str, password: str = "") -> None:
    """Fill in the form and send it."""
    page.get_by_label("Name").fill(user)
    if password:
        page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def row(page: Page, key: str) -> Locator:
    """The row of a parameter, `PACKET.NAME`."""
    return page.locator(f'tr[data-key="{key}"]')


def value_of(page: Page, key: str) -> str:
    """What the console shows as a parameter's value now."""
    return row(page, key).locator(".value").inner_text()


def until(page: Page, condition: Callable[[], Any], what: str, deadline_ms: int = DEADLINE_MS) -> Any:
    """Wait for a condition while the page goes on; returns what it returned."""
    for _ in range(deadline_ms // 50):
        if found := condition():
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {deadline_ms / 1000:g} s: {what}")


def serious_issues(page: Page) -> list[str]:
    """What axe finds that is serious or critical, as one line for each element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => JSON.stringify((await axe.run(document)).violations)")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in json.loads(found)
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def ask_bus(program: Program, subject: str, **request: Any) -> list[Row]:
    """Ask a service of the program that runs; the rows of its answer."""

    async def asked() -> bytes:
        async with open_system(program.data) as system:
            return await ask_once(system.nc, subject, request)

    return [json.loads(line) for line in in_thread(asked).splitlines()]


def in_thread(function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
    """Run a coroutine function beside Playwright's own event loop and return what it returned."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["result"] = run_async(function, *arguments)
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]
