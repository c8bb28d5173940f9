"""Stops rest with the OMS and are sent when the market reaches them; orders end by their time."""

import asyncio
from typing import Any

import pytest
from tests.factories import NOW_NS, a_quote, px, qty
from tests.trading import (
    Core,
    PlainVenue,
    a_resting_ask,
    an_ask,
    running_core,
    until,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import OrderId
from trade2026.domain.oms.order import Order
from trade2026.model.instrument import PRISM
from trade2026.model.market import Aggressor, Trade, TradeBatch
from trade2026.model.order import NewOrderSingle, OrdStatus, OrdType, Side, TimeInForce
from trade2026.model.risk import GLOBAL_SCOPE, Refusal, RefusalCode, TradingMode
from trade2026.model.subjects import Stream
from trade2026.ports.bus import Delivery

DELIVERY = Delivery(subject="market.trade.PRISM.BTCUSDT", stream_seq=1, appended_ns=NOW_NS)


@pytest.fixture
def log() -> MemoryLog:
    """Return an empty log."""
    return MemoryLog()


@pytest.fixture
def venue(log: MemoryLog) -> PlainVenue:
    """Return a venue that outlives the cores."""
    return PlainVenue(log)


async def place(core: Core, **changes: Any) -> OrderId:
    """Place a stop to buy at 61,000, changed by *changes*."""
    stop: dict[str, Any] = {
        "ord_type": OrdType.STOP,
        "time_in_force": TimeInForce.GTC,
        "stop_px": px("61000"),
    }
    order, _ = await core.oms.submit(an_ask(**{**stop, **changes}))
    return order.request.order_id


def stands(core: Core, order_id: OrderId) -> Order:
    return core.oms.journal.order(order_id)


async def kill(core: Core) -> None:
    await core.risk.switch(
        scope=GLOBAL_SCOPE,
        mode=TradingMode.HALTED,
        cancel_open=True,
        reason="test",
        asked_by="tess",
    )


async def trade(core: Core, price: str) -> None:
    record = Trade(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        trade_id="t",
        px=px(price),
        qty=qty("1"),
        aggressor_side=Aggressor.BUY,
    )
    batch = TradeBatch(venue=PRISM, symbol="BTCUSDT", records=(record,))
    await core.oms.resting.on_trades(batch, DELIVERY)


async def test_a_stop_rests_accepted_and_is_sent_when_it_is_reached(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)
        await trade(core, "60999.99")
        assert stands(core, order_id).status is OrdStatus.ACCEPTED
        assert venue.taken == {}
        exposure = core.risk.book.exposure("default")
        assert exposure is not None
        assert exposure.reserved > 0

        await trade(core, "61000")
        await until(lambda: stands(core, order_id).is_done)

        assert stands(core, order_id).status is OrdStatus.FILLED
        assert venue.taken[order_id].ord_type is OrdType.MARKET
        names = [type(e).__name__ for e in core.oms.journal.orders.events_of(order_id)]
        assert names[2:4] == ["OrderTriggered", "OrderSent"]


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "risk silent"])
async def test_a_reached_stop_that_waited_for_the_log_is_not_sent_after_a_kill(
    log: MemoryLog, venue: PlainVenue, monkeypatch: pytest.MonkeyPatch, is_killed: bool
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)
        # It is triggered, and then sent: that is what waits.
        core.bus.pauses_at = core.bus.count + 1
        trading = asyncio.ensure_future(trade(core, "61000"))
        await until(lambda: core.bus.is_paused)
        core.bus.pauses_at = -1
        if is_killed:
            await kill(core)
        else:
            monkeypatch.setattr(core.oms.steps, "_ask_risk", silent)
        core.clock.advance(NS_PER_S)
        core.bus.pause_over.set()
        await trading
        await until(lambda: stands(core, order_id).is_done)

        order = stands(core, order_id)
        # Risk that does not answer is no reason to give up what protects somebody.
        assert order.status is (OrdStatus.FAILED if is_killed else OrdStatus.FILLED)
        assert (venue.taken == {}) == is_killed
        assert ("halted" in order.text) == is_killed


async def silent(_: NewOrderSingle) -> tuple[None, tuple[Refusal, ...]]:
    return None, (Refusal(code=RefusalCode.RISK_UNAVAILABLE, text="risk did not answer"),)


