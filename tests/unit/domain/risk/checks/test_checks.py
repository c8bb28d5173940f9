"""Every pre-trade check binds: just inside passes, just outside is refused with its numbers."""

from pathlib import Path

import msgspec
import pytest
from tests.factories import BTCUSDT, a_view, an_order, judged, money, px, qty

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Bps, Money, Px, Qty, SignedQty
from trade2026.domain.risk import checks
from trade2026.domain.risk.check import RiskCheck, RiskView, sized
from trade2026.domain.risk.checks import (
    RISK_CHECKS,
    buying_power,
    filters,
    instrument,
    mode,
    order_limits,
    position_limit,
    reference_price,
)
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.risk import Refusal, RefusalCode, TradingMode

LIMITS = DEFAULT_LIMITS.of("BTCUSDT")


def refused(check: RiskCheck, order: NewOrderSingle, view: RiskView) -> Refusal:
    refusal = judged(check, order, view)
    assert refusal is not None
    return refusal


def numbers(refusal: Refusal) -> tuple[RefusalCode, str, str, str]:
    return refusal.code, refusal.asked, refusal.limit, refusal.would_pass


def a_market_order(**changes: object) -> NewOrderSingle:
    return an_order(ord_type=OrdType.MARKET, price=None, **changes)


def holding(amount: str, **changes: object) -> RiskView:
    sign = -1 if amount.startswith("-") else 1
    held = SignedQty(sign * qty(amount.removeprefix("-")))
    return a_view(position_qty=held, **changes)


def test_every_check_is_registered() -> None:
    folder = Path(checks.__file__).parent
    registered = {check.__module__.rpartition(".")[2] for check in RISK_CHECKS}

    assert registered == {p.stem for p in folder.glob("*.py")} - {"__init__"}


def test_an_ordinary_order_passes_every_check() -> None:
    assert [judged(check, an_order(), a_view()) for check in RISK_CHECKS] == [None] * len(
        RISK_CHECKS
    )


def test_a_halt_refuses_everything_even_what_reduces() -> None:
    view = holding("-1", mode=TradingMode.HALTED)

    assert refused(mode.check, an_order(), view).code is RefusalCode.HALTED


@pytest.mark.parametrize(
    ("held", "side", "amount", "room"),
    [
        ("1", Side.SELL, "1", None),
        ("1", Side.SELL, "1.00001", "1"),
        ("1", Side.BUY, "0.00001", ""),
        ("-1", Side.BUY, "1", None),
        ("-1", Side.BUY, "1.00001", "1"),
        ("0", Side.SELL, "0.00001", ""),
    ],
)
def test_reduce_only_lets_pass_what_takes_off_the_position(
    held: str, side: Side, amount: str, room: str | None
) -> None:
    view = holding(held, mode=TradingMode.REDUCE_ONLY)

    refusal = judged(mode.check, an_order(side=side, order_qty=qty(amount)), view)

    assert (refusal and refusal.would_pass) == room
    assert refusal is None or refusal.code is RefusalCode.REDUCE_ONLY


def test_reduce_only_counts_what_open_orders_take_off_already() -> None:
    view = holding("1", mode=TradingMode.REDUCE_ONLY, open_sell_qty=qty("0.6"))

    assert judged(mode.check, an_order(side=Side.SELL, order_qty=qty("0.4")), view) is None
    refusal = refused(mode.check, an_order(side=Side.SELL, order_qty=qty("0.5")), view)
    assert (refusal.limit, refusal.would_pass) == ("SELL 0.4", "0.4")


def test_an_instrument_must_be_listed_and_trading() -> None:
    stopped = msgspec.structs.replace(BTCUSDT, is_trading=False)

    unknown = refused(instrument.check, an_order(), a_view(instrument=None))
    not_trading = refused(instrument.check, an_order(), a_view(instrument=stopped))

    assert unknown.code is RefusalCode.UNKNOWN_SYMBOL
    assert not_trading.code is RefusalCode.NOT_TRADING
    assert judged(instrument.check, an_order(), a_view()) is None


def test_the_filters_of_an_unknown_instrument_are_unknown() -> None:
    assert judged(filters.check, an_order(price=Px(1)), a_view(instrument=None)) is None


