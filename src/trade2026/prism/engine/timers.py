"""When orders expire: a binary heap of times and numbers, the earliest first.

An order that ends in another way leaves its entry behind. An entry counts only where the
number still rests or waits and holds the entry's stamp; when the heap is full, those that
count no more are taken out.
"""

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.index import find
from trade2026.prism.engine.layout import Record, out_of_line
from trade2026.prism.engine.memory import (
    order_at,
    stop_at,
    timer_at,
)


@kernel
def timer_of(book: Record, number: int) -> int:
    """Return the stamp of the entry by which *number* expires, 0 where there is none."""
    slot = find(book, number)
    if slot == 0:
        return 0
    return order_at(book, slot).timer if slot > 0 else stop_at(book, -slot).timer


@kernel
def is_earlier(book: Record, at: int, time: int, number: int) -> bool:
    """Return whether the entry at *at* comes before (*time*, *number*)."""
    entry = timer_at(book, at)
    return entry.time < time or (entry.time == time and entry.number < number)


@kernel
def put(book: Record, at: int, time: int, number: int, stamp: int) -> None:
    """Write an entry."""
    entry = timer_at(book, at)
    entry.time = time
    entry.number = number
    entry.stamp = stamp


@kernel
def rise(book: Record, at: int, time: int, number: int, stamp: int) -> None:
    """Write an entry where it belongs, from *at* upwards."""
    while at > 0:
        parent = (at - 1) >> 1
        if is_earlier(book, parent, time, number):
            break
        above = timer_at(book, parent)
        put(book, at, above.time, above.number, above.stamp)
        at = parent
    put(book, at, time, number, stamp)


@kernel
def sink(book: Record, at: int, time: int, number: int, stamp: int) -> None:
    """Write an entry where it belongs, from *at* downwards."""
    count = book.timers
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        entry = timer_at(book, child)
        if child + 1 < count and is_earlier(book, child + 1, entry.time, entry.number):
            child += 1
            entry = timer_at(book, child)
        if not is_earlier(book, child, time, number):
            break
        put(book, at, entry.time, entry.number, entry.stamp)
        at = child
    put(book, at, time, number, stamp)


@rare_kernel
def set_timer(book: Record, time: int, number: int) -> int:
    """Note that the order *number* expires at *time*; return the entry's stamp."""
    out_of_line()
    if book.timers == book.timer_count:
        compact(book)
    book.timers += 1
    book.last_timer += 1
    rise(book, book.timers - 1, time, number, book.last_timer)
    return book.last_timer


@rare_kernel
def compact(book: Record) -> None:
    """Take out the entries that count no more."""
    out_of_line()
    kept = 0
    for at in range(book.timers):
        entry = timer_at(book, at)
        if timer_of(book, entry.number) == entry.stamp:
            put(book, kept, entry.time, entry.number, entry.stamp)
            kept += 1
    book.timers = kept
    for at in range(kept // 2 - 1, -1, -1):
        entry = timer_at(book, at)
        sink(book, at, entry.time, entry.number, entry.stamp)


@rare_kernel
def drop_first(book: Record) -> None:
    """Take the earliest entry out."""
    out_of_line()
    book.timers -= 1
    last = timer_at(book, book.timers)
    if book.timers > 0:
        sink(book, 0, last.time, last.number, last.stamp)
