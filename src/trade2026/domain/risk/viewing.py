"""The sums of an account, and its losses, as the checks see them."""

import msgspec

from trade2026.core.numbers import money_half_even, money_up
from trade2026.domain.risk.account import RiskAccount
from trade2026.domain.risk.check import RiskView
from trade2026.domain.risk.limit_book import Bounds
from trade2026.domain.risk.losses import NO_LOSS_LIMITS, NO_LOSSES, Losses, Measured
from trade2026.domain.risk.open_orders import OpenOrders
from trade2026.domain.risk.value_at_risk import VarOf
from trade2026.model.order import NewOrderSingle


def with_sums(
    view: RiskView,
    account: RiskAccount,
    order: NewOrderSingle,
    orders: OpenOrders,
    value_at_risk: VarOf,
) -> RiskView:
    """Return *view* with what *account* adds up to.

    Args:
        view: of *order*.
        account: whose sums are reckoned anew already.
        order: the one that is judged.
        orders: those open of its symbol.
        value_at_risk: of the account, if it held so much of that.
    """
    worth = account.worth
    order_count, repeat_count = account.pace.counts(order)
    return msgspec.structs.replace(
        view,
        idle=account.purse.idle,
        gross_exposure=money_up(worth.gross),
        net_exposure=money_half_even(worth.value),
        open_buy_value=account.open_buy_value,
        open_sell_value=account.open_sell_value,
        open_order_count=len(account.reservations),
        position_count=account.held_count,
        position_pnl=worth.pnl(order.symbol),
        own_bid_px=orders.best_bid_px(),
        own_ask_px=orders.best_ask_px(),
        order_count=order_count,
        repeat_count=repeat_count,
        value_at_risk=value_at_risk,
    )


def measured(
    order: NewOrderSingle, bounds: Bounds, losses: Losses, own: Losses
) -> tuple[Measured, ...]:
    """Return who may lose how much, and what was lost; nobody where nothing was.

    Args:
        order: whose account and strategy are measured.
        bounds: all that binds it.
        losses: of the account.
        own: of the strategy in it.
    """
    if losses is NO_LOSSES and own is NO_LOSSES:
        return ()
    of_account = Measured("account", order.account, losses, bounds.losses)
    if bounds.own_losses is NO_LOSS_LIMITS:
        return (of_account,)
    return of_account, Measured("strategy", order.strategy, own, bounds.own_losses)
