"""The market's loop, compiled: whoever is due first wakes, acts, and is settled.

Wake-ups of all agents in all symbols lie in one binary heap, ordered by time and then by
number, so the order of events depends on nothing else: not on how far one call runs, nor on
when memory grows.
"""

from trade2026.prism.engine.compiled import Cells, kernel, wake_at
from trade2026.prism.engine.desk import CASH, INVENTORY, PROMISED
from trade2026.prism.engine.event import (
    KIND,
    LOTS,
    MAKER_OWNER,
    SIDE,
    TAKER_OWNER,
    TICKS,
)
from trade2026.prism.engine.kernels import replay
from trade2026.prism.engine.memory import has_room
from trade2026.prism.price.fundamental import value_at

_TRADE = 1


@kernel
def settle(tape: Cells, after: int, desks: Cells) -> None:
    """Book the trades that follow row *after* of the tape at the agents that made them.

    Owners below the number of *desks*, `(agents, DESK_WIDTH)`, are agents.
    """
    for row in range(after + 1, tape[0, 0] + 1):
        if tape[row, KIND] == _TRADE:
            signed = tape[row, SIDE] * tape[row, LOTS]
            taker, maker = tape[row, TAKER_OWNER], tape[row, MAKER_OWNER]
            if taker < len(desks):
                desks[taker, INVENTORY] += signed
                desks[taker, CASH] -= signed * tape[row, TICKS]
            if maker < len(desks):
                desks[maker, INVENTORY] -= signed
                desks[maker, CASH] += signed * tape[row, TICKS]


@kernel
def sink(heap: Cells) -> None:
    """Move the first wake-up of *heap*, `(n, 2)`: time and who, down to where it belongs."""
    time, who = heap[0, 0], heap[0, 1]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= len(heap):
            break
        if child + 1 < len(heap) and is_before(heap, child + 1, heap[child, 0], heap[child, 1]):
            child += 1
        if not is_before(heap, child, time, who):
            break
        heap[at, 0], heap[at, 1] = heap[child, 0], heap[child, 1]
        at = child
    heap[at, 0], heap[at, 1] = time, who


@kernel
def is_before(heap: Cells, at: int, time: int, who: int) -> bool:
    """Return whether the wake-up at *at* comes before (*time*, *who*)."""
    return heap[at, 0] < time or (heap[at, 0] == time and heap[at, 1] < who)


@kernel
def run(  # noqa: PLR0917 - Numba takes no keywords from Python
    until: int,
    heap: Cells,
    books: Cells,
    tape: Cells,
    outbox: Cells,
    desks: Cells,
    minds: Cells,
    values: Cells,
    value_words: Cells,
    wakes: Cells,
) -> bool:
    """Wake all that are due up to *until*; return False where memory must grow first.

    Args:
        until: simulation time in ns, included.
        heap: `(symbols * agents, 2)`: time, and symbol times agents plus agent.
        books: `(symbols, words)`.
        tape: where events go.
        outbox: `(ROOM + 1, MESSAGE_COLUMNS)`: what the waking agent sends, a count in row 0.
        desks: `(symbols, agents, DESK_WIDTH)`.
        minds: `(symbols, agents, MIND_WIDTH)`.
        values: the fundamentals' reals, `(symbols, REALS)`.
        value_words: their words, `(symbols, WORDS)`.
        wakes: `(agents,)`: addresses of the agents' kernels.
    """
    agents = len(wakes)
    while heap[0, 0] <= until:
        now = heap[0, 0]
        symbol, agent = heap[0, 1] // agents, heap[0, 1] % agents
        book = books[symbol]
        if not has_room(book, tape):
            return False
        value = value_at(values[symbol], value_words[symbol], now)
        desk, before = desks[symbol, agent], tape[0, 0]
        wait = wake_at(wakes[agent], book, outbox, desk, minds[symbol, agent], value, now)
        replay(book, tape, outbox, 1, outbox[0, 0] + 1, now)
        settle(tape, before, desks[symbol])
        desk[PROMISED - 1] = desk[PROMISED + 1] = outbox[0, 0] = 0
        heap[0, 0] = now + wait
        sink(heap)
    return True
