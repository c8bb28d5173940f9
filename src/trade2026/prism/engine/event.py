"""What happens on a book: kinds, reasons and columns of its events.

Where "the order" stands in the maker's or the taker's columns, these are its number, its
owner and what is left of it in all, after the event; `side` is then its side and `ticks` its
limit, 0 for an order without one. A column that a kind does not use is 0.
"""

from enum import IntEnum
from typing import Final

import numpy as np


class EventKind(IntEnum):
    """What an event says."""

    TRADE = 1
    """A taker met a resting order (the maker), at the maker's price; `side` is the taker's.
    In an auction the maker is the seller, the taker the buyer, `side` and `level_lots` are 0."""
    ADDED = 2
    """`lots` of the order (maker's columns) rest on the book: all that is left of it."""
    REMOVED = 3
    """What was left of a resting order or waiting stop (maker's columns), `lots`, is gone."""
    KILLED = 4
    """What is not done of an incoming order (taker's columns), `lots`, ends; `reason` says why."""
    CHANGED = 5
    """A resting order or waiting stop (maker's columns) kept its place; `lots` are left."""
    TRIGGERED = 6
    """A waiting stop (taker's columns) becomes active; `ticks` is its trigger."""
    WAITING = 7
    """A stop (maker's columns) waits; `ticks` is its trigger, 0 while it has none."""
    REFRESHED = 8
    """An iceberg (maker's columns) shows its next part, `lots`, behind all others of its price."""
    PHASE = 9
    """The book is in the `Phase` that `ticks` says."""
    REFUSED = 10
    """A cancel, reduce, replace, phase or band for `taker_number` was not done; `reason` says why,
    and nothing changed."""
    DECREMENTED = 11
    """Taker and maker, of one owner, lost `lots` without a trade; the columns are a trade's."""
    LEVEL = 12
    """In an auction: `level_lots` are shown at `ticks` on `side` now."""


class EventReason(IntEnum):
    """Why something ended or was not done."""

    NONE = 0
    """It was asked for."""
    UNFILLED = 1
    """The rest of an IOC or market order, for which there is no counterpart at its price."""
    NOT_FILLABLE = 2
    """A FOK order that cannot be filled at once and whole."""
    SELF_TRADE = 3
    """It would have traded with an order of the same owner."""
    DUPLICATE = 4
    """The number belongs to an order that still rests or waits."""
    UNKNOWN_ORDER = 5
    """No order of the number rests or waits: never seen, filled or gone."""
    INVALID = 6
    """A value out of bounds, or values that do not go together."""
    WOULD_TRADE = 7
    """A post-only order that would have traded."""
    WRONG_PHASE = 8
    """The phase of the book does not allow it."""
    OUT_OF_BAND = 9
    """The price is outside the band."""
    EXPIRED = 10
    """Its time has come, or the day of the book ended."""
    REPLACED = 11
    """It was replaced: a removed one enters again at once, a changed one kept its place."""


MARKET_EVENT: Final = np.dtype(
    {
        "names": [
            "seq",  # per book, contiguous from 1
            "time_ns",  # the book's time
            "ticks",
            "lots",
            "maker_number",
            "taker_number",
            "maker_lots_left",  # hidden ones included
            "taker_lots_left",
            "level_lots",  # shown at the price level after the event; 0 where no level changed
            "maker_owner",
            "taker_owner",
            "symbol",  # index into the market's symbols
            "kind",  # EventKind
            "side",  # +1 buy, -1 sell
            "reason",  # EventReason
        ],
        "formats": ["i8"] * 9 + ["i4"] * 2 + ["i2"] + ["i1"] * 3,
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 76, 80, 82, 83, 84],
        "itemsize": 96,
    }
)
"""One event of a book: 96 bytes. A trade's level is on the side opposite to `side`, any other's
on it."""
