"""Double entry: what one event did, as postings that come to nothing in every currency.

What is had is a debit and positive, what it came from a credit and negative. Everything is in
square nanos of the posting's currency; a position stands at what it cost.

Source: Pacioli, Summa de arithmetica (1494), tractatus XI.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Value
from trade2026.model.position import Position

CASH: Final = "assets:cash"
POSITIONS: Final = "assets:positions"
"""With the strategy, the venue and the symbol behind it."""
DEPOSITS: Final = "equity:deposits"
REALIZED: Final = "income:realized"
FUNDING: Final = "income:funding"
DIVIDENDS: Final = "income:dividends"
FEES: Final = "expenses:fees"


class Posting(msgspec.Struct, frozen=True, gc=False):
    """One line of an entry."""

    account: str
    """The name in the chart of accounts, such as ``assets:cash``."""
    currency: str
    amount: Value
    """Debit positive, credit negative."""


class Move(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one event did to one position."""

    before: Position
    after: Position
    cash: Value
    """What the cash of its quote asset moved by, reckoned apart from the two."""

    def is_balanced(self) -> bool:
        """Return whether what came went somewhere, in the position's own currency."""
        before, after = self.before, self.after
        had = self.cash + after.cost - before.cost + after.fees - before.fees
        gained = after.realized - before.realized + after.funding - before.funding
        return had == gained + after.dividends - before.dividends


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """One event of the log, booked."""

    journal_seq: int
    ts_ns: TimeNs
    kind: str
    """The event, such as ``TRADE`` or ``DIVIDEND``."""
    reference: str
    """The fill or the key that it came under."""
    moves: tuple[Move, ...] = ()
    paid_in: tuple[tuple[str, Value], ...] = ()
    """Deposits by currency."""

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Return the lines; in every currency they come to nothing."""
        lines = [line for move in self.moves for line in _lines_of(move)]
        for currency, amount in self.paid_in:
            lines += [(CASH, currency, amount), (DEPOSITS, currency, -amount)]
        return postings_of(lines)


def posting_of_position(position: Position) -> str:
    """Return the name of the account that a position stands in at cost."""
    key = position.key
    return f"{POSITIONS}:{key.strategy}:{key.venue}:{key.symbol}"


def lines_of_state(position: Position) -> Iterable[tuple[str, str, int]]:
    """Yield (account, currency, amount) of all that a position ever did besides cash."""
    currency = position.currency
    yield posting_of_position(position), currency, position.cost
    yield REALIZED, currency, -position.realized
    yield FEES, currency, position.fees
    yield FUNDING, currency, -position.funding
    yield DIVIDENDS, currency, -position.dividends
    for paid in position.other_fees:
        yield FEES, paid.asset, paid.amount


def _lines_of(move: Move) -> Iterable[tuple[str, str, int]]:
    before, after, currency = move.before, move.after, move.after.currency
    yield CASH, currency, move.cash
    yield posting_of_position(after), currency, after.cost - before.cost
    yield REALIZED, currency, before.realized - after.realized
    yield FEES, currency, after.fees - before.fees
    yield FUNDING, currency, before.funding - after.funding
    yield DIVIDENDS, currency, before.dividends - after.dividends
    if after.other_fees != before.other_fees:
        for asset, amount in other_fees_moved(before, after).items():
            yield FEES, asset, amount
            yield CASH, asset, -amount


def other_fees_moved(before: Position, after: Position) -> dict[str, int]:
    """Return by asset what more was paid in third assets."""
    paid = Counter({one.asset: int(one.amount) for one in after.other_fees})
    paid.subtract({one.asset: int(one.amount) for one in before.other_fees})
    return dict(paid)


def postings_of(lines: Iterable[tuple[str, str, int]]) -> tuple[Posting, ...]:
    """Return the postings of *lines*, those of one account together and zeros left out."""
    sums: dict[tuple[str, str], int] = {}
    for account, currency, amount in lines:
        sums[account, currency] = sums.get((account, currency), 0) + amount
    return tuple(Posting(*place, Value(amount)) for place, amount in sums.items() if amount)
