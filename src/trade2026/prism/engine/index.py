"""Where an order is, by its number: the index, and the crowd of numbers that found it taken."""

from typing import Final

from trade2026.prism.engine.compiled import entry, kernel, rare_kernel
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.memory import (
    book_of,
    crowd_at,
    order_at,
    slot_at,
    stop_at,
)

_GOLDEN: Final = -7046029254386353131
"""2**64 divided by the golden ratio, as int64: neighbouring numbers are spread (Knuth 1973)."""


@kernel
def find(book: Record, number: int) -> int:
    """Return the slot of an order, minus the slot of a waiting stop, 0 where there is neither."""
    slot = slot_at(book, number & (book.index_count - 1)).at
    if slot > 0 and order_at(book, slot).number == number:
        return slot
    if slot == 0 and book.crowded == 0:
        return 0
    return find_elsewhere(book, number, slot)


@kernel
def is_fresh(book: Record, number: int) -> bool:
    """Return whether *number* has never been here, which needs no search: it is beyond them all.

    Who numbers orders one after another is spared the reading of orders that rest far away.
    """
    return number > book.highest or number < book.lowest


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
    book.highest = max(book.highest, number)
    book.lowest = min(book.lowest, number)
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
