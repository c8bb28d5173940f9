"""A day at the terminal in a real browser, against the whole running platform."""

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FAR_BELOW = "50000.00"


def test_a_wrong_password_is_told_and_lets_nobody_in(terminal: Terminal) -> None:
    page = terminal.page
    page.get_by_role("button", name="Sign out").click()

    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("wrong name or password")


def test_a_reload_keeps_the_session_and_the_page(terminal: Terminal) -> None:
    terminal.go("/trade/ETHUSDT")

    expect(terminal.link).to_have_text("live")
    expect(terminal.page.get_by_label("Symbol")).to_have_value("ETHUSDT")


def test_the_market_moves(terminal: Terminal) -> None:
    table = terminal.page.get_by_test_id("book-table")

    first = table.inner_text()

    expect(table).not_to_have_text(first)
    assert table.get_by_role("row").count() > 10


def test_an_order_is_bought_and_its_fill_position_and_profit_show(terminal: Terminal) -> None:
    expect(terminal.money("Equity")).to_have_text(re.compile("USDT$"))
    profit = terminal.money("Total P&L").inner_text()
    terminal.draft("Buy", "0.02")
    expect(terminal.verdict).to_contain_text("Risk would approve")
    terminal.send()

    expect(terminal.outcome).to_contain_text("FILLED")
    fill = terminal.show("Fills").first
    expect(fill).to_contain_text("BTCUSDT")
    position = terminal.show("Positions").filter(has_text="BTCUSDT")
    expect(position).to_contain_text(re.compile(r"▲ 0\.\d+"))
    expect(terminal.money("Equity")).to_have_text(re.compile("USDT$"))
    expect(terminal.money("Fees")).not_to_have_text("0.00")
    expect(terminal.money("Total P&L")).not_to_have_text(profit)


def test_an_order_that_breaks_a_filter_cannot_be_sent(terminal: Terminal) -> None:
    terminal.draft("Buy", "0.001", price="60000.001")

    expect(terminal.page.locator("#price-finding")).to_have_text("must be a multiple of 0.01")
    expect(terminal.page.locator("button.send")).to_be_disabled()


def test_a_refusal_is_foretold_and_told_with_its_reason(terminal: Terminal) -> None:
    terminal.draft("Buy", "11", price=FAR_BELOW)
    expect(terminal.verdict).to_contain_text("Risk would refuse")
    expect(terminal.verdict).to_contain_text("ORDER_QTY_LIMIT")
    expect(terminal.verdict).to_contain_text("would pass: 10")
    terminal.send()

    expect(terminal.outcome).to_contain_text("RISK_REJECTED")
    expect(terminal.outcome).to_contain_text("ORDER_QTY_LIMIT")
    expect(terminal.show("Orders").first).to_contain_text("RISK_REJECTED")


def test_a_resting_order_is_cancelled_by_its_key(terminal: Terminal) -> None:
    terminal.draft("Buy", "0.001", price=FAR_BELOW)
    terminal.send()
    row = terminal.show("Open").filter(has_text="50,000.00")
    expect(row).to_have_count(1)

    row.click()
    terminal.page.keyboard.press("x")

    expect(row).to_have_count(0)
    expect(terminal.outcome).to_contain_text("CANCELLED")


def test_the_cut_link_is_told_and_resumes_without_a_gap(
    terminal: Terminal, platform: Platform
) -> None:
    terminal.draft("Buy", "0.001")
    terminal.page.context.set_offline(True)
    # Going offline leaves open sockets open: the application's own beat notices the silence.
    expect(terminal.page.get_by_text("Disconnected for")).to_be_visible(timeout=30_000)
    expect(terminal.page.locator("button.send")).to_be_disabled()
    missed = [
        platform.order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.003).json()
        for _ in range(5)
    ]

    terminal.page.context.set_offline(False)

    expect(terminal.link).to_have_text("live", timeout=30_000)
    assert {order["status"] for order in missed} <= {"FILLED", "SENT", "PARTIALLY_FILLED"}
    platform.wait_for(
        lambda: terminal.show("Fills").count() == min(200, len(terminal.fills_of_platform())),
        20,
        "every fill on the page",
    )
    expect(terminal.page.locator("button.send")).to_be_enabled()


def test_the_kill_switch_acts_only_when_it_is_held(terminal: Terminal) -> None:
    page = terminal.page
    kill = re.compile("^Kill")
    page.get_by_role("button", name=kill).click()
    page.wait_for_timeout(1_500)
    assert page.locator(".banner.halt").count() == 0

    terminal.hold(kill)

    expect(page.get_by_text("Trading of global is HALTED", exact=True)).to_be_visible()
    terminal.draft("Buy", "0.001")
    expect(terminal.verdict).to_contain_text("HALTED")
    terminal.hold(re.compile("^Hold to resume"))
    expect(page.locator(".banner.halt")).to_have_count(0)


def test_the_keys_change_pages_and_side(terminal: Terminal) -> None:
    page = terminal.page
    page.keyboard.press("s")
    sell = page.get_by_role("group", name="Side").get_by_role("button", name="Sell")
    expect(sell).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("g")
    page.keyboard.press("y")

    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_health_shows_every_component_and_claims_none(terminal: Terminal) -> None:
    page = terminal.page
    page.get_by_role("link", name="Health").click()
    rows = page.get_by_test_id("health").locator("tbody tr")

    expect(rows).to_have_count(26)
    known = terminal.platform.get("nginx", "/api/health")["components"]
    for component in known:
        row = rows.and_(page.locator(f"[data-component='{component['component']}']"))
        expect(row).to_have_attribute("data-state", component["state"])
    planned = rows.and_(page.locator("[data-state='planned']"))
    assert planned.count() == sum(c["state"] == "planned" for c in known)