@pytest.mark.parametrize(
    ("price", "would_pass"),
    [
        ("50000.01", None),
        ("50000.005", "50000"),
        ("0.001", "0.01"),
        ("0", "0.01"),
        ("-5", "0.01"),
    ],
)
def test_a_limit_lies_on_the_tick_above_zero(price: str, would_pass: str | None) -> None:
    order = an_order(price=px(price), order_qty=qty("1000"))

    refusal = judged(filters.check, order, a_view())

    assert (refusal and refusal.would_pass) == would_pass
    assert refusal is None or (refusal.code, refusal.asked) == (RefusalCode.TICK_SIZE, price)
    stop = an_order(ord_type=OrdType.STOP, price=None, stop_px=px(price), order_qty=qty("1000"))
    refusal = judged(filters.check, stop, a_view())
    assert (refusal and refusal.would_pass) == would_pass


def test_a_stop_to_buy_is_as_dear_as_where_it_is_reached() -> None:
    stop = an_order(ord_type=OrdType.STOP, price=None, stop_px=px("60000"))

    assert sized(stop, a_view()).dearest_px == px("60000")
    assert sized(msgspec.structs.replace(stop, stop_px=px("1")), a_view()).dearest_px == px(
        "50000.01"
    )
    assert sized(stop, a_view(bid_px=None, ask_px=None)).dearest_px is None
    limited = msgspec.structs.replace(stop, ord_type=OrdType.STOP_LIMIT, price=px("61000"))
    assert sized(limited, a_view()).dearest_px == px("61000")


def test_an_order_that_may_only_reduce_is_held_to_it_in_every_mode() -> None:
    order = an_order(is_reduce_only=True, side=Side.SELL)

    refusal = refused(mode.check, order, a_view())

    assert refusal.code is RefusalCode.REDUCE_ONLY
    assert judged(mode.check, order, a_view(position_qty=SignedQty(qty("1")))) is None


def test_a_limit_order_without_a_price_does_not_pass_for_a_market_order() -> None:
    refusal = refused(filters.check, an_order(price=None), a_view())

    assert numbers(refusal) == (RefusalCode.TICK_SIZE, "", "0.01", "0.01")


@pytest.mark.parametrize(
    ("amount", "code", "would_pass"),
    [
        ("0.00011", None, None),
        ("0.000115", RefusalCode.LOT_SIZE, "0.00011"),
        ("0.000005", RefusalCode.LOT_SIZE, "0.00001"),
        ("0", RefusalCode.MIN_QTY, "0.00001"),
        ("9000", None, None),
        ("9000.00001", RefusalCode.MAX_QTY, "9000"),
    ],
)
def test_a_quantity_lies_on_the_lot_and_within_the_venues_bounds(
    amount: str, code: RefusalCode | None, would_pass: str | None
) -> None:
    refusal = judged(filters.check, an_order(order_qty=qty(amount)), a_view())

    assert (refusal and refusal.code) == code
    assert (refusal and refusal.would_pass) == would_pass


def test_a_quantity_of_nothing_is_refused_without_a_smallest_one() -> None:
    free = msgspec.structs.replace(BTCUSDT, min_qty=Qty(0), lot_size=Qty(0), min_notional=Money(0))

    refusal = refused(filters.check, an_order(order_qty=Qty(0)), a_view(instrument=free))

    assert refusal.code is RefusalCode.MIN_QTY


@pytest.mark.parametrize(
    ("order", "would_pass"),
    [
        (an_order(order_qty=qty("0.0001")), None),
        (an_order(order_qty=qty("0.00009")), "0.0001"),
        # A market order is judged at what it would meet: the ask, a cent above 50,000.
        (a_market_order(order_qty=qty("0.0001")), None),
        (a_market_order(order_qty=qty("0.00009")), "0.0001"),
        # A sell meets the bid, a cent below: a lot more is needed.
        (a_market_order(order_qty=qty("0.0001"), side=Side.SELL), "0.00011"),
    ],
)
def test_an_order_is_worth_at_least_the_least_value(
    order: NewOrderSingle, would_pass: str | None
) -> None:
    refusal = judged(filters.check, order, a_view())

    assert (refusal and refusal.would_pass) == would_pass
    assert refusal is None or refusal.code is RefusalCode.MIN_NOTIONAL


def test_the_least_value_of_a_market_order_needs_a_price() -> None:
    view = a_view(bid_px=None, ask_px=None, reference_age_ns=None)

    assert judged(filters.check, a_market_order(order_qty=qty("0.00001")), view) is None


