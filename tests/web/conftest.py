"""A browser for each module of tests, and pictures for the documents where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support.page import PICTURES, Picture, running_browser
from support.palette_png import with_few_colours


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="save pictures of the page in docs/screenshots")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """Save a picture of a page under a name, if pictures were asked for with `--pictures`."""

    def save(page: Page, name: str) -> None:
        if request.config.getoption("--pictures", default=False):
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / f"{name}.png").write_bytes(with_few_colours(page.screenshot()))

    return save
