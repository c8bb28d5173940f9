"""What a book is told: orders, changes of orders, phases, bands and the time.

A batch of messages is an array of `MESSAGE` records; both books take the same one. Which
columns a message uses, all others being without meaning:

========  ===========================================================================
PLACE     all but `time_ns`, which only GTD uses
CANCEL    number
REDUCE    number, lots (to take off)
REPLACE   number, ticks, lots (that shall be left), trigger (0: as it is), stp
PHASE     ticks (the new `Phase`)
BAND      ticks (the lowest price allowed), trigger (the highest); both 0: no band
CLOCK     time_ns
========  ===========================================================================
"""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.model.order import OrdType, SelfTradePrevention, TimeInForce


class Action(IntEnum):
    """What a message asks."""

    PLACE = 0
    CANCEL = 1
    REDUCE = 2
    """Take lots off an order, which keeps its place."""
    REPLACE = 3
    """Change price, quantity or trigger; only a smaller quantity keeps the place."""
    PHASE = 4
    BAND = 5
    """Set within which prices orders are taken."""
    CLOCK = 6
    """Let the book's time come, and what expires by it end."""


class Kind(IntEnum):
    """How an order is priced."""

    LIMIT = 1
    MARKET = 2
    STOP = 3
    """A market order once the last price has reached its trigger."""
    STOP_LIMIT = 4
    """A limit order then."""
    TRAILING_STOP = 5
    """A stop whose trigger follows the last price at an offset."""


class Force(IntEnum):
    """How long an order stays."""

    GTC = 1
    IOC = 2
    FOK = 3
    DAY = 4
    """Until the book is closed."""
    GTD = 5
    """Until `time_ns` of its message."""


class Stp(IntEnum):
    """What happens where an order would meet one of the same owner; the taker's word counts."""

    CANCEL_NEWEST = 0
    """The rest of the incoming order ends."""
    CANCEL_OLDEST = 1
    """The resting order ends; the incoming one goes on."""
    CANCEL_BOTH = 2
    DECREMENT = 3
    """Both lose, without a trade, what they would have traded."""


class Flag(IntFlag):
    """What else an order asks; the values add up."""

    POST_ONLY = 1
    """Rest without trading, or not at all."""


class Phase(IntEnum):
    """What a book does with orders."""

    CONTINUOUS = 0
    AUCTION = 1
    """Orders rest without trading, until one price trades as much as can be."""
    HALTED = 2
    """Nothing new comes in; what rests may be cancelled and reduced."""
    CLOSED = 3
    """The same; orders for the day have ended."""


KIND_OF: Final = {
    OrdType.LIMIT: Kind.LIMIT,
    OrdType.MARKET: Kind.MARKET,
    OrdType.STOP: Kind.STOP,
    OrdType.STOP_LIMIT: Kind.STOP_LIMIT,
    OrdType.TRAILING_STOP: Kind.TRAILING_STOP,
}
FORCE_OF: Final = {
    TimeInForce.GTC: Force.GTC,
    TimeInForce.IOC: Force.IOC,
    TimeInForce.FOK: Force.FOK,
    TimeInForce.DAY: Force.DAY,
    TimeInForce.GTD: Force.GTD,
}
STP_OF: Final = {
    SelfTradePrevention.CANCEL_NEWEST: Stp.CANCEL_NEWEST,
    SelfTradePrevention.CANCEL_OLDEST: Stp.CANCEL_OLDEST,
    SelfTradePrevention.CANCEL_BOTH: Stp.CANCEL_BOTH,
    SelfTradePrevention.DECREMENT: Stp.DECREMENT,
}

BUY: Final = 1
SELL: Final = -1

MAX_TICKS: Final = 2**37
"""Above the platform's price bound, 1e9 units, on a grid of 0.01."""
MAX_LOTS: Final = 2**40
"""A million such orders at one level still add up within 64 bits."""
MAX_PARTS: Final = 100
"""Into so many parts an iceberg may be cut at the most, so that one order cannot make
endless events."""

MESSAGE: Final = np.dtype(
    {
        "names": [
            "number",  # of the order; any but 0
            "ticks",  # limit price
            "lots",
            "trigger",  # of a stop, in ticks; of a trailing stop the offset from the last price
            "display",  # lots an iceberg shows at a time; 0: everything
            "time_ns",  # when a GTD order ends, or what time it is
            "owner",
            "action",  # Action
            "side",  # +1 buy, -1 sell
            "kind",  # Kind
            "force",  # Force
            "stp",  # Stp
            "flags",  # Flag
        ],
        "formats": ["i8"] * 6 + ["i4"] + ["i1"] * 6,
        "offsets": [0, 8, 16, 24, 32, 40, 48, 52, 53, 54, 55, 56, 57],
        "itemsize": 64,
    }
)
"""One message to a book: 64 bytes, a line of the processor's cache."""


def new_message(action: Action, **fields: int) -> NDArray[np.void]:
    """Return one record of `MESSAGE`; fields that are not named are 0."""
    message = np.zeros(1, MESSAGE)
    message["action"] = action
    for field, value in fields.items():
        message[field] = value
    return message
