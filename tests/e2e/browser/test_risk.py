"""The Risk page: a limit is tried on the orders of today, and the page says which it binds."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.browser.terminal import Terminal
from tests.e2e.browser.test_accessible import serious
from tests.e2e.rig import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


JUDGED_WITHIN_MS = 60_000
"""A process of its own reads the day: on a busy machine it takes its time to start."""


def counted(page: Page, name: str) -> int:
    """Return a count of the findings."""
    text = page.locator(".counts dt", has_text=re.compile(f"^{name}$")).locator("xpath=../dd")
    return int(text.inner_text().replace(",", ""))


def test_a_limit_is_tried_on_the_orders_of_today(terminal: Terminal, platform: Platform) -> None:
    page = terminal.page
    for _ in range(2):
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "quantity": "0.5",
            "price": "49000",
        }
        assert platform.call("POST", "oms", "/orders", json=order).status_code == 201
    page.get_by_role("link", name="Risk").click()
    found = page.get_by_test_id("dry-run")
    expect(found).to_contain_text("Nothing was tried yet")

    # Nothing is sent that cannot be judged, and the field says why.
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_label("At most")).to_have_attribute("aria-invalid", "true")
    expect(found).to_contain_text("Nothing was tried yet")

    page.get_by_label("Of", exact=True).select_option("symbol")
    page.get_by_label("Which symbol").fill("BTCUSDT")
    page.get_by_label("Limit", exact=True).select_option("max_order_quantity")
    page.get_by_label("At most").fill("0.1")
    page.get_by_role("button", name="Try it").click()

    row = page.get_by_test_id("would-be-refused").locator("tbody tr").first
    expect(row).to_contain_text("ORDER_QTY_LIMIT", timeout=JUDGED_WITHIN_MS)
    expect(row.locator("td").nth(6)).to_have_text("0.1")
    expect(row.locator("td").nth(7)).to_have_text("0.1")
    assert counted(page, "Would be refused") >= 2
    assert counted(page, "Judged") >= counted(page, "Would be refused")
    assert serious(page) == []

    # A limit that binds nobody, a day without orders, and one that risk does not take.
    page.get_by_label("At most").fill("9000")
    page.get_by_role("button", name="Try it").click()
    expect(found).to_contain_text(
        "No order of that day would have been refused", timeout=JUDGED_WITHIN_MS
    )
    page.get_by_label("Day (UTC)").fill("2020-01-01")
    page.get_by_role("button", name="Try it").click()
    expect(found).to_contain_text("No order was judged on that day", timeout=JUDGED_WITHIN_MS)
    page.get_by_label("Limit", exact=True).select_option("max_daily_loss")
    page.get_by_role("button", name="Try it").click()
    expect(found).to_contain_text("It did not begin")
