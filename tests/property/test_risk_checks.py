"""Whatever the order and the account: limits only ever widen, and advice is good advice."""

from typing import Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.factories import BTCUSDT, a_view, an_order, judged, px

from trade2026.core.numbers import (
    Bps,
    Money,
    Px,
    Qty,
    SignedQty,
    parse_qty,
)
from trade2026.domain.risk.check import RiskCheck, RiskView, sized
from trade2026.domain.risk.checks import (
    LOSS_FREE,
    RISK_CHECKS,
    buying_power,
    concentration,
    daily_loss,
    drawdown,
    exposure,
    fast_drawdown,
    filters,
    leverage,
    mode,
    order_limits,
    position_limit,
    position_loss,
    reference_price,
    value_at_risk,
)
from trade2026.domain.risk.limit import DEFAULT_LIMITS, Limits
from trade2026.domain.risk.losses import Losses, LossLimits, Measured
from trade2026.domain.risk.value_at_risk import ValueAtRisk, VarOf
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.risk import Refusal, RefusalCode, TradingMode

LOT: Final = BTCUSDT.lot_size
TICK: Final = BTCUSDT.tick_size

lots = st.integers(1, 2_000_000).map(lambda n: Qty(n * LOT))
no_lots = st.integers(0, 2_000_000).map(lambda n: Qty(n * LOT))
held = st.integers(-2_000_000, 2_000_000).map(lambda n: SignedQty(n * LOT))
prices = st.integers(1, 20_000_000).map(lambda n: Px(n * TICK))
counts = st.integers(0, 200)
amounts = st.integers(-(10**15), 10**16).map(Money)


@st.composite
def orders(draw: st.DrawFn) -> NewOrderSingle:
    price = draw(st.none() | prices)
    return an_order(
        side=draw(st.sampled_from(Side)),
        ord_type=OrdType.MARKET if price is None else OrdType.LIMIT,
        price=price,
        order_qty=draw(lots),
    )


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    return msgspec.structs.replace(
        DEFAULT_LIMITS.default,
        max_order_qty=draw(no_lots),
        max_order_value=Money(draw(st.integers(0, 10**16))),
        max_position_qty=draw(no_lots),
        max_position_value=Money(draw(st.integers(0, 10**16))),
        margin_bps=Bps(draw(st.integers(0, 10_000))),
        reference_max_age_ns=draw(st.integers(0, 10**10)),
        collar_bps=Bps(draw(st.integers(0, 10_000))),
        max_orders_per_s=draw(counts),
        max_repeats_per_s=draw(counts),
        max_open_orders=draw(counts),
        max_positions=draw(counts),
        max_gross_exposure=Money(draw(st.integers(0, 10**16))),
        max_net_exposure=Money(draw(st.integers(0, 10**16))),
        max_concentration_bps=Bps(draw(st.integers(0, 20_000))),
        max_leverage_bps=Bps(draw(st.integers(0, 200_000))),
        max_position_loss=Money(draw(st.integers(0, 10**15))),
        max_var_95=Money(draw(st.integers(0, 10**16))),
        max_var_99=Money(draw(st.integers(0, 10**16))),
    )


