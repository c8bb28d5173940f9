"""A direct participant with a balance never spends what it has not; the balance outlives PRISM."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.factories import px, qty
from tests.prism import (
    SECOND,
    Orders,
    Prism,
    a_clock,
    cancel_of,
    check_conserved,
    living,
    sums,
    told,
)

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Px, Qty
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM
from trade2026.model.order import (
    NewOrderSingle,
    OrderReplaceRequest,
    OrdType,
    Side,
    TimeInForce,
)
from trade2026.model.prism import PrismFunding
from trade2026.prism.balance import Balance
from trade2026.prism.holdings import CASH, TREASURY, party_of

BUY, SELL = Side.BUY, Side.SELL
ACCOUNT = AccountId("bot")
PARTY = party_of(ACCOUNT, is_direct=True)


def funding(account: str = ACCOUNT, **amounts: str) -> PrismFunding:
    return PrismFunding(
        account=AccountId(account), amounts={a: qty(text) for a, text in amounts.items()}
    )


async def grown(prism: Prism) -> None:
    """Let the agents quote for some seconds."""
    for _ in range(4):
        prism.clock.advance(SECOND)
        await prism.settle()


def balances(prism: Prism) -> Mapping[str, Balance]:
    return prism.venue.floor.wallet_of(PARTY).balances()


def own(order: NewOrderSingle) -> NewOrderSingle:
    return msgspec.structs.replace(order, account=ACCOUNT)


async def outcome(prism: Prism, order: NewOrderSingle) -> tuple[ExecType, str]:
    """Send *order* as the participant and return its last report's type and text."""
    await prism.venue.submit(own(order), is_direct=True)
    placed = prism.venue.floor.orders.get(order.order_id)
    assert placed is not None
    return placed.reports[-1].exec_type, placed.reports[-1].text.partition(" ")[0]


async def test_a_balance_is_given_once_and_the_treasury_owes_it() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        assert await prism.venue.fund(funding(USDT="1000", BTC="2")) == ""
        assert await prism.venue.fund(funding(USDT="7")) == ""

        assert balances(prism)["USDT"] == Balance(qty("1000"), 0)
        assert balances(prism)["BTC"] == Balance(qty("2"), 0)
        holdings = prism.venue.floor.holdings
        assert holdings.inventory(TREASURY, "BTCUSDT") == -qty("2")
        assert sums(prism.venue.floor.all_holdings())[0][f"{CASH}USDT"] == 0
        check_conserved(prism)


async def test_a_balance_outlives_prism_before_and_after_a_snapshot() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await grown(prism)
        # Remembered from before the balance, so the log is read again from there.
        await prism.venue.submit(Orders(clock, seed=1).limit(BUY, "50000"))
        await prism.venue.fund(funding(USDT="1000"))
        assert (await outcome(prism, Orders(clock).market(BUY, "0.001")))[0] is ExecType.TRADE
        await grown(prism)
        before = balances(prism)
        assert before["BTC"].free == qty("0.001")
    for _ in range(3):
        async with living(log, clock) as prism:
            assert balances(prism) == before
            check_conserved(prism)
            await grown(prism)


async def test_whoever_traded_without_a_balance_is_given_none() -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await grown(prism)
        await outcome(prism, Orders(clock).limit(BUY, "50000"))

        problem = await prism.venue.fund(funding(USDT="1000"))

        assert problem.startswith("HAS_TRADED")
        assert not prism.venue.floor.holdings.is_funded(PARTY)


@pytest.mark.parametrize(
    ("side", "price", "quantity", "refused"),
    [
        # The fee of 5 bps, and a nano for each of the lots, must be there too.
        (BUY, "50000", "0.02", True),
        (BUY, "49975", "0.02", False),
        (BUY, "49975.02", "0.02", True),
        (SELL, "90000", "0.5", False),
        (SELL, "90000", "0.50001", True),
    ],
)
async def test_an_order_may_take_what_is_free_and_not_more(
    side: Side, price: str, quantity: str, refused: bool
) -> None:
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await grown(prism)
        await prism.venue.fund(funding(USDT="1000", BTC="0.5"))

        kind, text = await outcome(prism, Orders(clock).limit(side, price, quantity))

        assert (kind, text) == (
            (ExecType.REJECTED, "INSUFFICIENT_BALANCE") if refused else (ExecType.NEW, "")
        )


async def test_what_works_is_locked_until_it_is_cancelled() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    first, second = orders.limit(BUY, "40000", "0.015"), orders.limit(BUY, "40000", "0.015")
    async with living(log, clock) as prism:
        await grown(prism)
        await prism.venue.fund(funding(USDT="1000"))

        assert (await outcome(prism, first))[0] is ExecType.NEW
        locked = balances(prism)["USDT"]
        assert (await outcome(prism, second))[1] == "INSUFFICIENT_BALANCE"
        await prism.venue.cancel(cancel_of(own(first)), is_direct=True)

        # 600 and 0.3 of fee, and a nano for each of 1,500 lots.
        assert locked == Balance(qty("399.6999985"), qty("600.3000015"))
        assert balances(prism)["USDT"] == Balance(qty("1000"), 0)


