"""The application as its user handles it: sign in, fill in the ticket, read the blotter."""

import re
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect
from tests.e2e.rig import Platform

HOLD_MS: Final = 1_500
"""Longer than the second that a held button asks for."""


class Terminal:
    """One page of one user."""

    def __init__(self, page: Page, platform: Platform) -> None:
        self.page = page
        self.platform = platform

    def go(self, path: str) -> None:
        """Open an address of the application."""
        self.page.goto(self.platform.url("nginx", path))

    def sign_in(self) -> None:
        """Come in as the admin and wait until the market is live."""
        self.go("/")
        self.page.get_by_label("Name").fill("admin")
        self.page.get_by_label("Password").fill(self.platform.password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.link).to_have_text("live")
        expect(self.page.get_by_test_id("last")).to_have_text(re.compile(r"\d"))

    @property
    def link(self) -> Locator:
        """Return what the page says of its connection."""
        return self.page.get_by_test_id("link")

    @property
    def outcome(self) -> Locator:
        """Return what the page says of the order that was sent last."""
        return self.page.get_by_test_id("outcome")

    @property
    def verdict(self) -> Locator:
        """Return what risk would say of the ticket."""
        return self.page.get_by_test_id("verdict")

    def draft(self, side: str, quantity: str, *, price: str | None = None) -> None:
        """Fill in the ticket; without a price, for the market."""
        self.page.get_by_role("group", name="Side").get_by_role("button", name=side).click()
        kind = "MARKET" if price is None else "LIMIT"
        self.page.get_by_label("Type").select_option(kind)
        if price is not None:
            self.page.get_by_label("Price").fill(price)
        self.page.get_by_label("Quantity").fill(quantity)

    def send(self) -> None:
        """Send the order by the keyboard."""
        expect(self.page.locator("button.send")).to_be_enabled()
        self.page.keyboard.press("Control+Enter")

    def show(self, tab: str) -> Locator:
        """Open a tab of the blotter and return its rows."""
        self.page.get_by_role("tab", name=tab).click()
        return self.page.locator("#blotter-rows tbody tr")

    def hold(self, name: str | re.Pattern[str]) -> None:
        """Hold a button down for as long as it asks."""
        button = self.page.get_by_role("button", name=name)
        button.hover()
        self.page.mouse.down()
        self.page.wait_for_timeout(HOLD_MS)
        self.page.mouse.up()

    def money(self, name: str) -> Locator:
        """Return a line of the profit and loss."""
        facts = self.page.get_by_test_id("pnl")
        return facts.locator(f"dt:text-is('{name}') + dd")

    def fills_of_platform(self) -> list[Any]:
        """Return the fills as the OMS lists them."""
        found: list[Any] = self.platform.get("oms", "/fills?limit=500")["fills"]
        return found
