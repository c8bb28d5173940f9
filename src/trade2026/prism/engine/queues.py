"""The queues of price levels, compiled: how orders join them and leave them."""

from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.index import forget
from trade2026.prism.engine.layout import Record
from trade2026.prism.engine.levels import open_level
from trade2026.prism.engine.memory import (
    order_at,
)


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
        order.timer = 0
    order.after = book.free_order
    book.free_order = slot
    book.open -= 1


@kernel
def hidden_parts(order: Record) -> int:
    """Return in how many parts the hidden lots of an order will show."""
    return (order.hidden + order.display - 1) // order.display if order.hidden else 0
