"""The Trade page keeps its pace: Chromium's own counters at a thousand book updates a second.

The platform's stream is passed through and the updates are put between its messages, as the
edge would send them: thirty times a second, conflated.
"""

import json
import time
from typing import Any, Final

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from tests.e2e.browser.terminal import Terminal
from tests.e2e.rig import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HZ: Final = 30
LEVELS: Final = 34
"""Changes in one message: with thirty messages, a thousand a second."""
PUMP_S: Final = 8.0
TASK_MS_MAX: Final = 650
LAYOUT_MS_MAX: Final = 60
TOPIC: Final = "book:BTCUSDT"


def counters(session: Any) -> dict[str, float]:
    """Return Chromium's performance counters; the session's own types are loose."""
    found: Any = session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


def pump(page: Page, routes: list[WebSocketRoute]) -> int:
    """Send changes to the book for a while, and return how many."""
    end, number = time.monotonic() + PUMP_S, 0
    while time.monotonic() < end:
        number += 1
        levels = {f"{59_000 + index / 100:.2f}": 1 + number % 7 for index in range(LEVELS)}
        message = {"topic": TOPIC, "kind": "update", "s": number, "t": 0, "n": LEVELS}
        routes[-1].send(json.dumps({**message, "data": {"bids": levels, "asks": {}}}))
        page.wait_for_timeout(1000 / HZ)
    return number * LEVELS


def test_a_thousand_updates_a_second_leave_the_page_room(
    chromium_page: Page, platform: Platform
) -> None:
    routes: list[WebSocketRoute] = []

    def through(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    chromium_page.route_web_socket("**/api/stream", through)
    terminal = Terminal(chromium_page, platform)
    terminal.sign_in()
    expect(chromium_page.get_by_test_id("chart").locator("canvas").first).to_be_visible()
    session: Any = chromium_page.context.new_cdp_session(chromium_page)
    session.send("Performance.enable")
    before, begin = counters(session), time.monotonic()

    count = pump(chromium_page, routes)

    after, took_s = counters(session), time.monotonic() - begin
    spent = {
        name: 1000 * (after[name] - before[name]) / took_s
        for name in ("TaskDuration", "LayoutDuration")
    }
    assert count / took_s > 500
    assert spent["TaskDuration"] <= TASK_MS_MAX
    assert spent["LayoutDuration"] <= LAYOUT_MS_MAX