@pytest.mark.parametrize("order", [an_order(), a_market_order()])
def test_every_order_needs_a_reference_price(order: NewOrderSingle) -> None:
    silent = a_view(bid_px=None, ask_px=None, reference_age_ns=None)
    empty = a_view(bid_px=None, ask_px=None)
    one_sided = a_view(ask_px=None)

    for view in (silent, empty):
        assert refused(reference_price.check, order, view).code is RefusalCode.NO_REFERENCE_PRICE
    assert judged(reference_price.check, order, one_sided) is None


def test_a_reference_price_must_be_fresh() -> None:
    limit_ns = 5 * NS_PER_S

    assert judged(reference_price.check, an_order(), a_view(reference_age_ns=limit_ns)) is None
    refusal = refused(reference_price.check, an_order(), a_view(reference_age_ns=limit_ns + 1))
    assert numbers(refusal) == (
        RefusalCode.STALE_REFERENCE_PRICE,
        "5.000000001 s",
        "5 s",
        "",
    )


def test_an_orders_quantity_is_limited() -> None:
    assert judged(order_limits.check, an_order(order_qty=qty("10")), a_view()) is None
    refusal = refused(order_limits.check, an_order(order_qty=qty("10.00001")), a_view())
    assert numbers(refusal) == (RefusalCode.ORDER_QTY_LIMIT, "10.00001", "10", "10")


@pytest.mark.parametrize(
    ("order", "asked"),
    [
        (an_order(price=px("100000"), order_qty=qty("10")), None),
        (an_order(price=px("100000.01"), order_qty=qty("10")), "1000000.1"),
    ],
)
def test_an_orders_value_is_limited(order: NewOrderSingle, asked: str | None) -> None:
    refusal = judged(order_limits.check, order, a_view())

    assert (refusal and refusal.asked) == asked
    if refusal is not None:
        assert numbers(refusal)[0::2] == (RefusalCode.ORDER_VALUE_LIMIT, "1000000")
        assert numbers(refusal)[3] == "9.99999"


def test_market_orders_and_low_sells_are_valued_at_the_market() -> None:
    limits = msgspec.structs.replace(LIMITS, max_order_value=money("49999"))
    view = a_view(limits=limits)
    low_sell = an_order(side=Side.SELL, price=px("0.01"))

    for order in (a_market_order(), a_market_order(side=Side.SELL), low_sell):
        assert refused(order_limits.check, order, view).code is RefusalCode.ORDER_VALUE_LIMIT
    assert judged(order_limits.check, an_order(price=px("49999")), view) is None


def test_an_order_without_any_price_is_limited_in_quantity_only() -> None:
    view = a_view(bid_px=None, ask_px=None, reference_age_ns=None)

    assert judged(order_limits.check, a_market_order(order_qty=qty("10")), view) is None
    assert judged(order_limits.check, a_market_order(order_qty=qty("11")), view) is not None
    assert judged(order_limits.check, an_order(price=Px(0)), view) is None


ROOMY = msgspec.structs.replace(LIMITS, max_position_value=money("10000000"))


@pytest.mark.parametrize(
    ("held", "open_buy", "open_sell", "side", "amount", "would_pass"),
    [
        ("0", "0", "0", Side.BUY, "10", None),
        ("0", "0", "0", Side.BUY, "10.00001", "10"),
        ("0", "0", "0", Side.SELL, "10.00001", "10"),
        ("4", "3", "0", Side.BUY, "3", None),
        ("4", "3", "0", Side.BUY, "3.00001", "3"),
        # Open sells may never fill, so they make no room for a buy.
        ("4", "3", "9", Side.BUY, "3.00001", "3"),
        ("-4", "0", "3", Side.SELL, "3.00001", "3"),
        # From far beyond the limit the way back is free, and as far again and no farther.
        ("50", "0", "0", Side.SELL, "60", None),
        ("50", "0", "0", Side.SELL, "60.00001", "60"),
        ("50", "0", "0", Side.BUY, "0.00001", ""),
    ],
)
def test_the_worst_position_is_limited_in_quantity(
    *, held: str, open_buy: str, open_sell: str, side: Side, amount: str, would_pass: str | None
) -> None:
    view = holding(held, open_buy_qty=qty(open_buy), open_sell_qty=qty(open_sell), limits=ROOMY)

    refusal = judged(position_limit.check, an_order(side=side, order_qty=qty(amount)), view)

    assert (refusal and refusal.would_pass) == would_pass
    assert refusal is None or refusal.code is RefusalCode.POSITION_LIMIT


