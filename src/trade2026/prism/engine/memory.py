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

from trade2026.prism.engine.compiled import entry, kernel, rare_kernel
from trade2026.prism.engine.layout import (
    LINE,
    Block,
    Layout,
    Record,
    Table,
    leading_zeros,
    new_block,
    out_of_line,
)
from trade2026.prism.engine.message import MAX_TICKS

WINDOW: Final = 16_384
"""Levels of a side that are found at once."""
_WORDS: Final = WINDOW // 64
_ABOVE: Final = WINDOW // 4
"""Levels of the window that a best price may improve by before the window moves."""

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
        "far_at": "i8",
        "far_count": "i8",
        "timer_at": "i8",
        "timer_count": "i8",
        "stop_at": "i8",
        "stop_count": "i8",
        "free_order": "i8",  # first unused slot, linked by `after`
        "free_stop": "i8",
        "open": "i8",  # resting orders
        "hidden_parts": "i8",  # in how many parts the hidden lots of all icebergs will show
        "waiting": "i8",  # stops
        "trailing": "i8",  # of them, how many follow the market
        "timers": "i8",  # entries of the heap of expiries, dead ones included
        "first_stop": "i8",  # the stop that has waited longest
        "last_stop": "i8",
        "low_buy_trigger": "i8",  # no waiting buy stop has a lower trigger
        "high_sell_trigger": "i8",
        "now": "i8",
        "agent_number": "i8",  # agents count downwards from -1; outsiders' numbers are positive
        "last": "i8",  # ticks of the last trade, 0 before the first
        "band_low": "i8",
        "band_high": "i8",
        "phase": "i4",
        "symbol": "i4",
    },
    size=256,
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
        "expires": "i8",  # ns, 0 for never
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
TIMER: Final = Layout("timer", {"time": "i8", "number": "i8"})
STOP: Final = Layout(
    "stop",
    {
        "number": "i8",
        "ticks": "i8",
        "lots": "i8",
        "trigger": "i8",  # ticks; 0 while it cannot be reached
        "offset": "i8",  # of a trailing stop
        "display": "i8",
        "expires": "i8",
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
_BITS_AT: Final = _UPPER_AT + 2 * (_WORDS // 64) * WORD.size
_NEAR_AT: Final = _BITS_AT + 2 * _WORDS * WORD.size
_ORDERS_AT: Final = _NEAR_AT + 2 * WINDOW * LEVEL.size

SIDES: Final = Table("sides", SIDE, header=BOOK, at=_SIDES_AT, count=2)
ORDERS: Final = Table("orders", ORDER, header=BOOK, at=_ORDERS_AT, count="order_count")
SLOTS: Final = Table("index", SLOT, header=BOOK, at="index_at", count="index_count")
CROWD: Final = Table("crowd", SLOT, header=BOOK, at="crowd_at", count="crowd_count")
FAR: Final = Table("far levels", LEVEL, header=BOOK, at="far_at", count="far_count")
TIMERS: Final = Table("timers", TIMER, header=BOOK, at="timer_at", count="timer_count")
STOPS: Final = Table("stops", STOP, header=BOOK, at="stop_at", count="stop_count")
_UPPER: Final = Table("upper bits", WORD, header=BOOK, at=_UPPER_AT, count=2 * (_WORDS // 64))
_BITS: Final = Table("bits", WORD, header=BOOK, at=_BITS_AT, count=2 * _WORDS)
_NEAR: Final = Table("near levels", LEVEL, header=BOOK, at=_NEAR_AT, count=2 * WINDOW)

_GOLDEN: Final = -7046029254386353131
"""2**64 divided by the golden ratio, as int64: neighbouring numbers are spread (Knuth 1973)."""

INDEX_FACTOR: Final = 4
"""Index entries for each order."""

_MOVING: Final = (
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
    at = _ORDERS_AT + (capacity + 1) * ORDER.size
    for part, layout in _MOVING:
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


def grown_book(book: Block) -> Block:
    """Return memory of twice the room with the same orders in the same slots."""
    old = head_of(book)
    capacity = int(old["capacity"])
    grown = new_book(int(old["symbol"]), 2 * capacity)
    head = head_of(grown)
    for field in set(BOOK.dtype.names or ()) - _SIZES:
        head[field] = old[field]
    grown[BOOK.size : _ORDERS_AT] = book[BOOK.size : _ORDERS_AT]
    for table, free in ((ORDERS, "free_order"), (STOPS, "free_stop")):
        records, before = table.view(grown), table.view(book)
        records[: len(before)] = before
        fresh = len(before)
        records["after"][-1] = old[free]
        head[free] = fresh
    for row in range(2):
        count = SIDES.view(book)["far"][row]
        start = row * capacity
        FAR.view(grown)[2 * start :][:count] = FAR.view(book)[start:][:count]
    TIMERS.view(grown)[: old["timers"]] = TIMERS.view(book)[: old["timers"]]
    index_all(grown.ctypes.data)
    return grown


def head_of(book: Block) -> Any:
    """Return the header of a book, sharing its memory."""
    return book[: BOOK.size].view(BOOK.dtype)[0]


_SIZES: Final = frozenset(
    {"capacity", "order_count", "free_order", "free_stop", "crowded"}
    | {f"{part}_{what}" for part, _ in _MOVING for what in ("at", "count")}
)


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
_upper_at = _UPPER.getter()
_bits_at = _BITS.getter()
_near_at = _NEAR.getter()
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
    # uses up a part of an order or a stop, and an auction's trade takes three events.
    most = 4 * (book.open + book.hidden_parts + book.waiting) + 8 * ROOM
    return free >= ROOM and tape.capacity - tape.count >= most


# Numbers.


@kernel
def find(book: Record, number: int) -> int:
    """Return the slot of an order, minus the slot of a waiting stop, 0 where there is neither."""
    slot = slot_at(book, number & (book.index_count - 1)).at
    if slot > 0 and order_at(book, slot).number == number:
        return slot
    if slot == 0 and book.crowded == 0:
        return 0
    return find_elsewhere(book, number, slot)


@rare_kernel
def find_elsewhere(book: Record, number: int, slot: int) -> int:
    """Return the same for a number whose index entry, *slot*, is no order of that number."""
    out_of_line()
    if slot < 0 and stop_at(book, -slot).number == number:
        return slot
    return crowd_at(book, crowd_place(book, number)).at


@kernel
def enter_number(book: Record, number: int, slot: int) -> None:
    """Let *number*, of which there is none yet, lead to *slot*."""
    entry = slot_at(book, number & (book.index_count - 1))
    if entry.at == 0:
        entry.at = slot
    else:
        crowd(book, number, slot)


@kernel
def forget(book: Record, number: int, slot: int) -> None:
    """Let *number* lead no longer to *slot*."""
    entry = slot_at(book, number & (book.index_count - 1))
    if entry.at == slot:
        entry.at = 0
    else:
        leave_crowd(book, number)


@kernel
def number_in(book: Record, slot: int) -> int:
    """Return the number of the order in *slot*, or of the stop where the slot is negative."""
    return order_at(book, slot).number if slot > 0 else stop_at(book, -slot).number


@kernel
def crowd_home(number: int, mask: int) -> int:
    """Return where the chain of *number* begins."""
    return ((number * _GOLDEN) >> 32) & mask


@rare_kernel
def crowd_place(book: Record, number: int) -> int:
    """Return the place in the crowd that holds *number*, or the empty one where it would go."""
    out_of_line()
    mask = book.crowd_count - 1
    at = crowd_home(number, mask)
    while True:
        slot = crowd_at(book, at).at
        if slot == 0 or number_in(book, slot) == number:
            return at
        at = (at + 1) & mask


@rare_kernel
def crowd(book: Record, number: int, slot: int) -> None:
    """Let *number* lead to *slot* by the crowd."""
    out_of_line()
    crowd_at(book, crowd_place(book, number)).at = slot
    book.crowded += 1


@rare_kernel
def leave_crowd(book: Record, number: int) -> None:
    """Take *number* out of the crowd, and close the gap in its chain."""
    out_of_line()
    mask = book.crowd_count - 1
    gap = crowd_place(book, number)
    at = gap
    while True:
        at = (at + 1) & mask
        slot = crowd_at(book, at).at
        if slot == 0:
            break
        home = crowd_home(number_in(book, slot), mask)
        # It moves back unless its home lies after the gap.
        if ((at - home) & mask) >= ((at - gap) & mask):
            crowd_at(book, gap).at = slot
            gap = at
    crowd_at(book, gap).at = 0
    book.crowded -= 1


# Levels.


@kernel
def highest_bit(word: int) -> int:
    """Return the place of the highest bit that is set; *word* is not 0."""
    return 63 - leading_zeros(word)


@kernel
def near_level(book: Record, side: int, at: int) -> Record:
    """Return the level at place *at* of the window."""
    return _near_at(book, which(side) * WINDOW + at)


@kernel
def mark(book: Record, side: int, at: int) -> None:
    """Note that the level at place *at* of the window holds orders."""
    row = which(side)
    word = _bits_at(book, row * _WORDS + (at >> 6))
    if word.bits == 0:
        upper = _upper_at(book, row * (_WORDS >> 6) + (at >> 12))
        upper.bits |= 1 << ((at >> 6) & 63)
        half = side_at(book, row)
        half.top |= 1 << (at >> 12)
    word.bits |= 1 << (at & 63)


@kernel
def unmark(book: Record, side: int, at: int) -> None:
    """Note that the level at place *at* of the window is empty."""
    row = which(side)
    word = _bits_at(book, row * _WORDS + (at >> 6))
    word.bits &= ~(1 << (at & 63))
    if word.bits == 0:
        upper = _upper_at(book, row * (_WORDS >> 6) + (at >> 12))
        upper.bits &= ~(1 << ((at >> 6) & 63))
        if upper.bits == 0:
            half = side_at(book, row)
            half.top &= ~(1 << (at >> 12))


@kernel
def next_below(book: Record, side: int, at: int) -> int:
    """Return the best place of the window that holds orders and is below *at*, or -1."""
    row = which(side)
    word = at >> 6
    bits = _bits_at(book, row * _WORDS + word).bits & ((1 << (at & 63)) - 1) if at < WINDOW else 0
    if bits == 0:
        word = next_word(book, row, word)
        if word < 0:
            return -1
        bits = _bits_at(book, row * _WORDS + word).bits
    return (word << 6) + highest_bit(bits)


@kernel
def next_word(book: Record, row: int, word: int) -> int:
    """Return the last word of bits before *word* that is not empty, or -1."""
    part = word >> 6
    bits = 0
    if part < _WORDS >> 6:
        bits = _upper_at(book, row * (_WORDS >> 6) + part).bits & ((1 << (word & 63)) - 1)
    if bits == 0:
        parts = side_at(book, row).top & ((1 << part) - 1)
        if parts == 0:
            return -1
        part = highest_bit(parts)
        bits = _upper_at(book, row * (_WORDS >> 6) + part).bits
    return (part << 6) + highest_bit(bits)


@kernel
def far_place(book: Record, side: int, rank: int) -> int:
    """Return the place among the far levels where *rank* is or belongs, worst first."""
    row = which(side)
    first = row * book.capacity
    low, high = first, first + side_at(book, row).far
    while low < high:
        middle = (low + high) >> 1
        if far_at(book, middle).rank < rank:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def copy_level(source: Record, target: Record) -> None:
    """Give *target* what *source* holds."""
    target.shown = source.shown
    target.hidden = source.hidden
    target.rank = source.rank
    target.head = source.head
    target.tail = source.tail


@kernel
def clear_level(level: Record, rank: int) -> None:
    """Make an empty level of *rank*."""
    level.shown = 0
    level.hidden = 0
    level.rank = rank
    level.head = 0
    level.tail = 0


@rare_kernel
def recentre(book: Record, side: int, rank: int) -> None:
    """Move the window so that *rank*, better than every level there is, lies within it."""
    out_of_line()
    row = which(side)
    half = side_at(book, row)
    first = row * book.capacity
    count = 0
    at = next_below(book, side, WINDOW)
    while at >= 0:
        count += 1
        at = next_below(book, side, at)
    half.far += count
    to = first + half.far
    at = next_below(book, side, WINDOW)
    while at >= 0:
        to -= 1
        level = near_level(book, side, at)
        copy_level(level, far_at(book, to))
        clear_level(level, 0)
        unmark(book, side, at)
        at = next_below(book, side, at)
    half.base = rank - (WINDOW - _ABOVE)
    half.best = NO_RANK
    while half.far > 0 and far_at(book, first + half.far - 1).rank >= half.base:
        half.far -= 1
        level = far_at(book, first + half.far)
        at = level.rank - half.base
        copy_level(level, near_level(book, side, at))
        mark(book, side, at)
        half.best = max(half.best, level.rank)


@rare_kernel
def far_level(book: Record, side: int, rank: int) -> Record:
    """Return the level of *rank* below the window, made where there is none."""
    out_of_line()
    row = which(side)
    half = side_at(book, row)
    place = far_place(book, side, rank)
    end = row * book.capacity + half.far
    if place < end and far_at(book, place).rank == rank:
        return far_at(book, place)
    for i in range(end, place, -1):
        copy_level(far_at(book, i - 1), far_at(book, i))
    half.far += 1
    level = far_at(book, place)
    clear_level(level, rank)
    return level


@rare_kernel
def drop_far_level(book: Record, side: int, rank: int) -> None:
    """Take an empty level out of those below the window."""
    out_of_line()
    row = which(side)
    half = side_at(book, row)
    half.far -= 1
    for i in range(far_place(book, side, rank), row * book.capacity + half.far):
        copy_level(far_at(book, i + 1), far_at(book, i))


@kernel
def level_of(book: Record, side: int, rank: int) -> Record:
    """Return the level of *rank*; it holds orders."""
    at = rank - side_at(book, which(side)).base
    if at >= 0:
        return near_level(book, side, at)
    return far_at(book, far_place(book, side, rank))


@kernel
def open_level(book: Record, side: int, rank: int) -> Record:
    """Return the level of *rank*, made where there is none."""
    half = side_at(book, which(side))
    at = rank - half.base
    if at >= WINDOW or half.best == NO_RANK:
        recentre(book, side, rank)
        at = rank - half.base
    if at < 0:
        return far_level(book, side, rank)
    level = near_level(book, side, at)
    if level.head == 0:
        level.rank = rank
        mark(book, side, at)
        half.best = max(half.best, rank)
    return level


@kernel
def close_level(book: Record, side: int, rank: int) -> None:
    """Take the level of *rank*, in which no order is left, out of the book."""
    half = side_at(book, which(side))
    at = rank - half.base
    if at < 0:
        drop_far_level(book, side, rank)
        return
    unmark(book, side, at)
    if rank == half.best:
        below = next_below(book, side, at)
        if below >= 0:
            half.best = half.base + below
        else:
            uncover(book, side)


@rare_kernel
def uncover(book: Record, side: int) -> None:
    """Let the best level below the empty window, if there is any, be the best."""
    out_of_line()
    row = which(side)
    half = side_at(book, row)
    half.best = NO_RANK
    if half.far > 0:
        recentre(book, side, far_at(book, row * book.capacity + half.far - 1).rank)


@kernel
def best_ticks(book: Record, side: int) -> int:
    """Return the best price of *side* in ticks, 0 where the side is empty."""
    best = side_at(book, which(side)).best
    return side * best if best != NO_RANK else 0


@kernel
def next_level(book: Record, side: int, rank: int) -> int:
    """Return the rank of the best level that is worse than *rank*, NO_RANK where there is none."""
    row = which(side)
    half = side_at(book, row)
    at = min(rank - half.base, WINDOW)
    if at > 0:
        below = next_below(book, side, at)
        if below >= 0:
            return half.base + below
    place = far_place(book, side, rank) - 1
    return far_at(book, place).rank if place >= row * book.capacity else NO_RANK


# Orders.


@kernel
def new_slot(book: Record) -> int:
    """Return a slot for one more order; `has_room` has promised it."""
    slot = book.free_order
    book.free_order = order_at(book, slot).after
    book.open += 1
    return slot


@kernel
def queue(book: Record, slot: int) -> Record:
    """Let the order in *slot* stand behind all others of its price; return the level."""
    order = order_at(book, slot)
    level = open_level(book, order.side, order.rank)
    last = level.tail
    order.before = last
    order.after = 0
    if last:
        order_at(book, last).after = slot
    else:
        level.head = slot
    level.tail = slot
    level.shown += order.shown
    if order.hidden:
        level.hidden += order.hidden
    return level


@kernel
def unqueue(book: Record, level: Record, order: Record) -> None:
    """Take an order out of the queue of *level*, whose totals no longer hold it."""
    before, after = order.before, order.after
    if before:
        order_at(book, before).after = after
    else:
        level.head = after
    if after:
        order_at(book, after).before = before
    else:
        level.tail = before


@kernel
def release(book: Record, slot: int) -> None:
    """Give the slot of an order back that stands in no queue any more."""
    order = order_at(book, slot)
    forget(book, order.number, slot)
    order.shown = 0
    if order.is_special:
        # An ordinary order that comes next into the slot does not write these.
        order.display = 0
        order.expires = 0
    order.after = book.free_order
    book.free_order = slot
    book.open -= 1


@kernel
def hidden_parts(order: Record) -> int:
    """Return in how many parts the hidden lots of an order will show."""
    return (order.hidden + order.display - 1) // order.display if order.hidden else 0


@entry
def index_all(book: int) -> None:
    """Enter all numbers into an empty index."""
    its = book_of(book)
    for slot in range(1, its.order_count):
        order = order_at(its, slot)
        if order.shown:
            enter_number(its, order.number, slot)
    stop_slot = its.first_stop
    while stop_slot:
        stop = stop_at(its, stop_slot)
        enter_number(its, stop.number, -stop_slot)
        stop_slot = stop.after
