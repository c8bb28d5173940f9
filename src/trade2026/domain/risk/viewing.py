"""The sums of an account as the checks see them."""

import msgspec

from trade2026.core.numbers import Money, money_half_even, money_up
from trade2026.domain.risk.account import RiskAccount
from trade2026.domain.risk.check import RiskView


def with_sums(view: RiskView, account: RiskAccount, symbol: str, position_pnl: Money) -> RiskView:
    """Return *view* with what *account* adds up to.

    Args:
        view: of an order.
        account: whose sums are reckoned anew already.
        symbol: of the order.
        position_pnl: unrealised, of that symbol.
    """
    worth, orders = account.worth, account.open_orders(symbol)
    return msgspec.structs.replace(
        view,
        idle=account.purse.idle,
        gross_exposure=money_up(worth.gross),
        net_exposure=money_half_even(worth.value),
        open_buy_value=money_up(account.open_buy_value),
        open_sell_value=money_up(account.open_sell_value),
        open_order_count=len(account.reservations),
        position_count=account.held_count,
        position_pnl=position_pnl,
        own_bid_px=orders.best_bid_px(),
        own_ask_px=orders.best_ask_px(),
    )