async def test_a_market_order_is_measured_on_the_book() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await grown(prism)
        await prism.venue.fund(funding(USDT="700"))

        assert (await outcome(prism, orders.market(BUY, "0.02")))[1] == "INSUFFICIENT_BALANCE"
        assert (await outcome(prism, orders.market(BUY, "0.01")))[0] is ExecType.TRADE
        assert (await outcome(prism, orders.market(SELL, "0.02")))[1] == "INSUFFICIENT_BALANCE"


async def test_thousands_of_random_orders_never_make_a_balance_negative() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    random = chance.stream(3, "spenders")
    ends = Counter[ExecType]()
    async with living(log, clock) as prism:
        await grown(prism)
        await prism.venue.fund(funding(USDT="5000", BTC="0.05"))
        for number in range(3_000):
            side = BUY if random.random() < 0.5 else SELL
            lots = int(random.integers(1, 4_000))
            mid = prism.venue.floor.exchange.last_mid_px()["BTCUSDT"]
            price = Px(int(mid * random.uniform(0.999, 1.001)) // px("0.01") * px("0.01"))
            order = orders.limit(side, "1", "0.001")
            is_market = random.random() < 0.2
            order = msgspec.structs.replace(
                order,
                order_qty=Qty(max(20, lots) * qty("0.00001")),
                price=None if is_market else price,
                ord_type=OrdType.MARKET if is_market else OrdType.LIMIT,
                time_in_force=TimeInForce.IOC if random.random() < 0.3 else TimeInForce.GTC,
            )
            ends[(await outcome(prism, order))[0]] += 1
            if number % 10 == 0:
                clock.advance(SECOND // 10)
                await prism.settle()
            assert all(b.free >= 0 and b.locked >= 0 for b in balances(prism).values())
        check_conserved(prism)
    assert ends[ExecType.TRADE] > 20
    assert ends[ExecType.REJECTED] > 50
    assert told(log)


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_market_order_pays_for_what_is_hidden_and_for_what_an_own_stop_covers(
    is_hidden: bool,
) -> None:
    """Whoever can just pay for all that is shown cannot buy more of it than that."""
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await grown(prism)
        orders = Orders(clock)
        _, asks = prism.venue.floor.exchange.depth("BTCUSDT", 1_000)
        shown = Qty(sum(lots for _, lots in asks) * 10**4)
        # A tick is a cent, a lot 1e-5; fees, and what the iceberg shows, come on top.
        cost = sum(ticks * lots for ticks, lots in asks) // 10**7
        await prism.venue.fund(funding(USDT=str(cost * 101 // 100 + 40_000), BTC="10"))
        far = orders.limit(SELL, "900000", quantity="4", account="rival")
        if is_hidden:
            far = msgspec.structs.replace(far, display_qty=qty("0.04"))
        else:
            stop = orders.limit(SELL, "900000", quantity="4")
            await prism.venue.submit(
                own(msgspec.structs.replace(stop, ord_type=OrdType.STOP_LIMIT, stop_px=px("0.5"))),
                is_direct=True,
            )
        await prism.venue.submit(far)

        wants = msgspec.structs.replace(orders.market(BUY, "1"), order_qty=Qty(shown + qty("4")))
        told_of = await outcome(prism, wants)

        assert told_of[1] == "INSUFFICIENT_BALANCE"
        assert balances(prism)["USDT"].free > 0


async def test_a_replaced_order_locks_what_it_needs_then_and_never_more_than_there_is() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock) as prism:
        await grown(prism)
        await prism.venue.fund(funding(USDT="1000", BTC="0.5"))
        buy, sell = own(orders.limit(BUY, "40000", "0.01")), own(orders.limit(SELL, "90000", "0.2"))
        for order in (buy, sell):
            await prism.venue.submit(order, is_direct=True)

        async def replaced(order: NewOrderSingle, name: str, **asked: Any) -> ExecType:
            request = OrderReplaceRequest(
                order_id=order.order_id,
                replace_id=name,
                account=ACCOUNT,
                venue=PRISM,
                symbol=order.symbol,
                transact_time_ns=order.transact_time_ns,
                **asked,
            )
            await prism.venue.replace(request, is_direct=True)
            assert all(balance.free >= 0 for balance in balances(prism).values())
            placed = prism.venue.floor.orders.get(order.order_id)
            assert placed is not None
            return next(r.exec_type for r in placed.reports if r.replace_id == name)

        # Its own 400 are free for it, and not a fee more than 1,000.
        assert await replaced(buy, "a", order_qty=qty("0.0249")) is ExecType.REPLACED
        assert await replaced(buy, "b", order_qty=qty("0.025")) is ExecType.REPLACE_REJECTED
        assert await replaced(buy, "c", price=px("40200")) is ExecType.REPLACE_REJECTED
        assert (
            await replaced(buy, "d", order_qty=qty("0.01"), price=px("59000")) is ExecType.REPLACED
        )
        assert await replaced(sell, "e", order_qty=qty("0.5")) is ExecType.REPLACED
        assert await replaced(sell, "f", order_qty=qty("0.50001")) is ExecType.REPLACE_REJECTED
        assert balances(prism)["BTC"].locked == qty("0.5")
        check_conserved(prism)
