"""No outsider can shut out another, and no direct participant becomes too large."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import NOW_NS, a_report, an_order, px, qty
from tests.prism import FOK, INSTRUMENTS, IOC, Orders, Prism, a_clock, cancel_of, living, told

from trade2026.adapters.bus.local import PAYLOAD_BYTES_MAX
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import NANOS, Money, Qty, SignedQty, Value
from trade2026.model import codec
from trade2026.model.execution import ExecType
from trade2026.model.order import NewOrderSingle, Side
from trade2026.model.prism import (
    OutsideOrder,
    PartyHolding,
    PrismFunding,
    PrismLife,
    PrismSnapshot,
)
from trade2026.prism.holdings import FEES, Holdings
from trade2026.prism.limits import (
    Limits,
    notional_problem,
    open_problem,
    parties_problem,
    rows_problem,
)
from trade2026.prism.outside import REMEMBER_NS, OutsideOrders, order_of

BUY, SELL = Side.BUY, Side.SELL
MIDS = {"BTCUSDT": px("50000"), "AAPL": px("100")}


def working(*requests: NewOrderSingle, is_direct: bool) -> OutsideOrders:
    orders = OutsideOrders()
    for number, request in enumerate(requests, 1):
        order = order_of(
            request, is_direct=is_direct, input_seq=number, number=number, venue_order_id=""
        )
        orders.tick(number, number)
        orders.add(order, arrived_ns=number)
    return orders


def forget_at(orders: OutsideOrders, monotonic_ns: int) -> None:
    orders.tick(monotonic_ns, monotonic_ns)
    orders.forget()


def resting(count: int, account: str = "default") -> list[NewOrderSingle]:
    return [
        an_order(order_id=OrderId(f"{account}-{number}"), account=AccountId(account))
        for number in range(count)
    ]


def test_an_order_that_worked_long_is_forgotten_by_our_time_and_not_the_markets() -> None:
    orders = working(*resting(1), is_direct=True)
    forget_at(orders, 2 * REMEMBER_NS)
    (order,) = orders.open_orders()
    # A market that is driven fast is years ahead.
    ends = a_report(order.request, exec_type=ExecType.CANCELED, ts_event_ns=10**18)

    orders.apply(order, ends)
    forget_at(orders, 2 * REMEMBER_NS + 1)
    remembered = orders.get(ends.order_id)
    forget_at(orders, 4 * REMEMBER_NS)

    assert remembered is not None
    assert orders.get(ends.order_id) is None
    assert orders.forgotten_until_ns <= 2 * REMEMBER_NS
    assert orders.window_seq is None


@pytest.mark.parametrize(("is_direct", "most"), [(True, 500), (False, 2_000)])
def test_an_account_has_its_own_number_of_working_orders(is_direct: bool, most: int) -> None:
    almost = working(*resting(most - 1), is_direct=is_direct)
    full = working(*resting(most), is_direct=is_direct)

    def problem(orders: OutsideOrders, account: str) -> str:
        order = an_order(account=AccountId(account))
        return open_problem(order, is_direct=is_direct, orders=orders, limits=Limits())

    assert problem(almost, "default") == ""
    assert problem(full, "default").startswith("TOO_MANY_ORDERS")
    assert problem(full, "other") == ""


def test_direct_participants_together_leave_room_for_the_platform() -> None:
    many = [order for account in "abc" for order in resting(500, account)]
    orders, limits = working(*many, is_direct=True), Limits()

    def problem(*, is_direct: bool) -> str:
        order = an_order(account=AccountId("d"))
        return open_problem(order, is_direct=is_direct, orders=orders, limits=limits)

    assert problem(is_direct=True).startswith("TOO_MANY_ORDERS")
    assert problem(is_direct=False) == ""
    assert limits.all_open_max > limits.direct_open_max + limits.account_open_max
    assert limits.all_open_max - limits.all_direct_open_max > limits.account_open_max


def test_there_is_a_bound_for_all_together() -> None:
    orders = working(*resting(2_000, "a"), *resting(2_000, "b"), is_direct=False)

    problem = open_problem(an_order(), is_direct=False, orders=orders, limits=Limits())

    assert problem.startswith("TOO_MANY_ORDERS")


def test_what_never_rests_is_not_bounded() -> None:
    orders = working(*resting(500), is_direct=True)
    never = [
        an_order(time_in_force=IOC),
        an_order(time_in_force=FOK),
        Orders(a_clock()).market(BUY),
    ]

    problems = [open_problem(o, is_direct=True, orders=orders, limits=Limits()) for o in never]

    assert problems == ["", "", ""]


def test_a_snapshot_and_a_life_of_all_that_outsiders_may_have_are_one_message() -> None:
    name = "x" * 64
    order = OutsideOrder(
        order_id=OrderId(name),
        account=AccountId(name),
        symbol="BTCUSDT",
        side=SELL,
        venue_order_id="1000000-1000000000",
        cum_qty=Qty(2**63 - 1),
        is_direct=True,
    )
    holding = PartyHolding(
        party=f"direct:{name}",
        symbol="BTCUSDT",
        cash=Value(2**126),
        inventory=SignedQty(2**63 - 1),
    )
    # Besides: what sixty agents and the fees have in six symbols, and one funding.
    agent = msgspec.structs.replace(holding, party="agent:fundamental-999")
    holdings = (agent,) * 366 + (holding,) * (Limits().rows_max + 7)
    snapshot = PrismSnapshot(
        sim_time_ns=NOW_NS,
        report_seq=2**62,
        holdings=holdings,
        last_mid_px={},
        seed=7,
        restarts=0,
        older_orders=(order,) * Limits().all_open_max,
    )

    life = PrismLife(
        life_id=EventId(name),
        life=1,
        rules=name,
        seed=7,
        draw=1,
        start_ns=NOW_NS,
        holdings=holdings,
        last_mid_px={},
    )

    assert Limits().parties_max <= Limits().rows_max
    assert Limits().direct_parties_max < Limits().parties_max
    assert Limits().direct_rows_max < Limits().rows_max
    for message in (snapshot, life):
        assert len(codec.encode(message)) < PAYLOAD_BYTES_MAX - 10_000


def test_no_more_holdings_than_the_limit_come_to_be_and_those_there_are_go_on() -> None:
    holdings, limits = held("1"), Limits(rows_max=3)
    orders = working(*resting(2, "a"), is_direct=False)

    def problem(party: str, *symbols: str) -> str:
        text = rows_problem(party, symbols, orders=orders, holdings=holdings, limits=limits)
        return text.partition(" ")[0]

    assert holdings.outside_rows == 1
    assert problem("account:b", "AAPL") == ""
    assert problem("account:b", "AAPL", "BTCUSDT") == "TOO_MANY_ACCOUNTS"
    orders = working(*resting(2, "a"), *resting(1, "b"), is_direct=False)
    assert problem("account:c", "BTCUSDT") == "TOO_MANY_ACCOUNTS"
    assert problem("account:a", "AAPL") == "TOO_MANY_ACCOUNTS"
    assert problem("account:a", "BTCUSDT") == ""
    assert problem("direct:default", "BTCUSDT") == ""


def test_direct_participants_hold_no_more_than_their_share() -> None:
    holdings, limits = held("1"), Limits(rows_max=9, direct_rows_max=3)

    def problem(orders: OutsideOrders, party: str, *symbols: str) -> str:
        text = rows_problem(party, symbols, orders=orders, holdings=holdings, limits=limits)
        return text.partition(" ")[0]

    nothing = working(is_direct=True)
    platform = working(*resting(2, "a"), *resting(2, "b"), is_direct=False)
    direct = working(*resting(2, "a"), *resting(2, "b"), is_direct=True)
    assert (holdings.outside_rows, holdings.direct_rows) == (1, 1)
    assert problem(nothing, "direct:c", "AAPL", "BTCUSDT") == ""
    assert problem(nothing, "direct:c", "AAPL", "BTCUSDT", "MSFT") == "TOO_MANY_ACCOUNTS"
    # What the platform's orders promise takes nothing of that share.
    assert problem(platform, "direct:c", "AAPL", "BTCUSDT") == ""
    assert problem(direct, "direct:c", "AAPL") == "TOO_MANY_ACCOUNTS"
    assert problem(direct, "direct:a", "BTCUSDT") == ""
    assert problem(direct, "account:c", "AAPL", "BTCUSDT") == ""


def test_direct_participants_are_no_more_than_their_share() -> None:
    holdings, limits = held("1"), Limits(parties_max=5, direct_parties_max=2)

    def problem(party: str, *owners: str) -> str:
        text = parties_problem(party, owners=owners, holdings=holdings, limits=limits)
        return text.partition(" ")[0]

    assert problem("direct:b") == ""
    assert problem("direct:b", "direct:a", "direct:default") == "TOO_MANY_ACCOUNTS"
    assert problem("direct:b", "direct:default", "account:a", "account:b") == ""
    assert problem("account:b", "direct:a", "direct:default") == ""
    assert problem("account:f", *(f"account:{a}" for a in "abcde")) == "TOO_MANY_ACCOUNTS"


def test_who_came_and_has_nothing_is_counted_with_who_has_something_and_agents_are_not() -> None:
    parties = ("account:a", "direct:b", "agent:noise-1", "former-agents", FEES)
    holdings = Holdings(
        PartyHolding(party=party, symbol="AAPL", cash=Value(1), inventory=SignedQty(0))
        for party in parties
    )
    limits = Limits(parties_max=4, direct_parties_max=2)

    def problem(party: str, *owners: str) -> str:
        text = parties_problem(party, owners=owners, holdings=holdings, limits=limits)
        return text.partition(" ")[0]

    assert problem("account:e", "account:a", "direct:b", "account:c") == ""
    assert problem("account:e", "account:c", "account:d") == "TOO_MANY_ACCOUNTS"
    assert problem("direct:e", "direct:b") == ""
    assert problem("direct:e", "direct:d") == "TOO_MANY_ACCOUNTS"


async def test_funded_participants_never_shut_out_the_platform_also_after_a_restart() -> None:
    log, clock = MemoryLog(), a_clock()
    orders, limits = Orders(clock), Limits(rows_max=9, direct_rows_max=6)
    before, after = orders.market(BUY), orders.market(BUY)
    async with living(log, clock, limits=limits) as prism:
        await opened(prism)
        amounts = {"USDT": qty("1000"), "BTC": qty("1")}
        fundings = [PrismFunding(account=AccountId(a), amounts=amounts) for a in "abcd"]
        problems = [await prism.venue.fund(one) for one in fundings]
        await prism.venue.submit(before)
    async with living(log, clock, limits=limits) as prism:
        await opened(prism)
        late = await prism.venue.fund(fundings[-1])
        await prism.venue.submit(after)

    assert [p.partition(" ")[0] for p in (*problems, late)] == [""] * 3 + ["TOO_MANY_ACCOUNTS"] * 2
    assert [kinds(log, order)[-1] for order in (before, after)] == [ExecType.TRADE] * 2


async def test_many_who_are_funded_or_trade_at_once_hold_no_more_than_the_limit() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    async with living(log, clock, limits=Limits(rows_max=7)) as prism:
        await opened(prism)
        amounts = {"USDT": qty("1000"), "BTC": qty("1")}
        fundings = [PrismFunding(account=AccountId(a), amounts=amounts) for a in "abcdef"]
        problems = await asyncio.gather(*(prism.venue.fund(one) for one in fundings))
        trades = [orders.market(BUY, account=account) for account in "abc"]
        for order in trades:
            await prism.venue.submit(order)

        assert [p.partition(" ")[0] for p in problems] == [""] * 3 + ["TOO_MANY_ACCOUNTS"] * 3
        assert [kinds(log, order)[-1] for order in trades] == [
            ExecType.TRADE,
            ExecType.REJECTED,
            ExecType.REJECTED,
        ]
        assert prism.venue.floor.holdings.outside_rows == 7
        assert await prism.venue.fund(fundings[0]) == ""


async def test_one_who_cancels_may_place_again() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    first, second, third = (orders.limit(BUY, "50000") for _ in range(3))
    async with living(log, clock, limits=Limits(account_open_max=1)) as prism:
        await prism.settle()
        await prism.venue.submit(first)
        await prism.venue.submit(second)
        await prism.venue.cancel(cancel_of(first))
        await prism.venue.submit(third)

        assert kinds(log, second) == [ExecType.REJECTED]
        assert kinds(log, third) == [ExecType.NEW]
        assert prism.venue.floor.orders.open_count == 1


def kinds(log: MemoryLog, order: NewOrderSingle) -> list[ExecType]:
    return [r.exec_type for r, _ in told(log).values() if r.order_id == order.order_id]


def held(quantity: str, symbol: str = "BTCUSDT") -> Holdings:
    """Return the holdings after a direct fill of *quantity*, a sell where it is negative."""
    side = SELL if quantity.startswith("-") else BUY
    amount = qty(quantity.removeprefix("-"))
    holdings = Holdings()
    report = a_report(an_order(side=side, symbol=symbol, order_qty=amount))
    fill = msgspec.structs.replace(report, exec_type=ExecType.TRADE, last_qty=amount)
    holdings.book(fill, is_direct=True)
    return holdings


def problem_of(
    order: NewOrderSingle, holdings: Holdings, *others: NewOrderSingle, most: str = "100000"
) -> str:
    return notional_problem(
        order,
        orders=working(*others, is_direct=True),
        holdings=holdings,
        mid_px=MIDS,
        limits=Limits(direct_notional_max=Money(qty(most))),
    )


@pytest.mark.parametrize(
    ("holding", "side", "quantity", "is_refused"),
    [
        ("0", BUY, "2", False),
        ("0", BUY, "2.00001", True),
        ("0", SELL, "2", False),
        ("0", SELL, "2.00001", True),
        ("1.5", BUY, "0.5", False),
        ("1.5", BUY, "0.50001", True),
        ("-1.5", SELL, "0.50001", True),
        ("1.5", SELL, "3.5", False),
        ("1.5", SELL, "3.50001", True),
        ("9", SELL, "9", False),
        ("9", SELL, "18", False),
        ("9", SELL, "18.00001", True),
        ("9", BUY, "0.00001", True),
    ],
)
def test_a_direct_position_is_bounded_by_its_worth_at_the_middle(
    holding: str, side: Side, quantity: str, is_refused: bool
) -> None:
    order = an_order(side=side, order_qty=qty(quantity))

    problem = problem_of(order, held(holding))

    assert (problem.split(" ")[0] == "MAX_DIRECT_NOTIONAL") is is_refused
    assert bool(problem) is is_refused


def test_working_orders_count_as_filled_on_their_worse_side() -> None:
    buys = an_order(order_id=OrderId("1"), order_qty=qty("1.5"))
    sells = an_order(order_id=OrderId("2"), order_qty=qty("1.5"), side=SELL)
    half, more = an_order(order_qty=qty("0.5")), an_order(order_qty=qty("0.6"))

    assert problem_of(half, Holdings(), buys, sells) == ""
    assert problem_of(more, Holdings(), buys, sells) != ""


def test_all_symbols_count_together() -> None:
    order = an_order(order_qty=qty("1"))
    shares = an_order(symbol="AAPL", order_qty=qty("1"), order_id=OrderId("1"))

    assert problem_of(order, held("500", "AAPL")) == ""
    assert problem_of(order, held("501", "AAPL")) != ""
    assert problem_of(order, held("-500", "AAPL"), shares) == ""
    assert problem_of(order, held("500", "AAPL"), shares) != ""


def test_what_nothing_can_be_valued_at_is_refused() -> None:
    assert problem_of(an_order(symbol="MSFT"), Holdings()).startswith("NO_MARKET")


@given(
    st.integers(-20, 20).map(str),
    st.sampled_from([BUY, SELL]),
    st.integers(1, 40).map(str),
    st.integers(0, 1_000_000),
)
def test_a_wider_bound_never_refuses_more(
    holding: str, side: Side, quantity: str, most: int
) -> None:
    order = an_order(side=side, order_qty=qty(quantity))

    narrow = problem_of(order, held(holding), most=str(most))
    wide = problem_of(order, held(holding), most=str(most + 1))

    assert narrow or not wide


async def test_a_direct_participant_that_trades_too_much_is_rejected_and_the_platform_not() -> None:
    log, clock = MemoryLog(), a_clock()
    orders = Orders(clock)
    limits = Limits(direct_notional_max=Money(1_000 * NANOS))
    async with living(log, clock, limits=limits) as prism:
        await opened(prism)
        fits, too_large = orders.market(BUY, "0.01"), orders.market(BUY, "0.01")
        closes, theirs = orders.market(SELL, "0.01"), orders.market(BUY, "0.1")
        for order in (fits, too_large, closes):
            await prism.venue.submit(order, is_direct=True)
        await prism.venue.submit(theirs)

    (refused,) = [r for r, _ in told(log).values() if r.order_id == too_large.order_id]
    assert refused.exec_type is ExecType.REJECTED
    assert refused.text.startswith("MAX_DIRECT_NOTIONAL")
    assert [ExecType.TRADE in kinds(log, order) for order in (fits, closes, theirs)] == [True] * 3


async def opened(prism: Prism) -> None:
    """Let the agents make a market."""
    while not all(all(prism.venue.floor.exchange.depth(s, 1)) for s in INSTRUMENTS):
        prism.clock.advance(NANOS)
        await prism.settle()
