"""What the live gateway tells of itself to whoever routes orders."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from tests.factories import NOW_NS
from tests.live import A_BOOK, Gateway, PlainExchange, running_gateway

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.desk.live_look import LiveLook
from trade2026.model.live import LiveMode
from trade2026.model.route import LookRequest, VenueSight

BTC = LookRequest(symbol="BTCUSDT")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW_NS)


@pytest.fixture
async def gateway(clock: VirtualClock) -> AsyncGenerator[Gateway]:
    async with running_gateway(MemoryLog(), PlainExchange(), clock) as gateway:
        yield gateway


@pytest.fixture
def look(gateway: Gateway) -> LiveLook:
    return LiveLook(gateway.desk, 2, 7)


async def test_it_tells_the_exchanges_price_and_fees(gateway: Gateway, look: LiveLook) -> None:
    await gateway.raise_to(LiveMode.SHADOW)

    sight = await look.on_look(BTC)

    assert (sight.problem, sight.maker_bps, sight.taker_bps) == ("", 2, 7)
    assert (sight.bid_px, sight.ask_px) == (A_BOOK.bids[0][0], A_BOOK.asks[0][0])


async def test_a_mock_has_no_price_of_its_own(look: LiveLook) -> None:
    assert await look.on_look(BTC) == VenueSight()


async def test_what_stops_orders_is_told(
    gateway: Gateway, look: LiveLook, clock: VirtualClock
) -> None:
    await gateway.raise_to(LiveMode.SHADOW)
    other = await look.on_look(LookRequest(symbol="ETHUSDT"))
    assert other.problem == "does not list ETHUSDT"

    gateway.desk.problem = "no network"
    assert (await look.on_look(BTC)).problem == "NOT_CONNECTED no network"
    clock.advance(11 * NS_PER_S)
    gateway.desk.problem = ""
    assert (await look.on_look(BTC)).problem.startswith("STALE_PRICE")
    await gateway.desk.panic(asked_by="ann", reason="a test")
    await asyncio.sleep(0)
    assert (await look.on_look(BTC)).problem == "the panic button is in"
