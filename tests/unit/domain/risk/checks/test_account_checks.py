"""The checks of price, pace and account bind: just inside passes, just outside is refused."""

import msgspec
import pytest
from tests.factories import NOW_NS, a_view, an_order, judged, money, px, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Money, Px, SignedQty, value_of_money
from trade2026.domain.risk.check import RiskCheck, RiskView
from trade2026.domain.risk.checks import (
    concentration,
    exposure,
    leverage,
    mode,
    open_orders,
    order_rate,
    position_count,
    position_loss,
    price_collar,
    self_trade,
)
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.domain.risk.pace import Pace
from trade2026.model.order import (
    NewOrderSingle,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trade2026.model.risk import RefusalCode, TradingMode

MILLION = money("1000000")


def numbers(check: RiskCheck, order: NewOrderSingle, view: RiskView) -> tuple[str, ...] | None:
    refusal = judged(check, order, view)
    if refusal is None:
        return None
    return refusal.code, refusal.asked, refusal.limit, refusal.would_pass


def a_market_order(**changes: object) -> NewOrderSingle:
    return an_order(ord_type=OrdType.MARKET, price=None, **changes)


@pytest.mark.parametrize(
    ("side", "price", "would_pass"),
    [
        (Side.BUY, "52500.01", None),
        (Side.BUY, "52500.02", "52500.01"),
        (Side.SELL, "47500", None),
        (Side.SELL, "47499.99", "47500"),
        (Side.BUY, "1", None),
        (Side.SELL, "999999", None),
    ],
)
def test_a_limit_may_be_five_per_cent_through_the_market(
    side: Side, price: str, would_pass: str | None
) -> None:
    refusal = judged(price_collar.check, an_order(side=side, price=px(price)), a_view())

    assert (refusal and refusal.would_pass) == would_pass
    assert refusal is None or refusal.code is RefusalCode.PRICE_COLLAR


def test_the_collar_judges_neither_market_orders_nor_without_a_reference() -> None:
    assert judged(price_collar.check, a_market_order(), a_view()) is None
    assert judged(price_collar.check, an_order(), a_view(bid_px=None, ask_px=None)) is None
    refusal = judged(price_collar.check, an_order(price=px("60000")), a_view(instrument=None))
    assert refusal is not None
    assert refusal.would_pass == "52500.0105"


def test_orders_may_come_two_thousand_a_second_and_the_same_a_thousand() -> None:
    assert judged(order_rate.check, an_order(), a_view(order_count=1_999, repeat_count=999)) is None
    assert numbers(order_rate.check, an_order(), a_view(order_count=2_000)) == (
        RefusalCode.ORDER_RATE,
        "2001 within 1 s",
        "2000 within 1 s",
        "the same order a second later",
    )
    refusal = judged(order_rate.check, an_order(), a_view(order_count=1_000, repeat_count=1_000))
    assert refusal is not None
    assert refusal.code is RefusalCode.REPEATED_ORDER


def test_the_pace_counts_what_was_approved_within_a_second_once() -> None:
    pace, first = Pace(), an_order()
    other = an_order(order_id=OrderId("order-2"), price=px("49000"))
    for order in (first, first, other):
        pace.note(order)

    def later(ns: int) -> NewOrderSingle:
        return an_order(order_id=OrderId("order-3"), transact_time_ns=TimeNs(NOW_NS + ns))

    assert pace.counts(later(NS_PER_S - 1)) == (2, 1)
    assert pace.counts(later(NS_PER_S)) == (0, 0)


def test_of_two_alike_the_older_is_forgotten_first() -> None:
    pace = Pace()
    pace.note(an_order())
    pace.note(an_order(order_id=OrderId("order-2"), transact_time_ns=TimeNs(NOW_NS + 5)))

    def counts(ns: int) -> tuple[int, int]:
        return pace.counts(an_order(transact_time_ns=TimeNs(NOW_NS + ns)))

    assert counts(NS_PER_S) == (1, 1)
    assert counts(NS_PER_S + 5) == (0, 0)


def test_what_was_counted_before_the_clock_was_set_back_does_not_bind() -> None:
    pace = Pace()
    pace.note(an_order())

    assert pace.counts(an_order(transact_time_ns=TimeNs(NOW_NS - 3_600 * NS_PER_S))) == (0, 0)


def test_a_hundred_orders_may_rest() -> None:
    full = a_view(open_order_count=100)

    assert judged(open_orders.check, an_order(), a_view(open_order_count=99)) is None
    assert numbers(open_orders.check, an_order(), full) == (
        RefusalCode.OPEN_ORDER_LIMIT,
        "101",
        "100",
        "MARKET or FOK or IOC",
    )
    for at_once in (a_market_order(), an_order(time_in_force=TimeInForce.IOC)):
        assert judged(open_orders.check, at_once, full) is None
    long = msgspec.structs.replace(full, position_qty=SignedQty(qty("1")))
    assert judged(open_orders.check, an_order(side=Side.SELL), long) is None


def test_a_hundred_symbols_may_be_held() -> None:
    full = a_view(position_count=100)

    assert judged(position_count.check, an_order(), a_view(position_count=99)) is None
    assert numbers(position_count.check, an_order(), full) == (
        RefusalCode.POSITION_COUNT_LIMIT,
        "101",
        "100",
        "",
    )
    held = msgspec.structs.replace(full, position_qty=SignedQty(1))
    assert judged(position_count.check, an_order(), held) is None


def test_gross_exposure_counts_what_the_order_opens() -> None:
    near = a_view(gross_exposure=money("950000"))

    assert judged(exposure.check, an_order(), near) is None
    over = msgspec.structs.replace(near, gross_exposure=Money(near.gross_exposure + 1))
    assert numbers(exposure.check, an_order(), over) == (
        RefusalCode.GROSS_EXPOSURE,
        "1000000.000000001",
        "1000000",
        "0.99999",
    )
    long = msgspec.structs.replace(over, position_qty=SignedQty(qty("1")))
    assert judged(exposure.check, an_order(side=Side.SELL), long) is None


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_net_exposure_counts_the_open_orders_of_the_same_side(side: Side, sign: int) -> None:
    promised = {"open_buy_value": value_of_money(money("50000"))}
    if side is Side.SELL:
        promised = {"open_sell_value": value_of_money(money("50000"))}
    near = a_view(net_exposure=Money(sign * money("899000")), **promised)
    order = an_order(side=side)

    assert judged(exposure.check, order, near) is None
    over = msgspec.structs.replace(near, net_exposure=Money(sign * money("901000")))
    refusal = judged(exposure.check, order, over)
    assert refusal is not None
    assert (refusal.code, refusal.would_pass) == (RefusalCode.NET_EXPOSURE, "0.98")
    back = msgspec.structs.replace(over, net_exposure=Money(-over.net_exposure))
    assert judged(exposure.check, order, back) is None


def test_net_exposure_rounds_what_is_promised_up() -> None:
    # With the order itself, worth 50,000, just the million that there may be.
    promised = value_of_money(money("50000"))
    full = a_view(net_exposure=money("900000"), open_buy_value=promised)

    assert judged(exposure.check, an_order(), full) is None
    over = msgspec.structs.replace(full, open_buy_value=promised + 1)
    assert numbers(exposure.check, an_order(), over) == (
        RefusalCode.NET_EXPOSURE,
        "1000000.000000001",
        "1000000",
        "0.99999",
    )


def test_without_a_price_no_exposure_can_be_reckoned() -> None:
    blind = a_view(bid_px=None, ask_px=None, gross_exposure=MILLION)

    for check in (exposure.check, leverage.check, concentration.check):
        assert judged(check, a_market_order(), blind) is None


def test_a_position_may_be_worth_thirty_per_cent_of_the_equity() -> None:
    view = a_view()

    assert judged(concentration.check, an_order(order_qty=qty("5.99999")), view) is None
    assert numbers(concentration.check, an_order(order_qty=qty("6")), view) == (
        RefusalCode.CONCENTRATION,
        "300000.06",
        "300000",
        "5.99999",
    )
    long = a_view(position_qty=SignedQty(qty("9")))
    assert judged(concentration.check, an_order(side=Side.SELL, order_qty=qty("9")), long) is None


def test_gross_exposure_may_be_ten_times_the_equity() -> None:
    small = money("10000")

    assert (
        judged(leverage.check, an_order(), a_view(equity=small, gross_exposure=money("50000")))
        is None
    )
    over = a_view(equity=small, gross_exposure=money("60000"))
    assert numbers(leverage.check, an_order(), over) == (
        RefusalCode.LEVERAGE,
        "110000",
        "100000",
        "0.8",
    )


def test_a_position_that_lost_ten_thousand_may_only_shrink() -> None:
    long = a_view(position_qty=SignedQty(qty("1")), position_pnl=Money(-money("10000")))
    lost = msgspec.structs.replace(long, position_pnl=Money(long.position_pnl - 1))

    assert judged(position_loss.check, an_order(), long) is None
    assert numbers(position_loss.check, an_order(), lost) == (
        RefusalCode.POSITION_LOSS,
        "10000.000000001",
        "10000",
        "",
    )
    assert judged(position_loss.check, an_order(side=Side.SELL), lost) is None


@pytest.mark.parametrize(
    ("side", "own", "price", "would_pass"),
    [
        (Side.BUY, "50000.01", "50000", None),
        (Side.BUY, "50000", "50000", "49999.99"),
        (Side.SELL, "49999.99", "50000", None),
        (Side.SELL, "50000", "50000", "50000.01"),
        (Side.BUY, "50000.01", None, "50000"),
        (Side.BUY, "50000.02", None, None),
    ],
)
def test_an_order_may_not_meet_one_of_its_own_account(
    side: Side, own: str, price: str | None, would_pass: str | None
) -> None:
    field = "own_ask_px" if side is Side.BUY else "own_bid_px"
    order = a_market_order(side=side) if price is None else an_order(side=side, price=px(price))

    refusal = judged(self_trade.check, order, a_view(**{field: px(own)}))

    assert (refusal and refusal.would_pass) == would_pass
    assert refusal is None or refusal.code is RefusalCode.SELF_TRADE


def test_self_trade_is_left_to_the_venue_where_the_order_says_how() -> None:
    view = a_view(own_ask_px=px("50000"))

    assert judged(self_trade.check, an_order(stp=SelfTradePrevention.CANCEL_OLDEST), view) is None
    assert (
        judged(
            self_trade.check, a_market_order(), a_view(own_ask_px=Px(1), bid_px=None, ask_px=None)
        )
        is None
    )
    refusal = judged(self_trade.check, an_order(), msgspec.structs.replace(view, instrument=None))
    assert refusal is not None
    assert refusal.would_pass == "49999.999999999"


def test_a_blocked_symbol_says_so() -> None:
    view = a_view(mode=TradingMode.HALTED, mode_scope="symbol:BTCUSDT")

    refusal = judged(mode.check, an_order(), view)

    assert refusal is not None
    assert refusal.code is RefusalCode.SYMBOL_BLOCKED


def test_the_defaults_of_accounts_are_those_of_the_contract() -> None:
    limits = DEFAULT_LIMITS.of("BTCUSDT")

    assert (limits.max_gross_exposure, limits.max_net_exposure) == (MILLION, MILLION)
    assert (limits.max_positions, limits.max_open_orders) == (100, 100)
    assert limits.max_position_loss == money("10000")
    assert (limits.max_concentration_bps, limits.collar_bps) == (3_000, 500)
    assert limits.max_leverage_bps == 100_000
