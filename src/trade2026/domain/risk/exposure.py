"""How an account stands, as risk tells it to people."""

import msgspec

from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money, Px, Qty, SignedQty, money_down, value_of
from trade2026.domain.risk.limit import Limits
from trade2026.domain.risk.value_at_risk import ValueAtRisk
from trade2026.model.risk import TradingMode


class SymbolExposure(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one symbol, and what its open orders may add."""

    symbol: str
    quantity: SignedQty
    mark_px: Px
    value: Money
    """At the mark, with the quantity's sign."""
    open_buy_qty: Qty
    open_sell_qty: Qty
    limits: Limits


def symbol_exposure(
    symbol: str, quantity: SignedQty, *, mark_px: Px, open_qty: tuple[Qty, Qty], limits: Limits
) -> SymbolExposure:
    """Return how an account stands in *symbol*.

    Args:
        symbol: of which instrument.
        quantity: what is held of it.
        mark_px: what it is worth now.
        open_qty: what open orders may still buy, and what they may still sell.
        limits: that bind there.
    """
    value = money_down(value_of(mark_px, quantity))
    return SymbolExposure(
        symbol=symbol,
        quantity=quantity,
        mark_px=mark_px,
        value=value,
        open_buy_qty=open_qty[0],
        open_sell_qty=open_qty[1],
        limits=limits,
    )


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """An account's cash, equity, exposure and what is left of it."""

    account: AccountId
    currency: str
    mode: TradingMode
    cash: Money
    """Of all currencies, at the ledger's rates."""
    equity: Money
    gross_exposure: Money
    """Sum of the size of all holdings; shorts count like longs."""
    net_exposure: Money
    margin: Money
    """Equity bound by the holdings."""
    reserved: Money
    """Buying power held for the open orders."""
    buying_power: Money
    """Equity less margin, reservations and cash in other currencies; negative when short of it."""
    open_order_count: int
    value_at_risk: ValueAtRisk
    """With what open orders may add to positions."""
    symbols: tuple[SymbolExposure, ...]
