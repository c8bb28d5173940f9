"""When the trading core dies under the application, the page says so, and then goes on."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotSeenError
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import running_platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BACK_MS = 90_000
"""Generous: the core starts again on a busy machine."""


WATCH = """() => {
  window.seen = { unasked: false, away: false, locked: false };
  const textOf = (id) => document.querySelector(`[data-testid=${id}]`)?.textContent ?? "";
  new MutationObserver(() => {
    seen.unasked ||= textOf("verdict").includes("Risk cannot be asked");
    const isAway = textOf("away").includes("oms");
    seen.away ||= isAway;
    seen.locked ||= isAway && document.querySelector("button.send").disabled;
  }).observe(document.body, {
    attributes: true, characterData: true, childList: true, subtree: true,
  });
}"""
"""Has the page note what it tells, however briefly."""
TOLD = "() => seen.unasked && seen.away && seen.locked"
TOLD_MS = 8_000


def test_a_dead_core_is_told_and_its_return_needs_no_reload(
    chromium_page: Page, tmp_path: Path
) -> None:
    with running_platform(tmp_path / "data") as platform:
        terminal = Terminal(chromium_page, platform)
        terminal.sign_in()
        terminal.draft("Buy", "0.001", price="50000.00")
        expect(terminal.verdict).to_contain_text("Risk would approve")

        chromium_page.evaluate(WATCH)
        # The edge looks once a second, and on an idle machine the core may be back by then.
        for quantity in ("0.002", "0.003", "0.004"):
            platform.kill("core")
            terminal.draft("Buy", quantity, price="50000.00")
            with suppress(NotSeenError):
                chromium_page.wait_for_function(TOLD, timeout=TOLD_MS)
                break
        assert chromium_page.evaluate(TOLD), chromium_page.evaluate("seen")

        expect(terminal.verdict).to_contain_text("Risk would approve", timeout=BACK_MS)
        expect(chromium_page.get_by_test_id("away")).to_have_count(0, timeout=BACK_MS)
        terminal.send()
        row = terminal.show("Open").filter(has_text="50,000.00")
        expect(row).to_have_count(1, timeout=BACK_MS)
        row.get_by_role("button", name=re.compile("^Cancel")).click()
        expect(row).to_have_count(0, timeout=BACK_MS)
