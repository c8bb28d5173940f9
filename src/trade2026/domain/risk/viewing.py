"""The sums of an account, and its losses, as the checks see them."""

import msgspec

from trade2026.core.numbers import Money, money_half_even, money_up
from trade2026.domain.risk.account import RiskAccount
from trade2026.domain.risk.check import RiskView
from trade2026.domain.risk.limit_book import Bounds
from trade2026.domain.risk.losses import NO_LOSS_LIMITS, NO_LOSSES, Losses, Measured
from trade2026.domain.risk.open_orders import OpenOrders
from trade2026.model.order import NewOrderSingle


def with_sums(
    view: RiskView, account: RiskAccount, orders: OpenOrders, position_pnl: Money
) -> RiskView:
    """Return *view* with what *account* adds up to.

    Args:
        view: of an order.
        account: whose sums are reckoned anew already.
        orders: those open of the order's symbol.
        position_pnl: unrealised, of that symbol.
    """
    worth = account.worth
    return msgspec.structs.replace(
        view,
        idle=account.purse.idle,
        gross_exposure=money_up(worth.gross),
        net_exposure=money_half_even(worth.value),
        open_buy_value=account.open_buy_value,
        open_sell_value=account.open_sell_value,
        open_order_count=len(account.reservations),
        position_count=account.held_count,
        position_pnl=position_pnl,
        own_bid_px=orders.best_bid_px(),
        own_ask_px=orders.best_ask_px(),
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
