"""Markets that are none: what the battery must see through.

A walk of Gaussian steps, real returns in another order, and a book that is fed by chance alone.
A battery that passes one of them measures nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S
from trade2026.domain.realism.series import Reals
from trade2026.domain.realism.session import Session
from trade2026.prism.engine.book import Book
from trade2026.prism.engine.message import BUY, MESSAGE, SELL, Action, Force, Kind
from trade2026.prism.lab.record import DAY_S, MINUTE_NS, WARM_MINUTES, Watcher

WALK_MUST_FAIL: Final = ("SF2", "SF3.top5", "SF3.top1", "SF5")
SHUFFLED_MUST_FAIL: Final = ("SF5", "SF6", "SF7")
CHANCE_MUST_FAIL: Final = ("SF5", "SF6", "MS1", "MS5.cv", "MS5.shape")

CHANCE_DAYS: Final = 5.0
"""Chance may show a memory that is none in less."""

_WALK_MINUTES: Final = 20 * 1_440
_START_TICKS: Final = 10_000
_PER_S: Final = 0.8
"""Orders a second, of which one in three takes."""
_TAKING: Final = 1.0 / 3.0
_BAND_TICKS: Final = 12
"""How far from the other side's best price an order rests at most."""
_LIFE_S: Final = 120.0
_RUNGS: Final = 2**16
_STEP: Final = 1e-3


def gaussian_walk(seed: int) -> tuple[Reals, Reals]:
    """Return prices and volumes of twenty days of minutes that know nothing of each other."""
    chance = stream(seed, "lab/walk")
    moves = chance.normal(0.0, _STEP, _WALK_MINUTES)
    return _START_TICKS * np.exp(np.cumsum(moves)), chance.exponential(1.0, _WALK_MINUTES)


def shuffled(mid: Reals, seed: int) -> Reals:
    """Return prices with the returns of *mid* in another order."""
    moves = stream(seed, "lab/shuffle").permutation(np.diff(np.log(mid)))
    return mid[0] * np.exp(np.concatenate([np.zeros(1), np.cumsum(moves)]))


def zero_intelligence(seed: int, days: float = CHANCE_DAYS) -> Session:
    """Return a session of a book that Poisson flows of one-lot orders feed.

    Orders take, or rest anywhere near the other side's best price for an exponential time.

    Source: Smith, Farmer, Gillemot and Krishnamurthy (2003), "Statistical theory of the
    continuous double auction".
    """
    chance = stream(seed, "lab/chance")
    minutes = round(days * DAY_S / 60)
    book, watcher = Book(), Watcher(start_ns=0, rungs=_RUNGS)
    sent = 0
    for minute in range(1, WARM_MINUTES + minutes + 1):
        until_ns = minute * MINUTE_NS
        times, orders = _minute_of_orders(chance, until_ns - MINUTE_NS, sent)
        sent += len(orders)
        for row, now_ns in enumerate(times):
            order = orders[row : row + 1]
            side, away = int(order["side"][0]), int(order["ticks"][0])
            if away:
                other = book.depth(-side, 1)
                touch = int(other[0, 0]) if len(other) else _START_TICKS
                order["ticks"] = touch - side * away
            book.process(order, now=now_ns)
        watcher.add(book.take_events(), until_ns)
        if minute == WARM_MINUTES:
            watcher.begin(until_ns, seconds=minutes * 60)
    return watcher.session()


def _minute_of_orders(
    chance: np.random.Generator, begin_ns: int, sent: int
) -> tuple[list[int], NDArray[np.void]]:
    """Return times and messages whose `ticks` say how far from the other side they rest."""
    count = int(chance.poisson(_PER_S * 60))
    times = np.sort(chance.integers(begin_ns, begin_ns + MINUTE_NS, count))
    takes = chance.random(count) < _TAKING
    lives = (chance.exponential(_LIFE_S, count) * NS_PER_S).astype(np.int64) + 1
    orders = np.zeros(count, MESSAGE)
    orders["action"] = Action.PLACE
    # Each of its own owner, so that no two are kept from trading.
    orders["number"] = orders["owner"] = sent + 1 + np.arange(count)
    orders["side"] = chance.choice([BUY, SELL], count)
    orders["lots"] = 1
    orders["kind"] = np.where(takes, Kind.MARKET, Kind.LIMIT)
    orders["force"] = np.where(takes, Force.IOC, Force.GTD)
    orders["ticks"] = np.where(takes, 0, chance.integers(1, _BAND_TICKS + 1, count))
    orders["time_ns"] = np.where(takes, 0, times + lives)
    return times.tolist(), orders
