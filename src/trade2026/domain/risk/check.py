"""What a pre-trade check sees, and what all of them reckon the same way.

A check is a pure function of an order and a view of its account and market. It returns one
coded refusal or None. The checks stand in `checks/`, one file each.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from trade2026.core.numbers import (
    BPS_ONE,
    NANOS,
    Bps,
    Money,
    Px,
    Qty,
    SignedQty,
    fee_of,
    floor_to_step,
    format_nanos,
    money_up,
)
from trade2026.domain.risk.limit import Limits
from trade2026.domain.risk.losses import NO_LOSSES, Losses, Measured
from trade2026.domain.risk.value_at_risk import VarOf, no_risk
from trade2026.model.instrument import Instrument
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.risk import GLOBAL_SCOPE, Refusal, TradingMode

_BPS_NANOS: Final = BPS_ONE * NANOS

WITH_LIMIT: Final = frozenset({OrdType.LIMIT, OrdType.STOP_LIMIT})
"""Types whose limit binds."""


class SizedOrder(msgspec.Struct, frozen=True):
    """An order, and how large it is in one view: reckoned once, since most checks ask for it."""

    order: NewOrderSingle
    reference_px: Px | None
    """The price it would meet, or None without a quote."""
    dearest_px: Px | None
    """The highest price it may reasonably trade at, or None without any price."""
    value: Money
    """At that price, rounded up; nothing without any."""
    opening_qty: Qty
    """The part that makes the position larger; the rest reduces it."""
    opening_value: Money
    """What that part is worth."""
    worst_qty: int
    """The position if all open orders of its side fill, positive in its direction."""
    worst_value: Money
    """What that is worth with the order itself, at the price it would meet; nothing without."""
    needed: Money
    """The buying power to hold for it; nothing without any price."""


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """An account and a market at the moment an order is judged."""

    mode: TradingMode
    """The strictest mode of all scopes that cover the order."""
    instrument: Instrument | None
    """None: the venue does not list the symbol."""
    bid_px: Px | None
    """Best bid; None where nobody bids, or nothing was ever quoted."""
    ask_px: Px | None
    reference_age_ns: int | None
    """Since the quote arrived on the platform; None without a quote."""
    is_account_open: bool
    """Whether the account ever got a deposit."""
    position_qty: SignedQty
    """Of the order's symbol."""
    open_buy_qty: Qty
    """What open buy orders of the symbol may still buy."""
    open_sell_qty: Qty
    """What open sell orders of the symbol may still sell."""
    equity: Money
    """Cash of all currencies, and holdings at the marks, rounded down."""
    bound_margin: Money
    """Margin of all that the account holds; shorts bind like longs."""
    reserved: Money
    """Buying power held for the account's open orders."""
    idle: Money = Money(0)
    """What of the equity is cash in other currencies, rounded up: it bears no order."""
    fee_bps: Bps
    """The dearest rate that a fill may be charged."""
    limits: Limits
    mode_scope: str = GLOBAL_SCOPE
    """The scope that `mode` was set for."""
    gross_exposure: Money = Money(0)
    """Size of all holdings, with what open orders may add."""
    net_exposure: Money = Money(0)
    """Longs less shorts, without open orders."""
    open_buy_value: int = 0
    """What all open buy orders of the account are worth at their limits, in square nanos."""
    open_sell_value: int = 0
    open_order_count: int = 0
    position_count: int = 0
    """Symbols of which the account holds something."""
    position_pnl: Money = Money(0)
    """Unrealised, of the order's symbol, against average cost."""
    own_bid_px: Px | None = None
    """The account's best own limit to buy the symbol, or None."""
    own_ask_px: Px | None = None
    order_count: int = 0
    """The account's orders approved within the last second."""
    repeat_count: int = 0
    """Of those, how many were like this one."""
    value_at_risk: VarOf = no_risk
    """Of the account, if it held so much of the order's symbol."""
    losses: Losses = NO_LOSSES
    """Of the account."""
    measured: tuple[Measured, ...] = ()
    """Who may lose how much, and what was lost: the account and the order's strategy in it.

    Where nothing was lost there is nobody: no limit is below nothing.
    """
    closable_qty: Qty | None = None
    """Of a close by the kill switch: what it can take off what its strategy holds."""
    policy: tuple[Refusal, ...] = ()
    """What the user's own policy has against the order."""

    @property
    def has_lost(self) -> bool:
        """Whether there is a loss: without one, no limit of losses refuses anything."""
        return bool(self.measured) or self.position_pnl < 0

    def reference_px(self, side: Side) -> Px | None:
        """Return the price an order of *side* would meet, or None without a quote.

        Where nobody stands on that side of the book, the other side's price is used.
        """
        return met_px(side, self.bid_px, self.ask_px)

    def reducible_qty(self, side: Side) -> Qty:
        """Return how much an order of *side* can still take off the position.

        What open orders of that side may already take off does not count again.
        """
        promised = self.open_buy_qty if side is Side.BUY else self.open_sell_qty
        return Qty(max(0, -self.position_qty * side.sign - promised))


