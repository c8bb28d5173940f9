"""The memory of a compiled order book: its tables, price levels, queues, index of numbers.

A book is one block: a header, then tables. Prices count as *ranks*, ticks times the side's
sign, so that on either side a greater rank is a better price and one code serves both.

Each side has a window of `WINDOW` levels, one for every rank from `base` up, with three
storeys of bits that say which hold orders: the next best price is found by counting zeros.
The best level is always within the window; what lies below it is kept in a sorted list, and
`recentre` moves the window when the best price leaves it. The orders of a level are a linked
queue, in which they trade; stops wait in a queue of their own.

An order's number leads to its slot: the index has one entry for each remainder of numbers, and
since numbers are given one after another, the entry is nearly always free. A number that finds
it taken goes to the crowd, an open-addressing table. Stops stand there by minus their slot.

Kernels never allocate: who calls them asks `has_room` first. Slot 0 is nobody.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.layout import (
    LINE,
    Block,
    Layout,
    Record,
    Table,
    new_block,
)
from trade2026.prism.engine.message import MAX_PARTS, MAX_TICKS, MESSAGE

MESSAGES: Final = Layout.of_dtype("message", MESSAGE)
message_of = MESSAGES.of

WINDOW: Final = 16_384
"""Levels of a side that are found at once."""
WORDS: Final = WINDOW // 64

NO_RANK: Final = -(2**62)
"""The best rank of an empty side: worse than every price."""

ROOM: Final = 32
"""Messages that `has_room` vouches for: as many as an agent may send in one wake."""

BOOK: Final = Layout(
    "book",
    {
        "capacity": "i8",  # orders that may rest, a power of two
        "order_count": "i8",  # records of the table of orders: capacity + 1
        "index_at": "i8",  # bytes from here to the index
        "index_count": "i8",  # a power of two
        "crowd_at": "i8",
        "crowd_count": "i8",
        "crowded": "i8",  # numbers that are not in the index but in the crowd
        "lowest": "i8",  # number that ever rested or waited, 0 at first
        "highest": "i8",
        "far_at": "i8",
        "far_count": "i8",
        "timer_at": "i8",
        "timer_count": "i8",
        "stop_at": "i8",
        "stop_count": "i8",
        "free_order": "i8",  # first unused slot, linked by `after`
        "free_stop": "i8",
        "open": "i8",  # resting orders
        "hidden_parts": "i8",  # in how many parts the hidden lots of all icebergs will show,
        # of waiting ones too
        "waiting": "i8",  # stops
        "trailing": "i8",  # of them, how many follow the market
        "timers": "i8",  # entries of the heap of expiries, dead ones included
        "last_timer": "i8",  # stamp of the latest entry
        "first_stop": "i8",  # the stop that has waited longest
        "last_stop": "i8",
        "low_buy_trigger": "i8",  # no waiting buy stop has a lower trigger
        "high_sell_trigger": "i8",
        "now": "i8",
        "agent_number": "i8",  # agents count downwards from -1; outsiders' numbers are positive
        "last": "i8",  # ticks of the last trade, 0 before the first
        "band_low": "i8",
        "band_high": "i8",
        "seldom_at": "i8",  # address of a kernel in this process: see seldom.py
        "phase": "i4",
        "symbol": "i4",
    },
    size=5 * LINE,
)

SIDE: Final = Layout(
    "side",
    {
        "best": "i8",  # rank of the best level, NO_RANK where the side is empty
        "base": "i8",  # rank of the window's first level
        "far": "i8",  # levels below the window
        "top": "i8",  # which words of the storey below are not empty
    },
    size=64,
)
WORD: Final = Layout("word", {"bits": "i8"})
LEVEL: Final = Layout(
    "level",
    {"shown": "i8", "hidden": "i8", "rank": "i8", "head": "i4", "tail": "i4"},
)
ORDER: Final = Layout(
    "order",
    {
        "number": "i8",
        "rank": "i8",
        "shown": "i8",  # lots that are left and seen; 0 in a slot that is free
        "hidden": "i8",  # lots that are left besides
        "display": "i8",  # what an iceberg shows at a time, 0 for all
        "timer": "i8",  # stamp of the entry by which it expires, 0 for never
        "owner": "i4",
        "before": "i4",
        "after": "i4",
        "side": "i1",
        "force": "i1",
        "flags": "i1",
        "is_special": "i1",  # it was an iceberg, or may expire
    },
    size=64,
    over={"terms": ("i4", "side")},
)
SLOT: Final = Layout("slot", {"at": "i4"})
TIMER: Final = Layout("timer", {"time": "i8", "number": "i8", "stamp": "i8"})
STOP: Final = Layout(
    "stop",
    {
        "number": "i8",
        "ticks": "i8",
        "lots": "i8",
        "trigger": "i8",  # ticks; 0 while it cannot be reached
        "offset": "i8",  # of a trailing stop
        "display": "i8",
        "timer": "i8",
        "owner": "i4",
        "before": "i4",
        "after": "i4",
        "side": "i1",
        "kind": "i1",
        "force": "i1",
        "stp": "i1",
        "flags": "i1",
    },
    size=80,
)

_SIDES_AT: Final = BOOK.size
_UPPER_AT: Final = _SIDES_AT + 2 * SIDE.size
_BITS_AT: Final = _UPPER_AT + 2 * (WORDS // 64) * WORD.size
_NEAR_AT: Final = _BITS_AT + 2 * WORDS * WORD.size
ORDERS_AT: Final = _NEAR_AT + 2 * WINDOW * LEVEL.size

SIDES: Final = Table("sides", SIDE, header=BOOK, at=_SIDES_AT, count=2)
ORDERS: Final = Table("orders", ORDER, header=BOOK, at=ORDERS_AT, count="order_count")
SLOTS: Final = Table("index", SLOT, header=BOOK, at="index_at", count="index_count")
CROWD: Final = Table("crowd", SLOT, header=BOOK, at="crowd_at", count="crowd_count")
FAR: Final = Table("far levels", LEVEL, header=BOOK, at="far_at", count="far_count")
TIMERS: Final = Table("timers", TIMER, header=BOOK, at="timer_at", count="timer_count")
STOPS: Final = Table("stops", STOP, header=BOOK, at="stop_at", count="stop_count")
_UPPER: Final = Table("upper bits", WORD, header=BOOK, at=_UPPER_AT, count=2 * (WORDS // 64))
_BITS: Final = Table("bits", WORD, header=BOOK, at=_BITS_AT, count=2 * WORDS)
_NEAR: Final = Table("near levels", LEVEL, header=BOOK, at=_NEAR_AT, count=2 * WINDOW)

INDEX_FACTOR: Final = 8
"""Index entries for each order."""

MOVING: Final = (
    ("index", SLOT),
    ("crowd", SLOT),
    ("far", LEVEL),
    ("timer", TIMER),
    ("stop", STOP),
)
"""The tables whose places depend on how much there is room for."""


def new_book(symbol: int, capacity: int) -> Block:
    """Return the memory of an empty book for *capacity* orders, a power of two."""
    assert capacity >= 4 * ROOM
    assert capacity & (capacity - 1) == 0
    stops = capacity // 4
    numbers = {
        "capacity": capacity,
        "order_count": capacity + 1,
        "index_count": INDEX_FACTOR * capacity,
        "crowd_count": INDEX_FACTOR * capacity,
        "far_count": 2 * capacity,
        "timer_count": 2 * (capacity + stops),
        "stop_count": stops + 1,
        "symbol": symbol,
        "low_buy_trigger": MAX_TICKS + 1,
        "high_sell_trigger": -1,
    }
    at = ORDERS_AT + (capacity + 1) * ORDER.size
    for part, layout in MOVING:
        at = -(-at // LINE) * LINE
        numbers[f"{part}_at"] = at
        at += numbers[f"{part}_count"] * layout.size
    block = new_block(at)
    head = head_of(block)
    for field, number in numbers.items():
        head[field] = number
    SIDES.view(block)["best"] = NO_RANK
    head["free_order"] = _link(ORDERS.view(block), 1)
    head["free_stop"] = _link(STOPS.view(block), 1)
    return block


def head_of(book: Block) -> Any:
    """Return the header of a book, sharing its memory."""
    return book[: BOOK.size].view(BOOK.dtype)[0]


def _link(records: NDArray[np.void], first: int) -> int:
    records["after"][first:-1] = np.arange(first + 1, len(records))
    records["after"][-1] = 0
    return first


side_at = SIDES.getter()
order_at = ORDERS.getter()
slot_at = SLOTS.getter()
crowd_at = CROWD.getter()
far_at = FAR.getter()
timer_at = TIMERS.getter()
stop_at = STOPS.getter()
upper_at = _UPPER.getter()
bits_at = _BITS.getter()
near_at = _NEAR.getter()
book_of = BOOK.of


@kernel
def which(side: int) -> int:
    """Return 0 for the buys, 1 for the sells: the place of a side's tables."""
    return (1 - side) >> 1


@kernel
def has_room(book: Record, tape: Record) -> bool:
    """Return whether `ROOM` more messages surely fit the book and the tape."""
    free = min(book.capacity - book.open, book.stop_count - 1) - book.waiting
    # One message may sweep the book, set off every stop, and end what is left: each event
    # uses up a part of an order or a stop, and an auction's trade takes three events. What
    # comes in meanwhile has parts as well.
    most = 4 * (book.open + book.hidden_parts + book.waiting) + ROOM * (4 * MAX_PARTS + 8)
    return free >= ROOM and tape.capacity - tape.count >= most
