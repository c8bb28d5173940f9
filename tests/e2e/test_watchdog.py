"""The watchdog on a whole platform: a frozen core's orders go, and it wakes up halted."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from tests.e2e.rig import Platform, running_platform

from trade2026.shell.watchdog import read_watchdog

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WITHIN_S = 20.0
BID_PX = 58_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform for all of them."""
    with running_platform(tmp_path_factory.mktemp("watchdog") / "data") as made:
        yield made


def is_ours_in_the_book(platform: Platform) -> bool:
    """Return whether the venue, asked itself, shows our bid; agents do not bid so much there."""
    book = platform.get("PRISM", "/orderbook/BTCUSDT?depth=1000")
    return any(level["price"] == BID_PX and level["quantity"] >= 1 for level in book["bids"])


def test_a_core_that_freezes_loses_its_orders_and_wakes_up_halted(platform: Platform) -> None:
    # Large enough to be told from what agents may have there.
    reply = platform.order(symbol="BTCUSDT", side="BUY", quantity=1, price=BID_PX)
    assert reply.json()["status"] == "SENT", reply.text
    platform.wait_for(lambda: is_ours_in_the_book(platform), WITHIN_S, "order at the venue")
    core = platform.process_of("core")
    began = time.monotonic()
    os.kill(core, signal.SIGSTOP)
    try:
        gone = lambda: not is_ours_in_the_book(platform)  # noqa: E731 - one line, used once.
        platform.wait_for(gone, WITHIN_S, "cancel at the venue")
        took_s = time.monotonic() - began
    finally:
        os.kill(core, signal.SIGCONT)

    def is_halted() -> bool:
        return bool(platform.get("risk", "/risk/modes").get("global") == "HALTED")

    platform.wait_for(is_halted, WITHIN_S, "halt")
    assert took_s < WITHIN_S
    order_id = reply.json()["order_id"]

    def is_cancelled() -> bool:
        return bool(platform.get("oms", f"/orders/{order_id}")["status"] == "CANCELLED")

    platform.wait_for(is_cancelled, WITHIN_S, "the order's end")
    refused = platform.order(symbol="BTCUSDT", side="BUY", quantity=1, price=BID_PX)
    assert refused.json()["status"] == "RISK_REJECTED"
    alerts = platform.get("risk", "/risk/alerts")
    assert any("HALTED by watchdog: the core does not answer" in a["text"] for a in alerts)

    def has_let_go() -> bool:
        state = read_watchdog(platform.data_dir)
        return state is not None and not state.pulled_scopes

    # Who resumes has the last word, whether the watchdog has let go by then or not.
    assert platform.cli("resume").returncode == 0
    again = platform.order(symbol="BTCUSDT", side="BUY", quantity=1, price=BID_PX)
    assert again.json()["status"] == "SENT"
    platform.wait_for(has_let_go, WITHIN_S, "watchdog to let go")
    assert is_ours_in_the_book(platform)
    assert platform.get("oms", f"/orders/{again.json()['order_id']}")["status"] == "SENT"


def test_a_core_that_dies_is_started_again_and_keeps_its_orders(platform: Platform) -> None:
    platform.kill("core")
    platform.wait_for(platform.is_healthy, WITHIN_S, "health")

    assert platform.get("risk", "/risk/modes")["global"] == "NORMAL"
    assert is_ours_in_the_book(platform)


def test_a_watchdog_that_dies_is_started_again(platform: Platform) -> None:
    before = platform.kill("watchdog")
    platform.wait_for(lambda: platform.process_of("watchdog") != before, WITHIN_S, "watchdog")
    platform.wait_for(platform.is_healthy, WITHIN_S, "health")
