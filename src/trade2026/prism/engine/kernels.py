"""The rules of matching, compiled: first the better price, then the older order.

`reference.py` says the same in plain Python, and the contract suite compares the two. The
memory that the kernels work on is explained in `memory.py`.
"""

from trade2026.prism.engine.compiled import Cells, kernel
from trade2026.prism.engine.event import (
    KIND,
    LEVEL_LOTS,
    LOTS,
    MAKER_LEFT,
    MAKER_NUMBER,
    MAKER_OWNER,
    REASON,
    SEQ,
    SIDE,
    SYMBOL,
    TAKER_LEFT,
    TAKER_NUMBER,
    TAKER_OWNER,
    TICKS,
    TIME,
)
from trade2026.prism.engine.memory import (
    BOOK_SYMBOL,
    LAST_SEQ,
    LEVEL,
    LEVEL_HEAD,
    LEVEL_TICKS,
    LEVEL_TOTAL,
    LEVELS,
    NEXT,
    NUMBER,
    ORDER_LOTS,
    ORDER_SIDE,
    OWNER,
    best_level,
    find,
    has_room,
    ladder,
    rest,
    unlink,
)
from trade2026.prism.engine.message import MAX_LOTS, MAX_TICKS

# Kinds, forces and reasons again: kernels see plain numbers at compile time.
LIMIT, MARKET = 1, 2
GTC, FOK = 1, 3
TRADE, ADDED, REMOVED, REJECTED = 1, 2, 3, 4
NO_REASON, UNFILLED, NOT_FILLABLE, SELF_TRADE, DUPLICATE, UNKNOWN_ORDER, INVALID = range(7)


@kernel
def write_maker(tape: Cells, row: int, number: int, owner: int, left: int) -> None:
    """Fill the maker's columns of an event."""
    tape[row, MAKER_NUMBER] = number
    tape[row, MAKER_OWNER] = owner
    tape[row, MAKER_LEFT] = left


@kernel
def write_taker(tape: Cells, row: int, number: int, owner: int, left: int) -> None:
    """Fill the taker's columns of an event."""
    tape[row, TAKER_NUMBER] = number
    tape[row, TAKER_OWNER] = owner
    tape[row, TAKER_LEFT] = left


@kernel
def emit(
    book: Cells,
    tape: Cells,
    now: int,
    kind: int,
    side: int,
    ticks: int,
    lots: int,
    reason: int,
    level_lots: int,
) -> int:
    """Write an event without its parties; return its row."""
    row = tape[0, 0] + 1
    tape[0, 0] = row
    # Rows are used again: nothing of an earlier event may shine through.
    write_maker(tape, row, 0, 0, 0)
    write_taker(tape, row, 0, 0, 0)
    book[LAST_SEQ] += 1
    tape[row, SEQ] = book[LAST_SEQ]
    tape[row, SYMBOL] = book[BOOK_SYMBOL]
    tape[row, KIND] = kind
    tape[row, TIME] = now
    tape[row, SIDE] = side
    tape[row, TICKS] = ticks
    tape[row, LOTS] = lots
    tape[row, REASON] = reason
    tape[row, LEVEL_LOTS] = level_lots
    return row


@kernel
def is_fillable(book: Cells, owner: int, side: int, limit: int, lots: int) -> bool:
    """Return whether an order could be filled whole without meeting one of its owner's."""
    base = ladder(book, -side)
    for i in range(base + book[LEVELS - side] - 1, base - 1, -1):
        level = book[i]
        if side * (limit - book[level + LEVEL_TICKS]) < 0:
            return False
        order = book[level + LEVEL_HEAD]
        while order:
            if book[order + OWNER] == owner:
                return False
            lots -= book[order + ORDER_LOTS]
            if lots <= 0:
                return True
            order = book[order + NEXT]
    return False


@kernel
def match(
    book: Cells, tape: Cells, now: int, number: int, owner: int, side: int, limit: int, lots: int
) -> int:
    """Trade up to *lots* at *limit* or better; return the lots left.

    The result is negative where the next counterpart is the same owner.
    """
    while lots > 0:
        level = best_level(book, -side)
        if not level or side * (limit - book[level + LEVEL_TICKS]) < 0:
            return lots
        maker = book[level + LEVEL_HEAD]
        if book[maker + OWNER] == owner:
            return -lots
        traded = min(lots, book[maker + ORDER_LOTS])
        lots -= traded
        left = book[maker + ORDER_LOTS] - traded
        book[maker + ORDER_LOTS] = left
        book[level + LEVEL_TOTAL] -= traded
        total = book[level + LEVEL_TOTAL]
        row = emit(book, tape, now, TRADE, side, book[level + LEVEL_TICKS], traded, 0, total)
        write_maker(tape, row, book[maker + NUMBER], book[maker + OWNER], left)
        write_taker(tape, row, number, owner, lots)
        if left == 0:
            unlink(book, maker)
    return 0


@kernel
def place(
    book: Cells,
    tape: Cells,
    now: int,
    number: int,
    owner: int,
    side: int,
    kind: int,
    force: int,
    ticks: int,
    lots: int,
) -> None:
    """Match an order, and let what is left of it rest if it may."""
    limit = ticks if kind == LIMIT else side * MAX_TICKS
    reason = NO_REASON
    left = lots
    is_priced = kind != LIMIT or 0 < ticks <= MAX_TICKS
    if number == 0 or lots <= 0 or lots > MAX_LOTS or not is_priced:
        reason = INVALID
    elif find(book, number):
        reason = DUPLICATE
    elif force == FOK and not is_fillable(book, owner, side, limit, lots):
        reason = NOT_FILLABLE
    else:
        left = match(book, tape, now, number, owner, side, limit, lots)
        if left == 0:
            return
        if left < 0:
            reason = SELF_TRADE
            left = -left
        elif kind == LIMIT and force == GTC:
            total = rest(book, number, owner, side, ticks, left)
            row = emit(book, tape, now, ADDED, side, ticks, left, NO_REASON, total)
            write_maker(tape, row, number, owner, left)
            return
        else:
            reason = UNFILLED
    row = emit(book, tape, now, REJECTED, side, ticks, left, reason, 0)
    write_taker(tape, row, number, owner, 0)


@kernel
def cancel(book: Cells, tape: Cells, now: int, number: int) -> None:
    """Take a resting order off the book; say so where there is none of that number."""
    order = find(book, number)
    if not order:
        row = emit(book, tape, now, REJECTED, 0, 0, 0, UNKNOWN_ORDER, 0)
        write_taker(tape, row, number, 0, 0)
        return
    level = book[order + LEVEL]
    lots, side = book[order + ORDER_LOTS], book[order + ORDER_SIDE]
    book[level + LEVEL_TOTAL] -= lots
    total, ticks = book[level + LEVEL_TOTAL], book[level + LEVEL_TICKS]
    row = emit(book, tape, now, REMOVED, side, ticks, lots, NO_REASON, total)
    write_maker(tape, row, number, book[order + OWNER], 0)
    unlink(book, order)


@kernel
def replay(book: Cells, tape: Cells, messages: Cells, start: int, end: int, now: int) -> int:
    """Handle rows *start* to *end* of *messages*; return where room or rows ran out."""
    for row in range(start, end):
        if not has_room(book, tape):
            return row
        number = messages[row, 1]
        if messages[row, 0]:
            cancel(book, tape, now, number)
        else:
            owner, side, kind = messages[row, 2], messages[row, 3], messages[row, 4]
            force, ticks, lots = messages[row, 5], messages[row, 6], messages[row, 7]
            place(book, tape, now, number, owner, side, kind, force, ticks, lots)
    return end
