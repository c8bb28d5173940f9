"""How a book gets more room: memory of twice the size, with everything where it was."""

from typing import Final

from trade2026.prism.engine.index import index_all
from trade2026.prism.engine.layout import Block
from trade2026.prism.engine.memory import (
    BOOK,
    FAR,
    MOVING,
    ORDERS,
    ORDERS_AT,
    SIDES,
    STOPS,
    TIMERS,
    head_of,
    new_book,
)

_SIZES: Final = frozenset(
    {"capacity", "order_count", "free_order", "free_stop", "crowded"}
    | {f"{part}_{what}" for part, _ in MOVING for what in ("at", "count")}
)


def grown_book(book: Block) -> Block:
    """Return memory of twice the room with the same orders in the same slots."""
    old = head_of(book)
    capacity = int(old["capacity"])
    grown = new_book(int(old["symbol"]), 2 * capacity)
    head = head_of(grown)
    for field in set(BOOK.dtype.names or ()) - _SIZES:
        head[field] = old[field]
    grown[BOOK.size : ORDERS_AT] = book[BOOK.size : ORDERS_AT]
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
