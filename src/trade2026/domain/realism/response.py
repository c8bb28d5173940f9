"""How the price answers to what happens in the book: six kinds of events.

Market orders, limit orders and cancels, each as far as it moved the mid at once or not. The
answer is the mean move of the mid, in the event's direction, until so many events later. A
market or limit order that buys pushes up, a bid that is cancelled down.

Source: Eisler, Bouchaud and Kockelkoren (2012), "The price impact of order book events: market
orders, limit orders and cancellations"; as scores of a simulator, LOB-Bench, arXiv 2502.09172.
"""

from enum import IntEnum
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.series import Reals

LAG: Final = 50
"""Events until the answer is looked at."""
_EVENTS_MIN: Final = 30


class Happening(IntEnum):
    """What happened."""

    MARKET = 0
    LIMIT = 1
    CANCEL = 2


NAMES: Final = ("MO", "LO", "CA")


class Happenings(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a book, in order; columns of one length."""

    kind: NDArray[np.int64]
    """`Happening`."""
    side: NDArray[np.int64]
    """+1 where the order, or what was cancelled of one, buys, -1 where it sells."""
    mid: Reals
    """After it, in any unit."""


def responses(happenings: Happenings, lag: int = LAG) -> dict[str, float]:
    """Return the answer to each of the six: ``MO0`` did not move the mid at once, ``MO1`` did.

    A kind of which there are fewer than thirty is not among them.
    """
    before, after = happenings.mid[: -lag - 1], happenings.mid[lag + 1 :]
    kind, side = happenings.kind[1 : len(before) + 1], happenings.side[1 : len(before) + 1]
    moved = happenings.mid[1 : len(before) + 1] != before
    answer = side * (after - before)
    found: dict[str, float] = {}
    for happening in Happening:
        for is_mover in (False, True):
            own = answer[(kind == happening) & (moved == is_mover)]
            if len(own) >= _EVENTS_MIN:
                found[f"{NAMES[happening]}{int(is_mover)}"] = float(own.mean())
    return found


def right_signs(found: dict[str, float]) -> float:
    """Return how many of the six answers there are, and have the sign that real books give."""
    return float(
        sum(value < 0.0 if name.startswith("CA") else value > 0.0 for name, value in found.items())
    )