async def test_a_stop_outlives_a_restart_and_the_first_trade_beyond_it_reaches_it(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)

    async with running_core(log, venue, life=1) as core:
        core.clock.advance(2 * NS_PER_S)
        assert stands(core, order_id).is_resting
        await trade(core, "65000")
        await until(lambda: stands(core, order_id).is_done)

        assert stands(core, order_id).status is OrdStatus.FILLED
        assert list(venue.taken) == [order_id]


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("dies_after", [0, 1])
async def test_a_core_that_dies_while_a_stop_is_sent_is_followed_by_one_that_sends_it_once(
    log: MemoryLog, venue: PlainVenue, dies_after: int, is_stored: bool
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)
        core.bus.dies_at, core.bus.is_stored = core.bus.count + dies_after, is_stored
        await trade(core, "61000")
        await core.bus.died.wait()

    async with running_core(log, venue, life=1) as core:
        await trade(core, "61000")
        core.clock.advance(2 * NS_PER_S)
        core.risk.book.quote(PRISM, "BTCUSDT", a_quote("59999.99", "60000.01"), core.clock.now_ns())
        await until(lambda: stands(core, order_id).is_done)

        sent_in_doubt = dies_after == 1 and is_stored
        # Journalled as sent and never heard of: the venue says that it never got it.
        expected = OrdStatus.FAILED if sent_in_doubt else OrdStatus.FILLED
        assert stands(core, order_id).status is expected
        assert len(venue.taken) == (0 if sent_in_doubt else 1)


async def test_a_stop_that_is_reached_after_a_kill_is_not_sent(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)
        await kill(core)
        await until(lambda: stands(core, order_id).is_done)
        await trade(core, "61000")

        assert stands(core, order_id).status is OrdStatus.CANCELLED
        assert venue.taken == {}


async def test_a_resting_stop_is_cancelled_by_us_alone(log: MemoryLog, venue: PlainVenue) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(core)
        order = await core.oms.cancel(order_id, "tess")
        await trade(core, "61000")

        assert order.status is OrdStatus.CANCELLED
        seq = await core.bus.last_seq(Stream.ORDERS)
        await until(lambda: core.risk.book.accounts.seq == seq)
        exposure = core.risk.book.exposure("default")
        assert exposure is not None
        assert (exposure.reserved, exposure.open_order_count) == (0, 0)
        assert venue.taken == {}


async def test_where_a_trailing_stop_stands_outlives_a_restart(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order_id = await place(
            core,
            ord_type=OrdType.TRAILING_STOP,
            side=Side.SELL,
            stop_px=None,
            trailing_offset=px("1000"),
        )
        await trade(core, "60000")
        await trade(core, "62000")
        await until(lambda: stands(core, order_id).request.stop_px == px("61000"))

    async with running_core(log, venue, life=1) as core:
        await trade(core, "61000.01")
        assert stands(core, order_id).is_resting
        await trade(core, "61000")
        await until(lambda: stands(core, order_id).is_done)

        assert stands(core, order_id).status is OrdStatus.FILLED


async def test_an_order_ends_by_its_time_when_the_venue_has_confirmed(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        ask = a_resting_ask(time_in_force=TimeInForce.GTD, expire_ns=TimeNs(NOW_NS + 5 * NS_PER_S))
        order, _ = await core.oms.submit(ask)
        order_id = order.request.order_id
        stop_id = await place(
            core, time_in_force=TimeInForce.GTD, expire_ns=TimeNs(NOW_NS + 5 * NS_PER_S)
        )
        assert venue.taken[order_id].time_in_force is TimeInForce.GTC

        core.clock.advance(5 * NS_PER_S)
        await until(lambda: stands(core, order_id).is_done and stands(core, stop_id).is_done)

        assert stands(core, order_id).status is OrdStatus.EXPIRED
        assert stands(core, stop_id).status is OrdStatus.EXPIRED
        assert list(venue.taken) == [order_id]


async def test_a_day_order_ends_with_the_day_and_one_that_is_over_is_not_taken(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        order, _ = await core.oms.submit(a_resting_ask("day", time_in_force=TimeInForce.DAY))
        again, is_new = await core.oms.submit(a_resting_ask("day", time_in_force=TimeInForce.DAY))

        day_ns = 86_400 * NS_PER_S
        assert order.request.expire_ns == (NOW_NS // day_ns + 1) * day_ns
        assert (again.request, is_new) == (order.request, False)
        with pytest.raises(InvalidInputError, match="expire_at"):
            await place(core, time_in_force=TimeInForce.GTD, expire_ns=NOW_NS)


async def test_a_reduce_only_order_goes_when_nothing_is_left_to_reduce(
    log: MemoryLog, venue: PlainVenue
) -> None:
    async with running_core(log, venue) as core:
        refused, _ = await core.oms.submit(an_ask(is_reduce_only=True))
        assert refused.status is OrdStatus.RISK_REJECTED
        bought, _ = await core.oms.submit(an_ask())
        await until(lambda: stands(core, bought.request.order_id).is_done)
        seq = await core.bus.last_seq(Stream.ORDERS)
        await until(lambda: core.risk.book.accounts.seq == seq)
        take_profit = a_resting_ask(side=Side.SELL, price=px("62000"), is_reduce_only=True)
        order, _ = await core.oms.submit(take_profit)
        order_id = order.request.order_id
        assert order.status is OrdStatus.SENT

        await core.oms.submit(an_ask(side=Side.SELL))
        await until(lambda: stands(core, order_id).is_done)

        assert stands(core, order_id).status is OrdStatus.CANCELLED
