"""The memory of a compiled order book: layout, levels, queues, the table of numbers.

A book is one int64 array. An address is an index into it, and address 0 is nobody (the
header lies there). Each side keeps its non-empty levels sorted with the best last, so the
best price is one load and a new level near it moves few entries, whatever the price range.
The orders of a level are a linked queue; an open-addressing table finds them by number.
Kernels trust their arguments and never allocate: who calls them asks `has_room` first.
"""

from trade2026.prism.engine.compiled import Cells, kernel

# The header.
CAPACITY = 0  # orders, a power of two
OPEN = 1  # resting orders
FREE_ORDER = 2  # address of the first unused order record, linked by NEXT
FREE_LEVEL = 3  # the same for level records, linked by LEVEL_HEAD
LEVELS = 5  # counts of levels: [LEVELS + 1] of buys, [LEVELS - 1] of sells
BOOK_SYMBOL = 7
LAST_SEQ = 8
LAST_AGENT_NUMBER = 9  # agents count downwards from -1; outsiders' numbers are positive
HEADER = 16

# An order record.
NUMBER = 0
OWNER = 1
ORDER_SIDE = 2
ORDER_LOTS = 3
LEVEL = 4
PREVIOUS = 5
NEXT = 6
ORDER_WIDTH = 8

# A level record.
LEVEL_TICKS = 0
LEVEL_TOTAL = 1
LEVEL_HEAD = 2
LEVEL_TAIL = 3
LEVEL_WIDTH = 4

INDEX_FACTOR = 4  # table slots for each order: chains stay short
WIDTH = ORDER_WIDTH + LEVEL_WIDTH + 2 + INDEX_FACTOR
ROOM = 32  # messages that an agent may send in one wake

GOLDEN = -7046029254386353131  # 2**64 / golden ratio, as int64: Fibonacci hashing


@kernel
def prepare(book: Cells, capacity: int, symbol: int) -> None:
    """Make an empty book of zeroed memory of `HEADER + WIDTH * capacity` words."""
    book[CAPACITY] = capacity
    book[BOOK_SYMBOL] = symbol
    orders = HEADER
    levels = HEADER + ORDER_WIDTH * capacity
    for i in range(capacity - 1, -1, -1):
        order = orders + ORDER_WIDTH * i
        book[order + NEXT] = book[FREE_ORDER]
        book[FREE_ORDER] = order
        level = levels + LEVEL_WIDTH * i
        book[level + LEVEL_HEAD] = book[FREE_LEVEL]
        book[FREE_LEVEL] = level


@kernel
def has_room(book: Cells, tape: Cells) -> bool:
    """Return whether `ROOM` more messages surely fit the book and the tape."""
    free = book[CAPACITY] - book[OPEN]
    return free >= ROOM and len(tape) - 1 - tape[0, 0] >= book[OPEN] + 2 * ROOM


@kernel
def ladder(book: Cells, side: int) -> int:
    """Return where the sorted level addresses of *side* begin; the best is the last."""
    base = HEADER + (ORDER_WIDTH + LEVEL_WIDTH) * book[CAPACITY]
    return base if side > 0 else base + book[CAPACITY]


@kernel
def best_level(book: Cells, side: int) -> int:
    """Return the address of the best level of *side*, 0 where the side is empty."""
    count = book[LEVELS + side]
    return book[ladder(book, side) + count - 1] if count > 0 else 0


@kernel
def best_ticks(book: Cells, side: int) -> int:
    """Return the best price of *side* in ticks, 0 where the side is empty."""
    level = best_level(book, side)
    return book[level + LEVEL_TICKS] if level else 0


@kernel
def position(book: Cells, side: int, ticks: int) -> int:
    """Return how many levels of *side* are worse than *ticks*: where its level is or belongs."""
    base = ladder(book, side)
    low, high = 0, book[LEVELS + side]
    while low < high:
        middle = (low + high) >> 1
        if side * book[book[base + middle] + LEVEL_TICKS] < side * ticks:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def slot_of(book: Cells, number: int) -> int:
    """Return the table slot that holds *number*, or the empty one where it would go."""
    size = INDEX_FACTOR * book[CAPACITY]
    base = HEADER + (WIDTH - INDEX_FACTOR) * book[CAPACITY]
    at = ((number * GOLDEN) >> 24) & (size - 1)
    while book[base + at] and book[book[base + at] + NUMBER] != number:
        at = (at + 1) & (size - 1)
    return base + at


