"""One platform and one Chromium for the tests of the application.

Debian's own browser is driven: none is downloaded. In CI its absence is a failure, locally
a skip.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Playwright
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import Platform

from trade2026.edge.assets import BUNDLE

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
SIZE: Final = (1440, 900)


def _require(path: Path, how: str) -> None:
    if path.exists():
        return
    if os.environ.get("TRADE2026_REQUIRE_SERVERS"):  # noqa: TID251 - the tests' own switch
        pytest.fail(f"{path} is missing: {how}")
    pytest.skip(f"{path} is missing: {how}")


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Return the browser."""
    _require(CHROMIUM, "apt-get install chromium")
    _require(BUNDLE / "index.html", "make ui")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def chromium_page(chromium: Browser) -> Iterator[Page]:
    """Return an empty page; an error of the application on it fails the test."""
    width, height = SIZE
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-US")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(20_000)
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def terminal(chromium_page: Page, platform: Platform) -> Terminal:
    """Return the Trade page of the admin, live."""
    terminal = Terminal(chromium_page, platform)
    terminal.sign_in()
    return terminal
