"""The contract of venues kept by a ccxt exchange behind the live gateway: our own dialect.

The very tests that PRISM passes, with the real ccxt and ccxt.pro over real sockets.
"""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.contract.venues.orders import COINS, VenueSite
from tests.contract.venues.test_balances import (
    test_a_trade_moves_what_was_bought_and_what_it_cost as trade_moves,
)
from tests.contract.venues.test_balances import (
    test_an_order_that_rests_takes_nothing_and_keeps_back_no_more_than_its_worth as resting_takes,
)
from tests.contract.venues.test_balances import (
    test_what_was_there_before_the_first_trade_has_a_cause as has_a_cause,
)
from tests.contract.venues.test_changes import (
    test_a_change_is_answered_once_under_its_name,
    test_a_change_of_an_order_that_has_ended_is_refused_by_a_report,
    test_a_change_of_an_order_that_never_came_is_not_taken_in,
    test_a_changed_order_can_be_cancelled_whole,
    test_an_order_is_taken_in_once,
)
from tests.integration.prism.site import a_site
from tests.live import running_gateway

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.exchanges.ccxt_exchange import CcxtExchange
from trade2026.adapters.venues.live import LiveVenue
from trade2026.core.clock import SystemClock
from trade2026.model.live import LiveMode
from trade2026.model.live_subjects import LIVE_STATEMENT
from trade2026.model.order import NewOrderSingle
from trade2026.ports.venue import Venue

__all__ = [
    "test_a_change_is_answered_once_under_its_name",
    "test_a_change_of_an_order_that_has_ended_is_refused_by_a_report",
    "test_a_change_of_an_order_that_never_came_is_not_taken_in",
    "test_a_changed_order_can_be_cancelled_whole",
    "test_an_order_is_taken_in_once",
]

pytestmark = pytest.mark.integration


@pytest.fixture
def order() -> NewOrderSingle:
    """Return an order that rests at the exchange."""
    return COINS


@pytest.fixture
def venue(site: VenueSite) -> Venue:
    """Return the exchange as execution sees it."""
    return site.venue


async def test_what_there_is_has_a_cause_from_the_first_on(
    site: VenueSite, order: NewOrderSingle
) -> None:
    # The same tests, one after another: they are parametrized with other venues.
    await has_a_cause(site)
    await resting_takes(site, order)
    await trade_moves(site, order)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[VenueSite]:
    """Return the exchange with a market around 60,000, and its statement."""
    async with a_site(tmp_path, monkeypatch) as there:
        key = await there.key()
        exchange = CcxtExchange(
            exchange="binance",
            api_key=key["api_key"],
            secret=key["secret"],
            symbols=["BTCUSDT"],
            url=f"http://{there.host}",
        )
        async with running_gateway(MemoryLog(), exchange, SystemClock()) as gateway:
            await gateway.open_balance()
            await gateway.raise_to(LiveMode.LIVE)
            yield VenueSite(LiveVenue(gateway.bus), gateway.bus, LIVE_STATEMENT)
        await exchange.close()
