"""The pages in both themes, looked at by axe: nothing serious may be found (WCAG 2.2 AA)."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT: Final = Path(__file__).resolve().parents[3]
AXE: Final = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES: Final = ("dark", "light")


def serious(page: Page) -> list[str]:
    """Return what axe finds that is serious or critical."""
    # Evaluated, not added to the page: its policy allows no scripts but its own.
    page.evaluate(AXE.read_text("utf-8"))
    found: Any = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_the_door_has_nothing_serious(chromium_page: Page, platform: Platform, theme: str) -> None:
    stranger = chromium_page
    stranger.goto(platform.url("nginx", "/"))
    expect(stranger.get_by_role("button", name="Sign in")).to_be_visible()

    stranger.evaluate("theme => document.documentElement.dataset.mantineColorScheme = theme", theme)

    assert serious(stranger) == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_pages_have_nothing_serious(terminal: Terminal, theme: str) -> None:
    page = terminal.page
    # What is half faded in is too pale for axe, and for nobody else.
    page.emulate_media(reduced_motion="reduce")
    if theme == "light":
        page.get_by_role("button", name="Light theme").click()
    terminal.draft("Buy", "11", price="50000.001")
    terminal.show("Orders")
    expect(page.get_by_test_id("chart").locator("canvas").first).to_be_visible()

    assert serious(page) == []
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_test_id("health").locator("tbody tr")).to_have_count(26)
    assert serious(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert serious(page) == []
