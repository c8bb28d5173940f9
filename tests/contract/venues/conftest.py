"""Every test of the contract runs against PRISM, its market on paper, and the live gateway.

Behind the gateway stands an exchange in memory ("live"), and Interactive Brokers by the real
ib_async, whose TWS says frames written from documentation ("ib"); `tests/integration/live` trades
with ccxt on a Binance dialect behind it. The tests' own venue keeps the contract too. All of the
contract holds for Interactive Brokers; it is tried with whole shares.
"""

from collections.abc import AsyncGenerator

import pytest
from tests.broker import running_broker
from tests.contract.venues.orders import COINS, SHARES, VenueSite
from tests.live import PlainExchange, running_gateway
from tests.prism import SECOND, a_clock, living
from tests.trading import PlainVenue
from tests.unit.prism.test_paper_market import a_book

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.adapters.venues.live import LiveVenue
from trade2026.adapters.venues.prism import PrismVenue
from trade2026.model.live import LiveMode
from trade2026.model.live_subjects import LIVE_STATEMENT
from trade2026.model.order import NewOrderSingle
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.subjects import (
    VENUE_CANCEL,
    VENUE_REPLACE,
    VENUE_STATEMENT,
    VENUE_STATUS,
    VENUE_SUBMIT,
)
from trade2026.ports.venue import Venue
from trade2026.prism import venue as prism_venue


async def _serve(bus: LocalBus, venue: prism_venue.Venue) -> None:
    await bus.serve(VENUE_SUBMIT, venue.submit)
    await bus.serve(VENUE_CANCEL, venue.cancel)
    await bus.serve(VENUE_REPLACE, venue.replace)
    await bus.serve(VENUE_STATUS, venue.status)

    async def on_statement(_: StatementRequest) -> Statement:
        return venue.floor.statement()

    await bus.serve(VENUE_STATEMENT, on_statement)


@pytest.fixture
def order(request: pytest.FixtureRequest) -> NewOrderSingle:
    """Return an order that rests at the venue of the test."""
    return SHARES if request.node.callspec.params["site"] == "ib" else COINS


@pytest.fixture
def venue(site: VenueSite) -> Venue:
    """Return the venue as execution sees it."""
    return site.venue


@pytest.fixture(params=["prism", "paper", "plain", "live", "ib"])
async def site(request: pytest.FixtureRequest) -> AsyncGenerator[VenueSite]:
    """Return a venue with a market around 60,000."""
    log = MemoryLog()
    if request.param == "plain":
        # The tests' own venue states nothing.
        yield VenueSite(PlainVenue(log), LocalBus(log, a_clock(), with_codec=True), VENUE_STATEMENT)
        return
    clock = a_clock()
    if request.param == "live":
        async with running_gateway(log, PlainExchange(), clock) as gateway:
            await gateway.open_balance()
            await gateway.raise_to(LiveMode.LIVE)
            yield VenueSite(LiveVenue(gateway.bus), gateway.bus, LIVE_STATEMENT)
        return
    if request.param == "ib":
        async with (
            running_broker() as (tws, broker),
            running_gateway(log, broker, clock, symbol="AAPL") as gateway,
        ):
            await gateway.open_balance()
            await gateway.raise_to(LiveMode.LIVE)
            site = VenueSite(LiveVenue(gateway.bus), gateway.bus, LIVE_STATEMENT)
            site.before_trading = lambda: setattr(tws, "fills_at", "190.01")
            yield site
        return
    async with living(log, clock, is_paper=request.param == "paper") as prism:
        if request.param == "paper":
            prism.paper.on_book(a_book())
        else:
            clock.advance(SECOND)
        await prism.settle()
        bus = LocalBus(log, clock, with_codec=True)
        await _serve(bus, prism.venue)
        yield VenueSite(PrismVenue(bus), bus, VENUE_STATEMENT)
        await bus.close()
