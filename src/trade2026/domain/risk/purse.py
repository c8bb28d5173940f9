"""What an account has, or owes, in other currencies than the base, at the ledger's rates.

Fees in a third asset are owed in it, cash of other currencies is paid in. All of it is equity, as
in the ledger; but what there is of a currency that is no dollar bears no order: its rate is
somebody's word, and it would have to be sold first. What is owed in one binds at once.
"""

from collections.abc import Iterable

from trade2026.core.numbers import Money, Px, Value, money_up, value_at
from trade2026.model.position import DOLLARS, Balance, no_balance


class Purse:
    """Balances by currency, with their sums; mutable.

    The sums are kept as they change: an order is judged in microseconds.
    """

    def __init__(self) -> None:
        self._balances: dict[str, Balance] = {}
        self.worth = Value(0)
        """In square nanos of the base currency; what has no rate counts as nothing."""
        self.paid_in = Value(0)
        """What was paid in, each at the rate of its day."""
        self.idle = Money(0)
        """The part of `worth` that bears no order, rounded up."""

    def all(self) -> tuple[Balance, ...]:
        """Return every balance, sorted by currency."""
        return tuple(self._balances[one] for one in sorted(self._balances))

    def thaw(self, balances: Iterable[Balance]) -> None:
        """Begin from *balances*."""
        self._balances = {one.currency: one for one in balances}
        self._sum()

    def move(self, currency: str, amount: int) -> None:
        """Add *amount* of cash, in square nanos, that came by trading."""
        self._set(self._of(currency).moved(amount))

    def pay_in(self, currency: str, amount: int) -> None:
        """Add *amount* of cash, in square nanos, that was paid in."""
        self._set(self._of(currency).paid_in(amount))

    def rate(self, currency: str, rate: Px) -> None:
        """Value *currency* at *rate*."""
        self._set(self._of(currency).valued(rate))

    def value(self, currency: str, amount: int) -> Value:
        """Return what *amount* of *currency* is worth; nothing without a rate."""
        rate = self._of(currency).rate
        return Value(0) if rate is None else value_at(amount, rate)

    def _of(self, currency: str) -> Balance:
        return self._balances.get(currency) or no_balance(currency)

    def _set(self, balance: Balance) -> None:
        self._balances[balance.currency] = balance
        self._sum()

    def _sum(self) -> None:
        balances = self._balances.values()
        self.worth = Value(sum(one.worth for one in balances))
        self.paid_in = Value(sum(one.deposits_base for one in balances))
        idle = sum(max(0, one.worth) for one in balances if one.currency not in DOLLARS)
        self.idle = money_up(idle)
