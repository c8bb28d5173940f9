"""What happens on a book, as rows of numbers: kinds, reasons, columns.

Inside, an event is a row of int64, a `tape` is a table of such rows whose row 0 keeps the
count of the others. Outside it is one record of `MARKET_EVENT`. The columns are in the same
order.
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import Words


class EventKind(IntEnum):
    """What an event says."""

    TRADE = 1
    """A taker met a resting order (the maker), at the maker's price."""
    ADDED = 2
    """What is left of an order rests on the book. The order stands in the maker's columns."""
    REMOVED = 3
    """What was left of a resting order is cancelled. The order stands in the maker's columns."""
    REJECTED = 4
    """An order, the unfilled rest of one, or a cancel request ends without resting; `reason`
    says why. The order stands in the taker's columns, `lots` is what is not done."""


class EventReason(IntEnum):
    """Why something was rejected."""

    NONE = 0
    UNFILLED = 1
    """The rest of an IOC or market order, for which there is no counterpart at its price."""
    NOT_FILLABLE = 2
    """A FOK order that cannot be filled at once and whole."""
    SELF_TRADE = 3
    """The rest would have traded with an order of the same owner: the newest gives way."""
    DUPLICATE = 4
    """The number belongs to an order that still rests."""
    UNKNOWN_ORDER = 5
    """A cancel for a number that does not rest: never seen, filled or cancelled."""
    INVALID = 6
    """Price or quantity out of bounds."""


MARKET_EVENT: Final = np.dtype(
    [
        ("seq", "i8"),  # per symbol, contiguous from 1
        ("symbol", "i4"),  # index into the market's symbols
        ("kind", "i1"),  # EventKind
        ("time_ns", "i8"),  # simulation time
        ("side", "i1"),  # +1 buy, -1 sell: of the taker in a trade, else of the order
        ("ticks", "i8"),
        ("lots", "i8"),  # traded, added, removed, or not done
        ("maker_number", "i8"),
        ("taker_number", "i8"),
        ("maker_owner", "i4"),
        ("taker_owner", "i4"),
        ("maker_lots_left", "i8"),
        ("taker_lots_left", "i8"),
        ("reason", "i1"),  # EventReason
        ("level_lots", "i8"),  # quantity left at the price level after the event; 0 if rejected
    ]
)
"""One event of a market. A trade's level is on the side opposite to `side`, any other's on it."""

COLUMNS: Final = len(MARKET_EVENT.names or ())
(
    SEQ,
    SYMBOL,
    KIND,
    TIME,
    SIDE,
    TICKS,
    LOTS,
    MAKER_NUMBER,
    TAKER_NUMBER,
    MAKER_OWNER,
    TAKER_OWNER,
    MAKER_LEFT,
    TAKER_LEFT,
    REASON,
    LEVEL_LOTS,
) = range(COLUMNS)


def new_tape(capacity: int) -> Words:
    """Return an empty tape for *capacity* events: `(capacity + 1, COLUMNS) int64`."""
    return np.zeros((capacity + 1, COLUMNS), np.int64)


def grown_tape(tape: Words) -> Words:
    """Return a tape of twice the room with the same events."""
    grown = new_tape(2 * (len(tape) - 1))
    grown[: len(tape)] = tape
    return grown


def take_events(tape: Words) -> NDArray[np.void]:
    """Return the events of *tape* as `MARKET_EVENT` records in order, and empty it."""
    count = int(tape[0, 0])
    events = np.empty(count, MARKET_EVENT)
    for column, name in enumerate(MARKET_EVENT.names or ()):
        events[name] = tape[1 : count + 1, column]
    tape[0, 0] = 0
    return events
