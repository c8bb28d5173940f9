"""Whose a payment of funding is: the exchange pays one account, which several of ours may share.

Funding is paid on the position as a whole and in proportion to it, so each of our positions has
its share by its own signed quantity: a short one is paid what a long one pays. The shares always
come to the payment; the nanos that do not divide go to the largest position.

Source: Binance, "Introduction to Binance Futures Funding Rates": nominal value times rate.
"""

from collections.abc import Mapping

from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import Money
from trade2026.model.live import FundingShare


def shares_of(
    amount: Money, held: Mapping[tuple[AccountId, StrategyId], int]
) -> tuple[FundingShare, ...]:
    """Return whose *amount* is, sorted; where all are flat by now, the first one's.

    Args:
        amount: in nanos; negative was paid.
        held: signed quantities of all who ever traded the symbol; nobody's is nobody's funding.
    """
    if not held:
        return ()
    whole = sum(held.values())
    if not whole:
        return (FundingShare(*min(held), amount),)
    parts = {key: amount * qty // whole for key, qty in sorted(held.items())}
    largest = max(parts, key=lambda key: (abs(held[key]), key))
    parts[largest] += amount - sum(parts.values())
    return tuple(FundingShare(*key, Money(part)) for key, part in parts.items() if part)