@st.composite
def risks(draw: st.DrawFn) -> VarOf:
    bps = draw(st.integers(0, 5_000))

    def value_at_risk(quantity: int) -> ValueAtRisk:
        at_95 = abs(quantity) * bps
        return ValueAtRisk(historical_95=Money(at_95), parametric_99=Money(at_95 * 3 // 2))

    return value_at_risk


@st.composite
def losses(draw: st.DrawFn) -> Losses:
    return Losses(
        daily=Money(draw(st.integers(0, 10**15))),
        drawdown_bps=draw(st.integers(0, 10_000)),
        fast_drawdown_bps=draw(st.integers(0, 10_000)),
    )


@st.composite
def loss_limits(draw: st.DrawFn) -> LossLimits:
    return LossLimits(
        daily=draw(st.none() | st.integers(0, 10**15).map(Money)),
        drawdown_bps=draw(st.none() | st.integers(0, 10_000)),
        fast_drawdown_bps=draw(st.none() | st.integers(0, 10_000)),
    )


@st.composite
def views(draw: st.DrawFn) -> RiskView:
    bid = draw(prices)
    return a_view(
        mode=draw(st.sampled_from(TradingMode)),
        bid_px=draw(st.sampled_from((bid, None))),
        ask_px=draw(st.sampled_from((Px(bid + TICK), None))),
        reference_age_ns=draw(st.none() | st.integers(0, 10**10)),
        position_qty=draw(held),
        open_buy_qty=draw(no_lots),
        open_sell_qty=draw(no_lots),
        equity=draw(amounts),
        bound_margin=Money(draw(st.integers(0, 10**15))),
        reserved=Money(draw(st.integers(0, 10**15))),
        limits=draw(limits()),
        gross_exposure=Money(draw(st.integers(0, 10**16))),
        net_exposure=draw(amounts),
        open_buy_value=draw(st.integers(0, 10**25)),
        open_sell_value=draw(st.integers(0, 10**25)),
        open_order_count=draw(counts),
        position_count=draw(counts),
        position_pnl=draw(amounts),
        own_bid_px=draw(st.none() | prices),
        own_ask_px=draw(st.none() | prices),
        order_count=draw(counts),
        repeat_count=draw(counts),
        value_at_risk=draw(risks()),
        measured=(
            Measured("account", "default", draw(losses()), draw(loss_limits())),
            Measured("strategy", "manual", draw(losses()), draw(loss_limits())),
        ),
    )


def wider_losses(limits: LossLimits, by: int) -> LossLimits:
    def more(one: int | None) -> int | None:
        return None if one is None else one + by

    daily = more(limits.daily)
    return LossLimits(
        daily=None if daily is None else Money(daily),
        drawdown_bps=more(limits.drawdown_bps),
        fast_drawdown_bps=more(limits.fast_drawdown_bps),
    )


def wider(limits: Limits, by: int) -> Limits:
    return Limits(
        max_order_qty=Qty(limits.max_order_qty + by),
        max_order_value=Money(limits.max_order_value + by),
        max_position_qty=Qty(limits.max_position_qty + by),
        max_position_value=Money(limits.max_position_value + by),
        margin_bps=Bps(limits.margin_bps // 2),
        reference_max_age_ns=limits.reference_max_age_ns + by,
        collar_bps=Bps(limits.collar_bps + by),
        max_orders_per_s=limits.max_orders_per_s + by,
        max_repeats_per_s=limits.max_repeats_per_s + by,
        max_open_orders=limits.max_open_orders + by,
        max_positions=limits.max_positions + by,
        max_gross_exposure=Money(limits.max_gross_exposure + by),
        max_net_exposure=Money(limits.max_net_exposure + by),
        max_concentration_bps=Bps(limits.max_concentration_bps + by),
        max_leverage_bps=Bps(limits.max_leverage_bps + by),
        max_position_loss=Money(limits.max_position_loss + by),
        max_daily_loss=Money(limits.max_daily_loss + by),
        max_drawdown_bps=Bps(limits.max_drawdown_bps + by),
        max_fast_drawdown_bps=Bps(limits.max_fast_drawdown_bps + by),
        max_var_95=Money(limits.max_var_95 + by),
        max_var_99=Money(limits.max_var_99 + by),
    )


def names(check: RiskCheck) -> str:
    return check.__module__.rpartition(".")[2]


def which(refusal: Refusal) -> tuple[RefusalCode, str, str]:
    """Return what tells a limit from others: two may share a code, and two the same number."""
    return refusal.code, refusal.text, refusal.limit


@pytest.mark.parametrize("check", sorted(set(RISK_CHECKS) - set(LOSS_FREE), key=names), ids=names)
@given(order=orders(), view=views(), gained=st.integers(0, 10**16))
def test_who_has_lost_nothing_is_refused_for_no_loss(
    check: RiskCheck, order: NewOrderSingle, view: RiskView, gained: int
) -> None:
    well = msgspec.structs.replace(view, measured=(), position_pnl=Money(gained))

    assert not well.has_lost
    assert judged(check, order, well) is None
    assert msgspec.structs.replace(well, position_pnl=Money(-1)).has_lost
    closed = Measured("account", "default", Losses(daily=Money(1)), LossLimits())
    assert msgspec.structs.replace(well, measured=(closed,)).has_lost


@pytest.mark.parametrize("check", RISK_CHECKS, ids=names)
@given(order=orders(), view=views(), by=st.integers(0, 10**15))
def test_widening_the_limits_never_refuses_more(
    check: RiskCheck, order: NewOrderSingle, view: RiskView, by: int
) -> None:
    loose = msgspec.structs.replace(
        view,
        limits=wider(view.limits, by),
        measured=tuple(
            msgspec.structs.replace(one, limits=wider_losses(one.limits, by))
            for one in view.measured
        ),
    )

    if judged(check, order, view) is None:
        assert judged(check, order, loose) is None


@pytest.mark.parametrize(
    "check",
    [
        mode.check,
        filters.check,
        order_limits.check,
        position_limit.check,
        exposure.check,
        concentration.check,
        leverage.check,
        position_loss.check,
        daily_loss.check,
        drawdown.check,
        fast_drawdown.check,
        value_at_risk.check,
    ],
    ids=names,
)
@given(order=orders(), view=views())
@example(
    order=an_order(ord_type=OrdType.MARKET, price=None, order_qty=Qty(20_000)),
    view=a_view(
        bid_px=px("1"),
        ask_px=px("1.01"),
        limits=msgspec.structs.replace(
            DEFAULT_LIMITS.default,
            max_position_qty=Qty(10_000),
            max_position_value=Money(10_000),
        ),
    ),
)
def test_the_quantity_that_is_said_to_pass_passes(
    check: RiskCheck, order: NewOrderSingle, view: RiskView
) -> None:
    refusal = judged(check, order, view)
    if refusal is None or not refusal.would_pass:
        return
    advised = msgspec.structs.replace(order, order_qty=parse_qty(refusal.would_pass))

    again = judged(check, advised, view)

    # A limit in value may stand behind the one in quantity: then it gives advice of its own.
    assert again is None or which(again) != which(refusal)


@given(order=orders(), view=views())
def test_the_quantity_that_buying_power_allows_passes(
    order: NewOrderSingle, view: RiskView
) -> None:
    refusal = judged(buying_power.check, order, view)
    if refusal is None or not refusal.would_pass:
        return
    advised = msgspec.structs.replace(order, order_qty=parse_qty(refusal.would_pass))

    assert advised.order_qty < order.order_qty
    assert judged(buying_power.check, advised, view) is None


@given(order=orders(), view=views(), calm_limits=limits())
def test_what_passes_every_check_keeps_every_limit(
    order: NewOrderSingle, view: RiskView, calm_limits: Limits
) -> None:
    # Wide in all but one way at a time, so that many orders pass and some just so.
    calm = msgspec.structs.replace(
        view,
        mode=TradingMode.NORMAL,
        bid_px=view.bid_px or view.ask_px or TICK,
        reference_age_ns=0,
        equity=Money(max(view.equity, 10**14)),
        bound_margin=Money(0),
        limits=wider(calm_limits, 10**15),
    )
    if any(judged(check, order, calm) is not None for check in RISK_CHECKS):
        return
    promised = calm.open_buy_qty if order.side is Side.BUY else calm.open_sell_qty
    after = calm.position_qty * order.side.sign + promised + order.order_qty
    reference = calm.reference_px(order.side)

    assert reference is not None
    assert order.order_qty <= calm.limits.max_order_qty
    assert after <= calm.limits.max_position_qty
    assert after * reference <= calm.limits.max_position_value * 10**9
    if sized(order, calm).opening_qty:
        used = calm.bound_margin + calm.reserved + sized(order, calm).needed
        assert used <= calm.equity


@given(order=orders(), view=views())
def test_no_order_passes_without_a_reference(order: NewOrderSingle, view: RiskView) -> None:
    blind = msgspec.structs.replace(view, bid_px=None, ask_px=None)

    refusal = judged(reference_price.check, order, blind)

    assert refusal is not None
    assert refusal.code is RefusalCode.NO_REFERENCE_PRICE


@given(order=orders(), view=views(), more=lots)
def test_a_larger_order_never_passes_where_a_smaller_one_does_not(
    order: NewOrderSingle, view: RiskView, more: Qty
) -> None:
    larger = msgspec.structs.replace(order, order_qty=Qty(order.order_qty + more))

    for check in (
        mode.check,
        order_limits.check,
        position_limit.check,
        exposure.check,
        concentration.check,
        leverage.check,
        buying_power.check,
    ):
        if judged(check, order, view) is not None:
            assert judged(check, larger, view) is not None
