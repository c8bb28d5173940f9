"""When the trading core dies under the application, the page says so, and then goes on."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import running_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BACK_MS = 90_000
"""Generous: the core starts again on a busy machine."""


def test_a_dead_core_is_told_and_its_return_needs_no_reload(
    chromium_page: Page, tmp_path: Path
) -> None:
    with running_platform(tmp_path / "data") as platform:
        terminal = Terminal(chromium_page, platform)
        terminal.sign_in()
        terminal.draft("Buy", "0.001", price="50000.00")
        expect(terminal.verdict).to_contain_text("Risk would approve")

        platform.kill("core")
        # What is typed is tried out at once: the core cannot be back as quickly.
        terminal.draft("Buy", "0.002", price="50000.00")

        expect(terminal.verdict).to_contain_text("Risk cannot be asked", timeout=20_000)
        expect(chromium_page.get_by_test_id("away")).to_contain_text("oms", timeout=20_000)
        expect(chromium_page.locator("button.send")).to_be_disabled()
        expect(terminal.verdict).to_contain_text("Risk would approve", timeout=BACK_MS)
        expect(chromium_page.get_by_test_id("away")).to_have_count(0, timeout=BACK_MS)
        terminal.send()
        row = terminal.show("Open").filter(has_text="50,000.00")
        expect(row).to_have_count(1, timeout=BACK_MS)
        row.get_by_role("button", name=re.compile("^Cancel")).click()
        expect(row).to_have_count(0, timeout=BACK_MS)