@pytest.mark.parametrize(
    ("held", "amount", "would_pass"),
    [("0", "9.99999", None), ("0", "10", "9.99999"), ("6", "4", "3.99999"), ("-9", "9", None)],
)
def test_the_worst_position_is_limited_in_value(
    held: str, amount: str, would_pass: str | None
) -> None:
    order = an_order(order_qty=qty(amount))

    refusal = judged(position_limit.check, order, holding(held))

    assert (refusal and refusal.would_pass) == would_pass
    if refusal is not None:
        assert (refusal.asked, refusal.limit) == ("500000.1", "500000")


def test_without_a_price_the_position_is_limited_in_quantity_only() -> None:
    view = a_view(bid_px=None, ask_px=None, reference_age_ns=None)

    assert judged(position_limit.check, an_order(order_qty=qty("10")), view) is None


def test_only_an_account_with_a_deposit_may_trade() -> None:
    refusal = refused(buying_power.check, an_order(), a_view(is_account_open=False))

    assert refusal.code is RefusalCode.UNKNOWN_ACCOUNT


def with_equity(amount: str, **changes: object) -> RiskView:
    return a_view(equity=money(amount), **changes)


def test_what_opens_needs_its_margin_and_the_fee() -> None:
    # Ten per cent of 50,000, and five basis points of it.
    assert sized(an_order(), a_view()).needed == money("5025")
    assert judged(buying_power.check, an_order(), with_equity("5025")) is None

    refusal = refused(buying_power.check, an_order(), with_equity("5024.999999999"))

    assert numbers(refusal) == (
        RefusalCode.BUYING_POWER,
        "5025",
        "5024.999999999",
        "0.99999",
    )


def test_what_is_bound_and_reserved_is_not_free() -> None:
    view = with_equity("15025", bound_margin=money("4000"), reserved=money("6000"))

    assert judged(buying_power.check, an_order(), view) is None
    tighter = msgspec.structs.replace(view, reserved=Money(money("6000") + 1))
    assert judged(buying_power.check, an_order(), tighter) is not None


def test_what_only_reduces_needs_nothing_even_under_water() -> None:
    view = with_equity("-1", position_qty=SignedQty(qty("1")))

    assert judged(buying_power.check, an_order(side=Side.SELL), view) is None


def test_what_goes_beyond_the_position_opens() -> None:
    view = with_equity("5050", position_qty=SignedQty(qty("1")))
    flip = an_order(side=Side.SELL, order_qty=qty("2"))
    assert sized(flip, view).needed == money("5050")

    assert judged(buying_power.check, flip, view) is None
    refusal = refused(buying_power.check, flip, with_equity("0", position_qty=view.position_qty))
    assert numbers(refusal)[3] == "1"


def test_what_open_orders_take_off_cannot_be_reduced_again() -> None:
    view = a_view(position_qty=SignedQty(qty("1")), open_sell_qty=qty("0.5"))

    assert sized(an_order(side=Side.SELL), view).needed == money("2525")


def test_without_a_price_or_a_rate_only_an_overdrawn_account_is_refused() -> None:
    priceless = a_view(bid_px=None, ask_px=None, reference_age_ns=None)
    free_limits = msgspec.structs.replace(LIMITS, margin_bps=Bps(0))
    overdrawn = money("-1")
    free = a_view(limits=free_limits, fee_bps=Bps(0), equity=overdrawn)

    assert judged(buying_power.check, a_market_order(), priceless) is None
    drained = msgspec.structs.replace(priceless, equity=overdrawn)
    assert refused(buying_power.check, a_market_order(), drained).would_pass == ""
    assert refused(buying_power.check, an_order(), free).would_pass == ""


def test_no_passing_quantity_is_named_for_an_unknown_instrument_without_room() -> None:
    view = with_equity("0", instrument=None)

    assert refused(buying_power.check, an_order(), view).would_pass == ""


def test_the_defaults_are_those_of_the_contract() -> None:
    def of(symbol: str) -> tuple[Qty, Money, Qty, Money]:
        limits = DEFAULT_LIMITS.of(symbol)
        return (
            limits.max_order_qty,
            limits.max_order_value,
            limits.max_position_qty,
            limits.max_position_value,
        )

    million = money("1000000")
    assert of("BTCUSDT") == (qty("10"), million, qty("10"), money("500000"))
    assert of("ETHUSDT") == (qty("100"), million, qty("100"), money("200000"))
    assert of("AAPL") == (qty("1000"), million, qty("1000"), money("50000"))
    assert {DEFAULT_LIMITS.of(s).margin_bps for s in ("BTCUSDT", "ETHUSDT", "AAPL")} == {1_000}
