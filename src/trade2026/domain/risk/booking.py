"""What bookings do to an account as risk sees it: cash and holdings, without an order."""

from trade2026.core.numbers import (
    Px,
    SignedQty,
    divide_half_even,
    split_qty,
    value_of,
    value_of_money,
)
from trade2026.domain.risk.account import Holding, RiskAccount
from trade2026.model.booking import (
    Booking,
    CashMoved,
    DividendBooked,
    FundingBooked,
    RateSet,
    SplitBooked,
)
from trade2026.model.position import BASE_CURRENCY


def book(account: RiskAccount, event: Booking) -> None:
    """Let *event* happen to *account*."""
    match event:
        case CashMoved(currency=currency, amount=amount) if currency == BASE_CURRENCY:
            account.transfer(value_of_money(amount))
        case CashMoved():
            account.purse.pay_in(event.currency, value_of_money(event.amount))
        case RateSet():
            account.purse.rate(event.currency, event.rate)
        case FundingBooked():
            amount = value_of_money(event.amount)
            _pay(account, amount)
            account.share(event.strategy).cash += amount
        case DividendBooked():
            _pay(account, value_of(event.per_unit, account.quantity(event.symbol)))
            for share in account.shares.values():
                share.cash += value_of(event.per_unit, share.quantities.get(event.symbol, 0))
        case SplitBooked(symbol=symbol) if symbol in account.holdings:
            held = account.holdings[symbol]
            last_px = divide_half_even(held.last_px * event.denominator, event.numerator)
            quantity = split_qty(held.quantity, event.numerator, event.denominator)
            for share in account.shares.values():
                part = split_qty(
                    share.quantities.get(symbol, 0), event.numerator, event.denominator
                )
                share.quantities[symbol] = part
            # What it cost does not change by a split.
            account.hold(
                symbol,
                Holding(quantity=SignedQty(quantity), last_px=Px(last_px), cost=held.cost),
            )
        case _:
            pass


def _pay(account: RiskAccount, amount: int) -> None:
    account.cash += amount
