"""What is booked on an account besides fills: funding, dividends, splits, rates, transfers.

Each stands in the log of orders among the account's other events, at the place where it took
effect: who holds a share when its dividend is booked gets it. `event_id` is the sender's key;
the same one counts once, however often it is sent.
"""

from typing import TypeAlias

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId, StrategyId
from trade2026.core.numbers import Money, Px
from trade2026.model.position import LotMethod


class Booking(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What every booking says; only its kinds, `AnyBooking`, are ever journalled."""

    event_id: EventId
    account: AccountId
    ts_ns: TimeNs
    asked_by: str
    text: str


class FundingBooked(Booking, frozen=True, kw_only=True):
    """Funding was paid or received for a position."""

    strategy: StrategyId
    venue: str
    symbol: str
    amount: Money
    """In the currency of the instrument: received is positive, paid is negative."""


class DividendBooked(Booking, frozen=True, kw_only=True):
    """A share went ex dividend: every position in it gets `per_unit`, a short one owes it."""

    venue: str
    symbol: str
    per_unit: Px
    """In nanos of the currency of the instrument."""


class SplitBooked(Booking, frozen=True, kw_only=True):
    """`numerator` new units came in the place of `denominator` old ones.

    Costs stay as they are. What would be a part of a nano is dropped.
    """

    venue: str
    symbol: str
    numerator: int
    denominator: int


class RateSet(Booking, frozen=True, kw_only=True):
    """One unit of `currency` is worth `rate` of the account's base currency from here on."""

    currency: str
    rate: Px


class CashMoved(Booking, frozen=True, kw_only=True):
    """Cash came from another account, or from outside, or went there."""

    currency: str
    amount: Money
    """Positive came in, negative went out."""
    counter_account: str
    """The other side; empty outside the platform."""


class LotMethodSet(Booking, frozen=True, kw_only=True):
    """From here on the account sells its units by `method`.

    What is held now at average cost becomes one lot; lots become one at their average.
    """

    method: LotMethod


AnyBooking: TypeAlias = (
    FundingBooked | DividendBooked | SplitBooked | RateSet | CashMoved | LotMethodSet
)
"""A change of an account that no venue reports as a fill."""


class BookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The demand to journal bookings, which the log's one writer answers.

    All of one demand are journalled, one after another, or asked for again under the same
    keys.
    """

    bookings: tuple[AnyBooking, ...]


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: everything is in the log."""

    journal_seq: int
    """Sequence of the last of them."""
