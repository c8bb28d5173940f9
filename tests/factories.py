"""A valid value with one thing changed: what tests make their messages from."""

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, ClOrdId, EventId, ExecId, OrderId, StrategyId
from trade2026.core.numbers import (
    Bps,
    Money,
    Px,
    Qty,
    SignedQty,
    parse_nanos,
)
from trade2026.domain.risk.check import RiskCheck, RiskView, sized
from trade2026.domain.risk.limit import DEFAULT_LIMITS
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS, Instrument
from trade2026.model.journal import CashDeposited, UnknownReported
from trade2026.model.market import Quote
from trade2026.model.order import NewOrderSingle, OrdType, Side, TimeInForce
from trade2026.model.position import BASE_CURRENCY
from trade2026.model.risk import (
    GLOBAL_SCOPE,
    LimitsSet,
    LimitValues,
    Refusal,
    RiskControl,
    TradingMode,
)

NOW_NS = TimeNs(1_790_000_000 * NS_PER_S)
"""The time at which tests happen."""

BTCUSDT: Instrument = PRISM_INSTRUMENTS[0]


def px(text: str) -> Px:
    """Return the price written as *text*."""
    return Px(parse_nanos(text))


def qty(text: str) -> Qty:
    """Return the quantity written as *text*."""
    return Qty(parse_nanos(text))


def money(text: str) -> Money:
    """Return the amount written as *text*."""
    return Money(parse_nanos(text))


def an_order(**changes: object) -> NewOrderSingle:
    """Return an order to buy 1 BTCUSDT at 50,000, changed by *changes*."""
    order = NewOrderSingle(
        order_id=OrderId("order-1"),
        cl_ord_id=ClOrdId("key-1"),
        account=AccountId("default"),
        strategy=StrategyId("manual"),
        venue=PRISM,
        symbol="BTCUSDT",
        side=Side.BUY,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_qty=qty("1"),
        price=px("50000"),
        transact_time_ns=NOW_NS,
        sent_by="tess",
    )
    return msgspec.structs.replace(order, **changes)


def a_report(request: NewOrderSingle | None = None, **changes: object) -> ExecutionReport:
    """Return the venue's NEW for *request*, changed by *changes*."""
    order = request or an_order()
    report = ExecutionReport(
        exec_id=ExecId("exec-1"),
        order_id=order.order_id,
        venue_order_id="venue-1",
        account=order.account,
        venue=order.venue,
        symbol=order.symbol,
        side=order.side,
        exec_type=ExecType.NEW,
        leaves_qty=order.order_qty,
        cum_qty=Qty(0),
        report_seq=1,
        ts_event_ns=NOW_NS,
    )
    return msgspec.structs.replace(report, **changes)


def a_fill(
    request: NewOrderSingle | None = None,
    /,
    *,
    last_qty: Qty,
    last_px: Px | None = None,
    cum_qty: Qty | None = None,
    fee: Money = Money(0),
    fee_asset: str = BASE_CURRENCY,
    **changes: object,
) -> ExecutionReport:
    """Return a fill of *request*; without *cum_qty* it is the order's first."""
    order = request or an_order()
    cum = last_qty if cum_qty is None else cum_qty
    return a_report(
        order,
        exec_type=ExecType.TRADE,
        last_qty=last_qty,
        last_px=order.price or px("50000") if last_px is None else last_px,
        cum_qty=cum,
        leaves_qty=Qty(max(0, order.order_qty - cum)),
        fee=fee,
        fee_asset=fee_asset,
        **changes,
    )


def a_deposit(amount: str = "1000000", account: str = "default") -> CashDeposited:
    """Return a deposit of *amount*."""
    return CashDeposited(
        event_id=EventId(f"deposit-{account}-{amount}"),
        account=AccountId(account),
        currency=BASE_CURRENCY,
        amount=money(amount),
        text="opening deposit",
        ts_ns=NOW_NS,
    )


def an_unknown(report: ExecutionReport) -> UnknownReported:
    """Return the event of a *report* on an order that nobody knows."""
    return UnknownReported(
        event_id=EventId(f"{report.venue}-{report.exec_id}"),
        account=report.account,
        report=report,
        ts_ns=NOW_NS,
    )


def a_quote(bid: str = "49999.99", ask: str = "50000.01", *, seq: int = 1) -> Quote:
    """Return a quote with one unit on both sides; a side of ``0`` is empty."""
    return Quote(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        seq=seq,
        best_bid_px=px(bid),
        best_bid_qty=Qty(0) if bid == "0" else qty("1"),
        best_ask_px=px(ask),
        best_ask_qty=Qty(0) if ask == "0" else qty("1"),
    )


def a_view(**changes: object) -> RiskView:
    """Return a calm view: BTCUSDT at 50,000, an account of 1,000,000 that holds nothing."""
    view = RiskView(
        mode=TradingMode.NORMAL,
        instrument=BTCUSDT,
        bid_px=px("49999.99"),
        ask_px=px("50000.01"),
        reference_age_ns=0,
        is_account_open=True,
        position_qty=SignedQty(0),
        open_buy_qty=Qty(0),
        open_sell_qty=Qty(0),
        equity=money("1000000"),
        bound_margin=Money(0),
        reserved=Money(0),
        fee_bps=Bps(5),
        limits=DEFAULT_LIMITS.of("BTCUSDT"),
    )
    return msgspec.structs.replace(view, **changes)


def judged(check: RiskCheck, order: NewOrderSingle, view: RiskView) -> Refusal | None:
    """Return what *check* says of *order* in *view*."""
    return check(sized(order, view), view)


def a_control(number: int, mode: TradingMode, scope: str = GLOBAL_SCOPE) -> RiskControl:
    """Return a change of mode; a higher *number* was made later."""
    return RiskControl(
        control_id=EventId(f"control-{number:04}"),
        scope=scope,
        mode=mode,
        cancel_open=False,
        reason="a test",
        asked_by="tess",
        ts_ns=TimeNs(NOW_NS + number),
    )


def a_limits_set(scope: str, number: int = 1, **values: int) -> LimitsSet:
    """Return a change of a scope's limits; a higher *number* was made later."""
    return LimitsSet(
        change_id=EventId(f"limits-{scope}-{number}"),
        scope=scope,
        values=LimitValues(**values),
        reason="a test",
        asked_by="tess",
        ts_ns=TimeNs(NOW_NS + number),
    )