@kernel
def find(book: Cells, number: int) -> int:
    """Return the address of the resting order *number*, or 0."""
    return book[slot_of(book, number)]


@kernel
def forget(book: Cells, number: int) -> None:
    """Take *number* out of the table, and close the gap in its chain."""
    size = INDEX_FACTOR * book[CAPACITY]
    base = HEADER + (WIDTH - INDEX_FACTOR) * book[CAPACITY]
    gap = slot_of(book, number) - base
    at = gap
    while True:
        at = (at + 1) & (size - 1)
        order = book[base + at]
        if not order:
            break
        home = ((book[order + NUMBER] * GOLDEN) >> 24) & (size - 1)
        # Move it back unless its home lies after the gap.
        if ((at - home) & (size - 1)) >= ((at - gap) & (size - 1)):
            book[base + gap] = order
            gap = at
    book[base + gap] = 0


@kernel
def unlink(book: Cells, order: int) -> None:
    """Take an order, already without quantity in its level's total, off the book."""
    level = book[order + LEVEL]
    before, after = book[order + PREVIOUS], book[order + NEXT]
    if before:
        book[before + NEXT] = after
    else:
        book[level + LEVEL_HEAD] = after
    if after:
        book[after + PREVIOUS] = before
    else:
        book[level + LEVEL_TAIL] = before
    forget(book, book[order + NUMBER])
    if not book[level + LEVEL_HEAD]:
        drop_level(book, book[order + ORDER_SIDE], level)
    book[order + NEXT] = book[FREE_ORDER]
    book[FREE_ORDER] = order
    book[OPEN] -= 1


@kernel
def drop_level(book: Cells, side: int, level: int) -> None:
    """Take an empty level out of the ladder."""
    base = ladder(book, side)
    count = book[LEVELS + side] - 1
    for i in range(base + position(book, side, book[level + LEVEL_TICKS]), base + count):
        book[i] = book[i + 1]
    book[LEVELS + side] = count
    book[level + LEVEL_HEAD] = book[FREE_LEVEL]
    book[FREE_LEVEL] = level


@kernel
def level_at(book: Cells, side: int, ticks: int) -> int:
    """Return the level of *side* at *ticks*, making it where there is none."""
    base = ladder(book, side)
    count = book[LEVELS + side]
    at = base + position(book, side, ticks)
    if at < base + count and book[book[at] + LEVEL_TICKS] == ticks:
        return book[at]
    level = book[FREE_LEVEL]
    book[FREE_LEVEL] = book[level + LEVEL_HEAD]
    for i in range(base + count, at, -1):
        book[i] = book[i - 1]
    book[at] = level
    book[LEVELS + side] = count + 1
    book[level + LEVEL_TICKS] = ticks
    book[level + LEVEL_TOTAL] = 0
    book[level + LEVEL_HEAD] = 0
    book[level + LEVEL_TAIL] = 0
    return level


@kernel
def rest(book: Cells, number: int, owner: int, side: int, ticks: int, lots: int) -> int:
    """Queue an order behind all others at its price; return what the level now holds."""
    level = level_at(book, side, ticks)
    order = book[FREE_ORDER]
    book[FREE_ORDER] = book[order + NEXT]
    book[OPEN] += 1
    book[order + NUMBER] = number
    book[order + OWNER] = owner
    book[order + ORDER_SIDE] = side
    book[order + ORDER_LOTS] = lots
    book[order + LEVEL] = level
    last = book[level + LEVEL_TAIL]
    book[order + PREVIOUS] = last
    book[order + NEXT] = 0
    if last:
        book[last + NEXT] = order
    else:
        book[level + LEVEL_HEAD] = order
    book[level + LEVEL_TAIL] = order
    book[level + LEVEL_TOTAL] += lots
    book[slot_of(book, number)] = order
    return book[level + LEVEL_TOTAL]
