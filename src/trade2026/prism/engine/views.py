"""What rests in a compiled book, for Python: depth, orders, waiting stops."""

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine import memory
from trade2026.prism.engine.compiled import Cells, entry
from trade2026.prism.engine.layout import Block
from trade2026.prism.engine.levels import level_of, next_level
from trade2026.prism.engine.memory import (
    NO_RANK,
    book_of,
    order_at,
    side_at,
    stop_at,
    which,
)


@entry
def copy_depth(book: int, side: int, levels: Cells) -> int:
    """Fill *levels*, `(n, 2)`: ticks and shown lots, best first; return how many there are."""
    its = book_of(book)
    rank = side_at(its, which(side)).best
    count = 0
    while count < len(levels) and rank != NO_RANK:
        levels[count, 0] = side * rank
        levels[count, 1] = level_of(its, side, rank).shown
        count += 1
        rank = next_level(its, side, rank)
    return count


@entry
def copy_resting(book: int, orders: Cells) -> None:
    """Fill *orders*, `(open, 6)`: number, owner, side, ticks, lots, shown, as they would trade."""
    its = book_of(book)
    row = 0
    for side in (1, -1):
        rank = side_at(its, which(side)).best
        while rank != NO_RANK:
            slot = level_of(its, side, rank).head
            while slot:
                order = order_at(its, slot)
                orders[row, 0] = order.number
                orders[row, 1] = order.owner
                orders[row, 2] = side
                orders[row, 3] = side * rank
                orders[row, 4] = order.shown + order.hidden
                orders[row, 5] = order.shown
                row += 1
                slot = order.after
            rank = next_level(its, side, rank)


@entry
def copy_waiting(book: int, stops: Cells) -> None:
    """Fill *stops*, `(waiting, 6)`: number, owner, side, kind, trigger, lots; longest first."""
    its = book_of(book)
    row = 0
    slot = its.first_stop
    while slot:
        stop = stop_at(its, slot)
        stops[row, 0] = stop.number
        stops[row, 1] = stop.owner
        stops[row, 2] = stop.side
        stops[row, 3] = stop.kind
        stops[row, 4] = stop.trigger
        stops[row, 5] = stop.lots
        row += 1
        slot = stop.after


def depth_of(book: Block, side: int, levels: int) -> NDArray[np.int64]:
    """Return up to *levels* price levels, `(n, 2) int64`: ticks, lots shown; best first."""
    rows = np.empty((min(levels, int(memory.head_of(book)["open"])), 2), np.int64)
    return rows[: copy_depth(book.ctypes.data, side, rows)]


def resting_of(book: Block) -> NDArray[np.int64]:
    """Return all resting orders, `(n, 6) int64`.

    Number, owner, side, ticks, lots left in all, lots shown; buys before sells, within a side
    in the order in which they would trade.
    """
    rows = np.empty((int(memory.head_of(book)["open"]), 6), np.int64)
    copy_resting(book.ctypes.data, rows)
    return rows


def waiting_of(book: Block) -> NDArray[np.int64]:
    """Return all waiting stops, `(n, 6) int64`, the one that has waited longest first.

    Number, owner, side, kind, trigger as it is now (0: none yet), lots.
    """
    rows = np.empty((int(memory.head_of(book)["waiting"]), 6), np.int64)
    copy_waiting(book.ctypes.data, rows)
    return rows
