"""What an agent has in front of it: its holdings, its orders, and how it acts on the book.

Every agent type is one kernel with the signature `WAKE`::

    wake(book, outbox, desk, mind, fundamental, now) -> nanoseconds until it wakes again

An agent reads the book and writes messages (`engine/message.py`) into its outbox, whose row 0
keeps the count; the loop carries them out in order once it has decided.

`desk` is the agent's row of whole numbers (cash, inventory, its orders), `mind` its row of
reals: first its parameters in the order of their struct, from `BELIEF` on what it remembers.
`fundamental` is in ticks. `send` cuts an order so that inventory stays within ±BOUND even if
all the agent's orders fill. An agent sends at most `ROOM` messages a wake.
"""

import math

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import exponential
from trade2026.prism.engine.compiled import Cells, kernel
from trade2026.prism.engine.memory import (
    LAST_AGENT_NUMBER,
    LEVEL,
    LEVEL_TICKS,
    ORDER_LOTS,
    ORDER_SIDE,
    best_ticks,
    find,
)

# Places in a desk.
CASH = 0  # ticks times lots
INVENTORY = 1  # lots, signed
OWNER = 2
BOUND = 3  # lots: inventory never leaves ±BOUND
CLIP = 4  # lots of an ordinary order
LUCK = 5  # state of the agent's random stream
LAST_WAKE = 6  # ns
PROMISED = 8  # lots sent in this wake: [PROMISED + 1] to buy, [PROMISED - 1] to sell
SLOTS = 10  # numbers of the agent's resting orders
SLOT_COUNT = 8
SLOT_TIMES = SLOTS + SLOT_COUNT  # when each was sent
DESK_WIDTH = SLOT_TIMES + SLOT_COUNT

# Places in a mind.
BELIEF = 12
MIND_WIDTH = 16

_LIMIT, _GTC, _IOC = 1, 1, 2
_WIDEST = 0.05  # a wider spread is no price to go by


@kernel
def mid(book: Cells, otherwise: float) -> float:
    """Return the mid price in ticks, or *otherwise* where the book has no sane one."""
    bid, ask = best_ticks(book, 1), best_ticks(book, -1)
    middle = 0.5 * (bid + ask)
    if bid == 0 or ask == 0 or ask - bid > _WIDEST * middle:
        return otherwise
    return middle


@kernel
def pause(desk: Cells, mean_s: float) -> int:
    """Draw a waiting time of mean *mean_s*, at least a millisecond, in ns."""
    return max(NS_PER_S // 1000, int(exponential(desk, LUCK) * mean_s * NS_PER_S))


@kernel
def resting_lots(book: Cells, desk: Cells, side: int) -> int:
    """Return the lots of the agent's own orders that rest on *side*."""
    lots = 0
    for slot in range(SLOTS, SLOTS + SLOT_COUNT):
        if desk[slot]:
            order = find(book, desk[slot])
            if order and book[order + ORDER_SIDE] == side:
                lots += book[order + ORDER_LOTS]
    return lots


@kernel
def send(
    book: Cells, outbox: Cells, desk: Cells, side: int, force: int, ticks: int, lots: int
) -> int:
    """Send a limit order, cut to what the bound allows; return its number, 0 if nothing is left."""
    promised = resting_lots(book, desk, side) + desk[PROMISED + side]
    lots = min(lots, desk[BOUND] - side * desk[INVENTORY] - promised)
    if lots <= 0 or ticks <= 0:
        return 0
    desk[PROMISED + side] += lots
    book[LAST_AGENT_NUMBER] -= 1
    row = outbox[0, 0] + 1
    outbox[0, 0] = row
    outbox[row, 0] = 0
    outbox[row, 1] = book[LAST_AGENT_NUMBER]
    outbox[row, 2] = desk[OWNER]
    outbox[row, 3] = side
    outbox[row, 4] = _LIMIT
    outbox[row, 5] = force
    outbox[row, 6] = ticks
    outbox[row, 7] = lots
    return book[LAST_AGENT_NUMBER]


@kernel
def take(book: Cells, outbox: Cells, desk: Cells, side: int, ticks: int, lots: int) -> None:
    """Trade up to *lots* at once at *ticks* or better; nothing rests."""
    send(book, outbox, desk, side, _IOC, ticks, lots)


@kernel
def rest_in(
    book: Cells, outbox: Cells, desk: Cells, now: int, slot: int, side: int, ticks: int, lots: int
) -> None:
    """Send a limit order whose rest stays on the book under the free *slot*."""
    desk[SLOTS + slot] = send(book, outbox, desk, side, _GTC, ticks, lots)
    desk[SLOT_TIMES + slot] = now


@kernel
def withdraw(book: Cells, outbox: Cells, desk: Cells, slot: int) -> None:
    """Cancel the order under *slot*, if it still rests, and free the slot."""
    number = desk[SLOTS + slot]
    desk[SLOTS + slot] = 0
    if number and find(book, number):
        row = outbox[0, 0] + 1
        outbox[0, 0] = row
        outbox[row, 0] = 1
        outbox[row, 1] = number


@kernel
def quoted_ticks(book: Cells, desk: Cells, slot: int, least: int) -> int:
    """Return the price of the order under *slot*, 0 where fewer than *least* lots rest."""
    number = desk[SLOTS + slot]
    order = find(book, number) if number else 0
    if not order or book[order + ORDER_LOTS] < least:
        return 0
    return book[book[order + LEVEL] + LEVEL_TICKS]


@kernel
def leaning(desk: Cells, clips: float) -> float:
    """Return the inventory as a share of *clips* ordinary orders, within ±1."""
    share = desk[INVENTORY] / (clips * desk[CLIP])
    return min(1.0, max(-1.0, share))


@kernel
def sized(desk: Cells, times: float) -> int:
    """Return *times* an ordinary order in lots, at least one lot."""
    return max(1, math.floor(times * desk[CLIP]))
