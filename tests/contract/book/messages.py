"""Random messages for books, and what must hold of any book that handled some."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from trade2026.core.chance import stream
from trade2026.prism.engine.compiled import Words
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import BUY, MESSAGE_COLUMNS, SELL, Action, Force, Kind

ACTION, NUMBER, OWNER, SIDE, KIND, FORCE, TICKS, LOTS = range(MESSAGE_COLUMNS)


class OrderBook(Protocol):
    """What every book of the engine offers."""

    def place(
        self,
        *,
        now: int,
        number: int,
        owner: int,
        side: int,
        kind: int,
        force: int,
        ticks: int,
        lots: int,
    ) -> None: ...

    def cancel(self, *, now: int, number: int) -> None: ...

    def process(self, messages: Words, *, now: int = 0) -> None: ...

    def take_events(self) -> NDArray[np.void]: ...

    def depth(self, side: int, levels: int) -> Words: ...

    def resting(self) -> Words: ...


ALL_LEVELS: Final = 10**6


def random_messages(seed: int, count: int, *, width: int, owners: int, cancels: float) -> Words:
    """Return a flow of *count* messages around a price that wanders.

    Args:
        seed: fixes the flow.
        count: of messages; the number of an order is its row plus one.
        width: how far limits lie from the centre, in ticks.
        owners: among how many the orders are spread.
        cancels: share of cancels, some of them for orders that are gone.
    """
    luck = stream(seed, "tests/book")
    rows = np.arange(count)
    messages = np.zeros((count, MESSAGE_COLUMNS), np.int64)
    is_cancel = luck.random(count) < cancels
    older = np.maximum(1, rows - luck.integers(0, 2_000, count))
    # Now and then a number is used again: refused while the first order rests.
    again = luck.random(count) < 0.01
    messages[:, ACTION] = np.where(is_cancel, Action.CANCEL, Action.PLACE)
    messages[:, NUMBER] = np.where(is_cancel | again, older, rows + 1)
    messages[:, OWNER] = luck.integers(1, owners + 1, count)
    messages[:, SIDE] = luck.choice([BUY, SELL], count)
    messages[:, KIND] = np.where(luck.random(count) < 0.1, Kind.MARKET, Kind.LIMIT)
    forces = [Force.GTC, Force.IOC, Force.FOK]
    messages[:, FORCE] = luck.choice(forces, count, p=[0.8, 0.1, 0.1])
    centre = 50_000 + np.cumsum(luck.integers(-1, 2, count)) * max(1, width // 40)
    away = luck.integers(-width // 4, width, count)
    messages[:, TICKS] = centre - messages[:, SIDE] * away
    messages[:, LOTS] = luck.integers(1, 100, count)
    odd = luck.random(count) < 0.001
    messages[odd, LOTS] = 0
    return messages


def check_state(book: OrderBook) -> None:
    """Assert that a book is uncrossed and that its levels are the sums of its orders."""
    orders = book.resting()
    best: dict[int, int] = {}
    for side in (BUY, SELL):
        levels = book.depth(side, ALL_LEVELS)
        mine = orders[orders[:, 2] == side]
        assert np.all(np.diff(levels[:, 0]) * side < 0)
        assert np.all(mine[:, 4] > 0)
        assert np.array_equal(np.unique(mine[:, 3]), np.sort(levels[:, 0]))
        for ticks, lots in levels.tolist():
            assert lots == int(mine[mine[:, 3] == ticks, 4].sum())
        if len(levels):
            best[side] = int(levels[0, 0])
    if len(best) == 2:
        assert best[BUY] < best[SELL]


def check_quantities(messages: Words, events: NDArray[np.void], resting: Words) -> None:
    """Assert that every lot sent was traded, removed, rejected or rests, and nothing else was.

    *messages* use every number once; *events* are all that followed.
    """
    size = int(messages[:, NUMBER].max()) + 1
    placed = messages[messages[:, ACTION] == Action.PLACE]
    sent = np.zeros(size, np.int64)
    np.add.at(sent, placed[:, NUMBER], placed[:, LOTS])
    ended = np.zeros(size, np.int64)
    trades = events[events["kind"] == EventKind.TRADE]
    removed = events[events["kind"] == EventKind.REMOVED]
    rejected = events[events["kind"] == EventKind.REJECTED]
    np.add.at(ended, trades["maker_number"], trades["lots"])
    np.add.at(ended, trades["taker_number"], trades["lots"])
    np.add.at(ended, removed["maker_number"], removed["lots"])
    np.add.at(ended, rejected["taker_number"], rejected["lots"])
    np.add.at(ended, resting[:, 0], resting[:, 4])
    assert np.array_equal(sent, ended)
    assert not np.any(trades["maker_owner"] == trades["taker_owner"])


def check_levels(events: NDArray[np.void], book: OrderBook) -> None:
    """Assert that the absolute quantities in the events lead to the book's levels."""
    told: dict[tuple[int, int], int] = {}
    for kind, side, ticks, lots in events[["kind", "side", "ticks", "level_lots"]].tolist():
        if kind != EventKind.REJECTED:
            told[-side if kind == EventKind.TRADE else side, ticks] = lots
    left = {key: lots for key, lots in told.items() if lots}
    shown = {
        (side, ticks): lots
        for side in (BUY, SELL)
        for ticks, lots in book.depth(side, ALL_LEVELS).tolist()
    }
    assert left == shown
