"""What a reply of the order API shows. Numbers go out as exact JSON numbers."""

from typing import Annotated, Final

import msgspec

from trade2026.core.numbers import average_px
from trade2026.domain.oms.kept import Fill
from trade2026.domain.oms.order import Order
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.order_request import OrderRequest
from trade2026.model.execution import ExecType
from trade2026.model.journal import OrderEvent, OrderReported
from trade2026.model.order import OrdStatus, OrdType, SelfTradePrevention, Side, TimeInForce
from trade2026.model.risk import Refusal

BATCH_MOST: Final = 50


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why risk refused: the rule, what was asked, the limit, what would have passed."""

    code: str
    text: str
    asked: str
    limit: str
    would_pass: str


class OrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands."""

    order_id: str
    client_order_id: str
    account: str
    strategy: str
    venue: str
    route: str
    """The rule that chose it, and what it found of each venue; empty where the sender named it."""
    symbol: str
    side: Side
    type: OrdType
    time_in_force: TimeInForce
    quantity: Exact
    price: Exact
    stop_price: Exact
    """Where a stop stands; of a trailing one, by the last second."""
    trailing_offset: Exact
    expire_ns: int | None
    """When a DAY or a GTD order ends."""
    reduce_only: bool
    post_only: bool
    display_quantity: Exact
    """What of an iceberg is shown at a time; null shows all."""
    stp: SelfTradePrevention
    metadata: dict[str, str]
    group_id: str | None
    leg: int | None
    """Its number in the group, from 0."""
    status: OrdStatus
    filled_quantity: Exact
    remaining_quantity: Exact
    average_price: Exact
    fees: Exact
    reasons: tuple[Reason, ...]
    text: str
    created_ns: int
    updated_ns: int
    venue_ack_ns: int | None


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, newest first."""

    orders: list[OrderReply]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last."""


class HopReply(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order's life."""

    seq: int
    event: str
    ts_ns: int
    """When the OMS journalled it."""
    venue_ts_ns: int | None = None
    """When it happened at the venue, by the venue's clock."""
    venue: str = ""
    """To which it was about to be handed: of an approval too, where the order left at once."""
    exec_type: ExecType | None = None
    exec_id: str = ""
    last_quantity: Exact = exact.NULL
    last_price: Exact = exact.NULL
    quantity: Exact = exact.NULL
    """Of a change, asked or made: the new total."""
    price: Exact = exact.NULL
    stop_price: Exact = exact.NULL
    reasons: tuple[Reason, ...] = ()
    text: str = ""


class FillReply(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, booked once; or the undoing of one, which is booked once too."""

    exec_id: str
    exec_type: ExecType
    """TRADE; TRADE_CANCEL takes `exec_ref_id` back, TRADE_CORRECT corrects it."""
    exec_ref_id: str
    order_id: str
    account: str
    strategy: str
    venue: str
    symbol: str
    side: Side
    quantity: Exact
    price: Exact
    fee: Exact
    fee_asset: str
    liquidity: str
    ts_event_ns: int
    """The venue's time."""
    booked_ns: int
    """When the OMS journalled it."""


class FillPage(msgspec.Struct, frozen=True, kw_only=True):
    """Fills in the order of booking."""

    fills: list[FillReply]
    next_cursor: str | None


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /orders/batch`."""

    orders: Annotated[list[OrderRequest], msgspec.Meta(min_length=1, max_length=BATCH_MOST)]


class BatchEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order of a batch: the order, or why there is none."""

    order: OrderReply | None
    error: str
    """Empty where there is an order."""
    field: str
    """The field that is wrong, where it is one."""


class BatchReply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each order of a batch, in its order."""

    results: list[BatchEntry]


class CancelAllReply(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a cancel-all asked to cancel."""

    order_ids: list[str]


def reason_reply(refusal: Refusal) -> Reason:
    """Return why risk refused as the API shows it."""
    return Reason(
        code=refusal.code,
        text=refusal.text,
        asked=refusal.asked,
        limit=refusal.limit,
        would_pass=refusal.would_pass,
    )


def order_reply(order: Order) -> OrderReply:
    """Return *order* as the API shows it."""
    request = order.request
    return OrderReply(
        order_id=request.order_id,
        client_order_id=request.cl_ord_id,
        account=request.account,
        strategy=request.strategy,
        venue=request.venue,
        route=request.route,
        symbol=request.symbol,
        side=request.side,
        type=request.ord_type,
        time_in_force=request.time_in_force,
        quantity=exact.write(request.order_qty),
        price=exact.write_optional(request.price),
        stop_price=exact.write_optional(request.stop_px),
        trailing_offset=exact.write_optional(request.trailing_offset),
        expire_ns=request.expire_ns,
        reduce_only=request.is_reduce_only,
        post_only=request.is_post_only,
        display_quantity=exact.write_optional(request.display_qty),
        stp=request.stp,
        metadata=request.metadata,
        group_id=None if request.group is None else request.group.group_id,
        leg=None if request.group is None else request.group.number,
        status=order.status,
        filled_quantity=exact.write(order.cum_qty),
        remaining_quantity=exact.write(order.leaves_qty),
        average_price=exact.write_optional(average_px(order.cum_value, order.cum_qty)),
        fees=exact.write(order.fees),
        reasons=tuple(reason_reply(refusal) for refusal in order.refusals),
        text=order.text,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        venue_ack_ns=order.venue_ack_ns,
    )


def hop_reply(event: OrderEvent) -> HopReply:
    """Return one step of an order as the API shows it."""
    name = type(event).__name__
    if isinstance(event, OrderReported):
        report = event.report
        is_fill = report.exec_type in {ExecType.TRADE, ExecType.TRADE_CORRECT}
        return HopReply(
            seq=event.order_seq,
            event=name,
            ts_ns=event.ts_ns,
            venue_ts_ns=report.ts_event_ns,
            exec_type=report.exec_type,
            exec_id=report.exec_id,
            last_quantity=exact.write(report.last_qty) if is_fill else exact.NULL,
            last_price=exact.write(report.last_px) if is_fill else exact.NULL,
            quantity=exact.write_optional(report.order_qty),
            price=exact.write_optional(report.price),
            stop_price=exact.write_optional(report.stop_px),
            text=event.surprise or report.text,
        )
    return HopReply(
        seq=event.order_seq,
        event=name,
        ts_ns=event.ts_ns,
        venue=getattr(event, "venue", ""),
        quantity=exact.write_optional(getattr(event, "order_qty", None)),
        price=exact.write_optional(getattr(event, "price", None)),
        stop_price=exact.write_optional(getattr(event, "stop_px", None)),
        reasons=tuple(reason_reply(r) for r in getattr(event, "refusals", ())),
        text=getattr(event, "text", ""),
    )


def fill_reply(fill: Fill) -> FillReply:
    """Return one fill as the API shows it."""
    report = fill.report
    return FillReply(
        exec_id=report.exec_id,
        exec_type=report.exec_type,
        exec_ref_id=report.exec_ref_id,
        order_id=report.order_id,
        account=fill.account,
        strategy=fill.strategy,
        venue=report.venue,
        symbol=report.symbol,
        side=report.side,
        quantity=exact.write(report.last_qty),
        price=exact.write(report.last_px),
        fee=exact.write(report.fee),
        fee_asset=report.fee_asset,
        liquidity=report.last_liquidity_ind or "",
        ts_event_ns=report.ts_event_ns,
        booked_ns=fill.booked_ns,
    )
