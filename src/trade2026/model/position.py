"""Positions and cash as they are told to others: exact sums, nothing derived is kept."""

from enum import StrEnum
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, ExecId, StrategyId
from trade2026.core.numbers import NANOS, Px, SignedQty, Value, value_at

BASE_CURRENCY: Final = "USDT"
"""What accounts are valued in: 1 USD = 1 USDT."""
DOLLARS: Final = frozenset({BASE_CURRENCY, "USD"})
"""What is worth one of the base currency from the beginning: 1 USD = 1 USDT."""

RATE_ONE: Final = Px(NANOS)
"""The rate of the base currency to itself, and of what is pegged to it."""

UNATTRIBUTED: Final = StrategyId("unattributed")
"""The strategy of fills on orders that the platform does not know."""


class LotMethod(StrEnum):
    """Which of the units held are the ones that are sold."""

    AVERAGE = "AVERAGE"
    """All at once: what is closed takes its share of the whole cost."""
    FIFO = "FIFO"
    """The oldest first."""
    LIFO = "LIFO"
    """The newest first."""


class PositionKey(msgspec.Struct, frozen=True, order=True):
    """What a position is kept by."""

    account: AccountId
    strategy: StrategyId
    venue: str
    symbol: str


class AssetAmount(msgspec.Struct, frozen=True, order=True):
    """An amount of an asset, exactly."""

    asset: str
    amount: Value


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A holding at cost. Equity is cash plus quantity at the mark.

    Sums are in the currency the instrument is quoted in.
    """

    key: PositionKey
    quantity: SignedQty = SignedQty(0)
    cost: Value = Value(0)
    """What the open quantity cost, with the quantity's sign; average price is cost / quantity."""
    realized: Value = Value(0)
    """Gains and losses of closed quantity, before fees."""
    fees: Value = Value(0)
    """What fees came to, positive when paid; those in a third asset are in `other_fees`."""
    turnover: Value = Value(0)
    """Sum of the size of all fills."""
    last_px: Px = Px(0)
    """Price of the last fill."""
    currency: str = BASE_CURRENCY
    """What the instrument is quoted in."""
    funding: Value = Value(0)
    """Funding received less funding paid."""
    dividends: Value = Value(0)
    """Dividends received less those that a short owed."""
    other_fees: tuple[AssetAmount, ...] = ()
    """Fees paid in assets that the instrument neither is nor is quoted in, sorted."""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of one currency."""

    currency: str
    cash: Value = Value(0)
    deposits: Value = Value(0)
    """All that was ever paid in, less paid out, in the currency itself."""
    deposits_base: Value = Value(0)
    """The same in the base currency, each at the rate of its day."""
    deposits_unrated: Value = Value(0)
    """What of `deposits` came before the currency had a rate: it is not in `deposits_base`."""
    rate: Px | None = None
    """What one unit is worth in the base currency; None as long as nobody said."""

    @property
    def worth(self) -> Value:
        """Return what the cash is worth in the base currency; nothing without a rate."""
        return Value(0) if self.rate is None else value_at(self.cash, self.rate)

    def moved(self, amount: int) -> "Balance":
        """Return it with *amount* of cash more, that came by trading."""
        return msgspec.structs.replace(self, cash=Value(self.cash + amount))

    def paid_in(self, amount: int) -> "Balance":
        """Return it with *amount* of cash more, that was paid in."""
        unrated, base = self.deposits_unrated, self.deposits_base
        if self.rate is None:
            unrated = Value(unrated + amount)
        else:
            base = Value(base + value_at(amount, self.rate))
        return msgspec.structs.replace(
            self,
            cash=Value(self.cash + amount),
            deposits=Value(self.deposits + amount),
            deposits_base=base,
            deposits_unrated=unrated,
        )

    def valued(self, rate: Px) -> "Balance":
        """Return it valued at *rate*; what came before there was one counts at this one."""
        waiting = value_at(self.deposits_unrated, rate)
        return msgspec.structs.replace(
            self,
            rate=rate,
            deposits_base=Value(self.deposits_base + waiting),
            deposits_unrated=Value(0),
        )


def no_balance(currency: str) -> Balance:
    """Return what there is of a *currency* of which nothing was ever moved."""
    return Balance(currency=currency, rate=RATE_ONE if currency in DOLLARS else None)


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a change of the ledger says of the account besides its base currency."""

    balances: tuple[Balance, ...] = ()
    """Of every other currency, sorted; empty where there is none."""
    others: tuple[Position, ...] = ()
    """Further positions that the same event changed."""


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position was moved: how it stands after, and the account's cash after it."""

    position: Position
    cash: Value
    """The account's cash after the fill, in its base currency."""
    deposits: Value
    """All that was ever paid in, less paid out."""
    exec_id: ExecId
    """The fill that did it; empty where it was none."""
    journal_seq: int
    """Sequence in the log of orders of the event that did it; strictly increasing."""
    ts_ns: TimeNs
    rest: AccountChange = AccountChange()


class CashChanged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cash was paid into or out of an account, or is worth something else now."""

    account: AccountId
    cash: Value
    deposits: Value
    journal_seq: int
    ts_ns: TimeNs
    rest: AccountChange = AccountChange()


class PositionEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the ledger: of positions, or of cash alone."""

    position: PositionChanged | None = None
    cash: CashChanged | None = None

    @property
    def positions(self) -> tuple[Position, ...]:
        """Return every position that changed, as it stands after."""
        if self.position is None:
            return ()
        return (self.position.position, *self.position.rest.others)
