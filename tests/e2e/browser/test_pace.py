"""The Trade page keeps its pace: Chromium's own counters at a thousand book updates a second.

The platform's stream is passed through, except for the book, which is told here as the edge
would tell it: thirty times a second, conflated, one sequence number after another.
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
WARM_UP_S: Final = 5.0
PUMP_S: Final = 60.0
UPDATES_PER_S_MIN: Final = 1_000
TASK_MS_MAX: Final = 650
LAYOUT_MS_MAX: Final = 60
HEAP_GROWTH_BYTES_MAX: Final = 5 * 1024 * 1024
TOPIC: Final = "book:BTCUSDT"


class Pump:
    """Stands between the page and the edge, and tells the book in the edge's place."""

    def __init__(self, page: Page) -> None:
        self.asked_again = 0
        """How often the page asked for the book anew, which it does after a gap."""
        self._page = page
        self._route: WebSocketRoute | None = None
        self._seq = 0
        page.route_web_socket("**/api/stream", self._between)

    def run(self, limit_s: float) -> int:
        """Tell changes for a while, on time, and return how many."""
        begin, told = time.monotonic(), 0
        if self._seq == 0:
            self._tell("snapshot")
        while (passed_s := time.monotonic() - begin) < limit_s:
            while told < passed_s * HZ:
                self._tell("update")
                told += 1
            self._page.wait_for_timeout(500 / HZ)
        return told * LEVELS

    def _tell(self, kind: str) -> None:
        assert self._route is not None
        before = self._seq
        self._seq += LEVELS
        quantity = 1 + before // LEVELS % 7
        sides = {
            "bids": {f"{59_000 - index / 100:.2f}": quantity for index in range(LEVELS // 2)},
            "asks": {f"{59_001 + index / 100:.2f}": quantity for index in range(LEVELS // 2)},
        }
        message = {"topic": TOPIC, "kind": kind, "s": self._seq, "t": 0, "n": self._seq - before}
        self._route.send(json.dumps({**message, "data": {**sides, "depth": 100}}))

    def skip(self) -> None:
        """Lose an update on the way."""
        self._seq += LEVELS

    def _between(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def from_page(message: str | bytes) -> None:
            asked = json.loads(message)
            if self._seq and (asked.get("op"), asked.get("topic")) == ("subscribe", TOPIC):
                self.asked_again += 1
            server.send(message)

        def from_server(message: str | bytes) -> None:
            if json.loads(message).get("topic") != TOPIC:
                route.send(message)

        route.on_message(from_page)
        server.on_message(from_server)
        self._route = route


def counters(session: Any) -> dict[str, float]:
    """Return Chromium's performance counters; the session's own types are loose."""
    session.send("HeapProfiler.collectGarbage")
    found: Any = session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


def test_a_thousand_updates_a_second_leave_the_page_room(
    chromium_page: Page, platform: Platform
) -> None:
    pump = Pump(chromium_page)
    Terminal(chromium_page, platform).sign_in()
    expect(chromium_page.get_by_test_id("chart").locator("canvas").first).to_be_visible()
    session: Any = chromium_page.context.new_cdp_session(chromium_page)
    session.send("Performance.enable")
    pump.run(WARM_UP_S)
    before, begin = counters(session), time.monotonic()

    count = pump.run(PUMP_S)

    after, took_s = counters(session), time.monotonic() - begin
    spent = {
        name: 1000 * (after[name] - before[name]) / took_s
        for name in ("TaskDuration", "LayoutDuration")
    }
    grown = after["JSHeapUsedSize"] - before["JSHeapUsedSize"]
    print(f"{count / took_s:.0f} updates/s, {spent}, heap {grown / 1e6:+.2f} MB")  # noqa: T201
    assert count / PUMP_S >= UPDATES_PER_S_MIN
    assert pump.asked_again == 0
    assert spent["TaskDuration"] <= TASK_MS_MAX
    assert spent["LayoutDuration"] <= LAYOUT_MS_MAX
    assert grown <= HEAP_GROWTH_BYTES_MAX

    # The page does see a gap: what counted none above is able to.
    pump.skip()
    pump.run(1.0)
    assert pump.asked_again == 1