RiskCheck: TypeAlias = Callable[[SizedOrder, RiskView], Refusal | None]
"""One check: why the order is refused, or None."""


def limit_px(order: NewOrderSingle) -> Px | None:
    """Return the order's limit; None for one that trades at the market, whatever it carries."""
    return order.price if order.ord_type in WITH_LIMIT else None


def met_px(side: Side, bid_px: Px | None, ask_px: Px | None) -> Px | None:
    """Return the price an order of *side* would meet: the other side's where nobody is there."""
    near, far = (ask_px, bid_px) if side.sign > 0 else (bid_px, ask_px)
    return far if near is None else near


def sized(order: NewOrderSingle, view: RiskView) -> SizedOrder:
    """Return *order* with how large it is in *view*."""
    side = order.side
    reference_px = met_px(side, view.bid_px, view.ask_px)
    promised_qty = view.open_buy_qty if side.sign > 0 else view.open_sell_qty
    is_plain = order.price is None and order.stop_px is None
    px = reference_px if is_plain else _dearest(order, reference_px)
    qty = order.order_qty
    # Minus this is what the order can take off the position.
    worst_qty = view.position_qty * side.sign + promised_qty
    opening = qty
    if worst_qty < 0:
        opening = Qty(qty + worst_qty if qty > -worst_qty else 0)
    value = opening_value = worst_value = needed = Money(0)
    if px is not None:
        exact = opening_exact = px * qty
        value = opening_value = money_up(exact)
        if opening != qty:
            opening_exact = px * opening
            opening_value = money_up(opening_exact)
        # The margin of what opens, and the fee of the whole.
        needed = Money(
            margin_of(opening_exact, view.limits.margin_bps) + fee_of(exact, view.fee_bps)
        )
    if reference_px is not None:
        worst_value = money_up(reference_px * (worst_qty + qty))
    return SizedOrder(
        order, reference_px, px, value, opening, opening_value, worst_qty, worst_value, needed
    )


def _dearest(order: NewOrderSingle, reference: Px | None) -> Px | None:
    """Return the highest price the order may reasonably trade at, or None without any price.

    A buy trades at its limit or better. A sell far below the market trades at the market,
    so its own limit would make it look smaller than it is.
    """
    limit = order.price if order.ord_type in WITH_LIMIT else None
    if limit is None:
        # A stop to buy trades where it is reached, above the market of now.
        stop_px = order.stop_px
        return reference if reference is None or stop_px is None else max(reference, stop_px)
    if order.side is Side.BUY or reference is None:
        return limit
    return max(limit, reference)


def margin_of(value: int, rate: Bps) -> Money:
    """Return the equity that a holding worth *value* binds, rounded up.

    Args:
        value: in square nanos.
        rate: the share to cover.
    """
    return Money(-(-abs(value) * rate // _BPS_NANOS))


def free_margin(view: RiskView) -> Money:
    """Return what the account can still bind; negative when it has bound too much."""
    return Money(view.equity - view.idle - view.bound_margin - view.reserved)


def order_value(px: Px, qty: int) -> Money:
    """Return the value of *qty* at *px*, rounded up: a limit is not escaped by a fraction."""
    return money_up(px * qty)


def passing_within(room: int, sized: SizedOrder, view: RiskView) -> str:
    """Return the largest legal quantity whose opening part is worth at most *room*, as text."""
    px = sized.dearest_px
    most = max(0, room) * NANOS // px if px else 0
    return passing_qty(view.reducible_qty(sized.order.side) + most, view)


def passing_qty(room: int, view: RiskView) -> str:
    """Return the largest legal quantity within *room* nanos as text; empty where none is."""
    lot = view.instrument.lot_size if view.instrument else Qty(0)
    least = view.instrument.min_qty if view.instrument else Qty(0)
    qty = floor_to_step(max(room, 0), lot)
    return format_nanos(qty) if qty and qty >= least else ""
