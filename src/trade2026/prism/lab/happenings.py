"""A book's events as what happened in it: market orders, limit orders and cancels."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.domain.realism.response import Happening, Happenings
from trade2026.prism.engine.event import EventKind, EventReason

_COLUMNS: Final = ["kind", "side", "ticks", "level_lots", "taker_number", "reason"]
_KINDS: Final = {
    int(EventKind.TRADE): Happening.MARKET,
    int(EventKind.ADDED): Happening.LIMIT,
    int(EventKind.REMOVED): Happening.CANCEL,
}


def happenings_of(events: NDArray[np.void]) -> Happenings:
    """Return what happened at one book's best prices, from its opening on.

    All trades of one incoming order are one market order. Limit orders and cancels behind the
    best price are passed over, as at the source. While a side is empty the mid is the last one
    known.

    Args:
        events: `MARKET_EVENT` records of one symbol, the first one of the book's included.

    Source: Eisler, Bouchaud and Kockelkoren (2012), "The price impact of order book events".
    """
    levels: dict[int, dict[int, int]] = {1: {}, -1: {}}
    found: list[tuple[int, int, float]] = []
    mid, taker = np.nan, 0
    rows: Iterable[tuple[int, ...]] = events[_COLUMNS].tolist()
    for kind, side, ticks, level_lots, taker_number, reason in rows:
        happening = _KINDS.get(kind)
        if happening is None:
            continue
        is_trade = happening is Happening.MARKET
        own = -side if is_trade else side
        is_best = side * ticks >= _best(levels[side], side) if not is_trade else True
        if level_lots:
            levels[own][ticks] = level_lots
        else:
            levels[own].pop(ticks, None)
        if levels[1] and levels[-1]:
            mid = 0.5 * (max(levels[1]) + min(levels[-1]))
        is_same = is_trade and taker_number == taker
        taker = taker_number if is_trade else 0
        is_asked = happening is not Happening.CANCEL or reason == EventReason.NONE
        if is_same:
            found[-1] = (*found[-1][:2], mid)
        elif is_best and is_asked:
            found.append((int(happening), side, mid))
    known = np.array([one for one in found if not np.isnan(one[2])]).reshape(-1, 3)
    return Happenings(
        kind=known[:, 0].astype(np.int64), side=known[:, 1].astype(np.int64), mid=known[:, 2]
    )


def _best(shown: dict[int, int], side: int) -> float:
    """Return the best price of a side times its sign; below all prices where it is empty."""
    return side * (max(shown) if side > 0 else min(shown)) if shown else -np.inf
