"""What a book is told: order types and times in force as numbers, messages as rows.

A batch of messages is a table `(n, MESSAGE_COLUMNS) int64`; both books take the same one.
"""

from enum import IntEnum
from typing import Final

from trade2026.model.order import OrdType, TimeInForce


class Action(IntEnum):
    """What a message asks."""

    PLACE = 0
    CANCEL = 1


class Kind(IntEnum):
    """How an order is priced."""

    LIMIT = 1
    MARKET = 2


class Force(IntEnum):
    """How long an order stays."""

    GTC = 1
    IOC = 2
    FOK = 3


KIND_OF: Final = {OrdType.LIMIT: Kind.LIMIT, OrdType.MARKET: Kind.MARKET}
FORCE_OF: Final = {
    TimeInForce.GTC: Force.GTC,
    TimeInForce.IOC: Force.IOC,
    TimeInForce.FOK: Force.FOK,
}

BUY: Final = 1
SELL: Final = -1

MESSAGE_COLUMNS: Final = 8
"""Action, number, owner, side (+1 buy, -1 sell), kind, force, ticks, lots."""

MAX_TICKS: Final = 2**37
"""Above the platform's price bound, 1e9 units, on a grid of 0.01."""
MAX_LOTS: Final = 2**40
"""A million such orders at one level still add up within 64 bits."""
