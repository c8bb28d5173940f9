"""What the gateway states for the exchange: the exchange's word, and never a guess."""

from collections.abc import AsyncGenerator

import pytest
from msgspec.structs import replace
from tests.factories import px, qty
from tests.live import Gateway
from tests.trading import until
from tests.unit.desk.test_live import AT_MARKET, BUY, Site, submit

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import RefusedError, VenueBusyError
from trade2026.core.ids import OrderId
from trade2026.core.numbers import NANOS
from trade2026.desk import live_statement
from trade2026.desk.live_statement import RECENT_NS, LiveStatement
from trade2026.model.instrument import LIVE
from trade2026.model.live import LiveMode
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.ports.exchange import ExchangeStatus


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def live(site: Site) -> AsyncGenerator[Gateway]:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.LIVE)
        yield gateway


async def stated(site: Site, gateway: Gateway) -> Statement:
    desk = LiveStatement(gateway.desk.state, gateway.work, gateway.balances, site.clock)
    return await desk.on_statement(StatementRequest(venue=LIVE))


def held(statement: Statement) -> list[tuple[int, int]]:
    return [(one.quantity, one.cash) for one in statement.lines]


def name_of(gateway: Gateway, order_id: OrderId) -> str:
    return gateway.desk.state.orders[order_id].client_id


async def test_it_states_what_traded_and_what_works(site: Site, live: Gateway) -> None:
    await submit(live, replace(AT_MARKET, order_id=OrderId("bought")))
    await submit(live)
    site.exchange.fill(name_of(live, BUY.order_id), qty("0.004"), px("49000"))

    told = await stated(site, live)

    # The fill that only the exchange knew was booked on the way; each costs a nano.
    spent = -(qty("0.01") * px("50000.5") + qty("0.004") * px("49000") + 2 * NANOS)
    assert held(told) == [(qty("0.014"), spent)]
    assert told.orders is not None
    (working,) = told.orders
    assert (working.order_id, working.cum_qty) == (BUY.order_id, qty("0.004"))
    assert told.report_seq == live.desk.state.report_seq


async def test_a_trade_that_only_the_exchange_knows_is_booked_first(
    site: Site, live: Gateway
) -> None:
    await submit(live)
    name = name_of(live, BUY.order_id)
    trade = site.exchange.fill(name, qty("0.004"), px("49000"))
    site.exchange.hear(trade)
    await until(lambda: live.desk.state.orders[BUY.order_id].cum_qty == qty("0.004"))
    site.exchange.fill(name, qty("0.002"), px("49000"))

    told = await stated(site, live)

    assert [one[0] for one in held(told)] == [qty("0.006")]


async def test_a_trade_that_the_exchange_does_not_know_is_not_held(
    site: Site, live: Gateway
) -> None:
    await submit(live, AT_MARKET)
    site.exchange.made.clear()

    assert held(await stated(site, live)) == [(0, 0)]
    # Some exchanges tell of the day only: older trades are not doubted.
    site.clock.advance(RECENT_NS + NS_PER_S)
    assert [one[0] for one in held(await stated(site, live))] == [qty("0.01")]


@pytest.mark.parametrize("is_known", [False, True])
async def test_an_order_that_ended_there_does_not_work(
    site: Site, live: Gateway, *, is_known: bool
) -> None:
    await submit(live)
    name = name_of(live, BUY.order_id)
    if is_known:
        site.exchange.states[name] = replace(
            site.exchange.states[name], status=ExchangeStatus.CANCELED
        )
    else:
        del site.exchange.states[name]

    assert (await stated(site, live)).orders == ()


async def test_what_is_only_imagined_works_here(site: Site) -> None:
    async with site.running() as gateway:
        await gateway.raise_to(LiveMode.SHADOW)
        await submit(gateway)

        told = await stated(site, gateway)

    assert site.exchange.sent == []
    assert told.orders is not None
    assert [(one.order_id, one.cum_qty) for one in told.orders] == [(BUY.order_id, 0)]
    assert told.lines == ()


async def test_more_orders_than_can_be_asked_about_are_not_told(
    site: Site, live: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_statement, "ASKED_MOST", 1)
    await live.open_balance()
    for number in range(2):
        await submit(live, replace(BUY, order_id=OrderId(f"order-{number}")))

    told = await stated(site, live)

    assert told.orders is None
    assert (told.balances, told.balances_why) == (None, "more orders work than can be asked about")


async def test_an_exchange_that_does_not_answer_states_nothing(site: Site, live: Gateway) -> None:
    await submit(live, AT_MARKET)
    site.exchange.is_deaf = True

    with pytest.raises(RefusedError):
        await stated(site, live)


async def test_an_exchange_that_wants_to_be_left_alone_is(site: Site, live: Gateway) -> None:
    site.exchange.refuses = VenueBusyError("RATE_LIMITED", 60.0)
    await submit(live)

    with pytest.raises(RefusedError, match="left alone"):
        await stated(site, live)
