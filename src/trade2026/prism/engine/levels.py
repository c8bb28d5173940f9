"""Price levels, compiled: the window near the best price, and the sorted levels below it."""

from typing import Final

from trade2026.prism.engine.compiled import kernel, rare_kernel
from trade2026.prism.engine.layout import Record, leading_zeros, out_of_line
from trade2026.prism.engine.memory import (
    NO_RANK,
    WINDOW,
    WORDS,
    bits_at,
    far_at,
    near_at,
    side_at,
    upper_at,
    which,
)

ABOVE: Final = WINDOW // 4
"""Levels of the window that a best price may improve by before the window moves."""


@kernel
def highest_bit(word: int) -> int:
    """Return the place of the highest bit that is set; *word* is not 0."""
    return 63 - leading_zeros(word)


@kernel
def near_level(book: Record, side: int, at: int) -> Record:
    """Return the level at place *at* of the window."""
    return near_at(book, which(side) * WINDOW + at)


@kernel
def mark(book: Record, side: int, at: int) -> None:
    """Note that the level at place *at* of the window holds orders."""
    row = which(side)
    word = bits_at(book, row * WORDS + (at >> 6))
    if word.bits == 0:
        upper = upper_at(book, row * (WORDS >> 6) + (at >> 12))
        upper.bits |= 1 << ((at >> 6) & 63)
        half = side_at(book, row)
        half.top |= 1 << (at >> 12)
    word.bits |= 1 << (at & 63)


@kernel
def unmark(book: Record, side: int, at: int) -> None:
    """Note that the level at place *at* of the window is empty."""
    row = which(side)
    word = bits_at(book, row * WORDS + (at >> 6))
    word.bits &= ~(1 << (at & 63))
    if word.bits == 0:
        upper = upper_at(book, row * (WORDS >> 6) + (at >> 12))
        upper.bits &= ~(1 << ((at >> 6) & 63))
        if upper.bits == 0:
            half = side_at(book, row)
            half.top &= ~(1 << (at >> 12))


@kernel
def next_below(book: Record, side: int, at: int) -> int:
    """Return the best place of the window that holds orders and is below *at*, or -1."""
    row = which(side)
    word = at >> 6
    bits = bits_at(book, row * WORDS + word).bits & ((1 << (at & 63)) - 1) if at < WINDOW else 0
    if bits == 0:
        word = next_word(book, row, word)
        if word < 0:
            return -1
        bits = bits_at(book, row * WORDS + word).bits
    return (word << 6) + highest_bit(bits)


@kernel
def next_word(book: Record, row: int, word: int) -> int:
    """Return the last word of bits before *word* that is not empty, or -1."""
    part = word >> 6
    bits = 0
    if part < WORDS >> 6:
        bits = upper_at(book, row * (WORDS >> 6) + part).bits & ((1 << (word & 63)) - 1)
    if bits == 0:
        parts = side_at(book, row).top & ((1 << part) - 1)
        if parts == 0:
            return -1
        part = highest_bit(parts)
        bits = upper_at(book, row * (WORDS >> 6) + part).bits
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
    half.base = rank - (WINDOW - ABOVE)
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
