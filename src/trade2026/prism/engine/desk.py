"""What an agent has in front of it: its holdings, its orders, and how it acts on the book.

Every agent type is one kernel with the same parameters::

    wake(book, outbox, agent, mind, value, now) -> nanoseconds until it wakes again

An agent reads the book and writes messages (`engine/message.py`) into its outbox. They arrive
together, in order, `latency_ns` after it looked; until then it does not look again, and what
it cancelled may still fill. `agent` is its record of whole numbers, `mind` that of its reals:
the parameters of its type, then what the type remembers, by name. `value` is the symbol's
(`price/fundamental.py`); its `worth` is in ticks. `send` cuts an order so that inventory stays
within ±bound even if all the agent's orders fill. An agent sends at most `ROOM` messages a
wake; what is more is counted in `OUTBOX.lost`, and the market says whose it was.
"""

import math
from typing import Final

from trade2026.core.clock import NS_PER_S
from trade2026.prism.engine.chance import exponential
from trade2026.prism.engine.compiled import kernel
from trade2026.prism.engine.index import find
from trade2026.prism.engine.layout import LINE, Layout, Record, Table
from trade2026.prism.engine.levels import best_ticks
from trade2026.prism.engine.memory import MESSAGES, ROOM, order_at
from trade2026.prism.engine.words import CANCEL, GTC, IOC, LIMIT, PLACE, POST_ONLY

QUOTE: Final = Layout("quote", {"number": "i8", "sent_ns": "i8"})
QUOTE_COUNT: Final = 8
"""Resting orders that an agent keeps an eye on."""

AGENT: Final = Layout(
    "agent",
    {
        "cash": "i8",  # ticks times lots
        "inventory": "i8",  # lots, signed
        "owner": "i8",
        "bound": "i8",  # lots: inventory never leaves ±bound
        "clip": "i8",  # lots of an ordinary order
        "luck": "i8",  # state of the agent's random stream
        "last_wake": "i8",  # ns
        # What may still fill, in lots: what rests when an agent sends for the first time in a
        # wake, and what it sends; UNKNOWN before.
        "to_buy": "i8",
        "to_sell": "i8",
        # What is cancelled and may fill until that arrives, in lots.
        "leaving_bids": "i8",
        "leaving_asks": "i8",
        "latency_ns": "i8",
        "pause_ns": "i8",  # from the arrival of its messages to its next look
        "outbox": "i8",  # what travels: the number of its outbox plus one, 0 for nothing
        "rank": "i8",  # among the agents of its type, from 0
        "peers": "i8",  # how many they are
        "tells": "i8",  # 1 where the market learns from its taking, else 0
    },
    size=8 * LINE,
)
_QUOTES_AT: Final = 3 * LINE
MIND_AT: Final = _QUOTES_AT + QUOTE_COUNT * QUOTE.size
"""Where in an agent's record its mind begins."""
MIND_REALS: Final = (AGENT.size - MIND_AT) // 8

OUTBOX: Final = Layout(
    "outbox", {"count": "i8", "lost": "i8", "after": "i8"}, size=LINE + (ROOM + 1) * MESSAGES.size
)
"""A header line, `ROOM` messages, and a place for what does not fit."""

quote_at = Table("quotes", QUOTE, header=AGENT, at=_QUOTES_AT, count=QUOTE_COUNT).getter()
SENT: Final = Table("outbox", MESSAGES, header=OUTBOX, at=LINE, count=ROOM + 1)
sent_at = SENT.getter()

UNKNOWN: Final = -1

LEAST_ACTIVITY: Final = 0.8
"""However quiet it is, those who watch the market look this often, 1 being the average."""

_WIDEST: Final = 0.05  # a wider spread is no price to go by


@kernel
def mid(book: Record, otherwise: float) -> float:
    """Return the mid price in ticks, or *otherwise* where the book has no sane one."""
    bid, ask = best_ticks(book, 1), best_ticks(book, -1)
    middle = 0.5 * (bid + ask)
    if bid == 0 or ask == 0 or ask - bid > _WIDEST * middle:
        return otherwise
    return middle


@kernel
def cell_of(value: Record, sds: float) -> float:
    """Return *sds* ordinary minutes' moves of the value in ticks, at least one tick."""
    return max(1.0, sds * value.minute_sd)


@kernel
def eager(value: Record, mean_s: float) -> float:
    """Return a waiting time of *mean_s* as it is now that everybody acts more or less often."""
    return mean_s / max(value.activity, LEAST_ACTIVITY)


@kernel
def pause(agent: Record, mean_s: float) -> int:
    """Draw a waiting time of mean *mean_s*, at least a millisecond, in ns."""
    return max(NS_PER_S // 1000, int(exponential(agent) * mean_s * NS_PER_S))


@kernel
def resting_lots(book: Record, agent: Record, side: int) -> int:
    """Return the lots of the agent's own orders that may fill on *side*."""
    lots = agent.leaving_bids if side > 0 else agent.leaving_asks
    for i in range(QUOTE_COUNT):
        number = quote_at(agent, i).number
        if number:
            slot = find(book, number)
            if slot > 0:
                order = order_at(book, slot)
                if order.side == side:
                    lots += order.shown + order.hidden
    return lots


@kernel
def send(
    book: Record,
    outbox: Record,
    agent: Record,
    side: int,
    force: int,
    ticks: int,
    lots: int,
    flags: int,
) -> int:
    """Send a limit order, cut to what the bound allows; return its number, 0 if nothing is left."""
    pending = agent.to_buy if side > 0 else agent.to_sell
    if pending == UNKNOWN:
        pending = resting_lots(book, agent, side)
    lots = min(lots, agent.bound - side * agent.inventory - pending)
    if lots <= 0 or ticks <= 0:
        return 0
    if side > 0:
        agent.to_buy = pending + lots
    else:
        agent.to_sell = pending + lots
    number = book.agent_number - 1
    book.agent_number = number
    message = next_message(outbox)
    message.action = PLACE
    message.number = number
    message.owner = agent.owner
    message.side = side
    message.kind = LIMIT
    message.force = force
    message.ticks = ticks
    message.lots = lots
    message.flags = flags
    return number


@kernel
def next_message(outbox: Record) -> Record:
    """Return the next message of the outbox; all but what every agent writes is 0 in it."""
    row = outbox.count
    if row < ROOM:
        outbox.count = row + 1
    else:
        outbox.lost += 1
    return sent_at(outbox, row)


@kernel
def take(book: Record, outbox: Record, agent: Record, side: int, ticks: int, lots: int) -> None:
    """Trade up to *lots* at once at *ticks* or better; nothing rests."""
    send(book, outbox, agent, side, IOC, ticks, lots, 0)


@kernel
def rest_in(
    book: Record,
    outbox: Record,
    agent: Record,
    now: int,
    place: int,
    side: int,
    ticks: int,
    lots: int,
) -> None:
    """Send a limit order whose rest stays on the book, and note it as quote *place*."""
    quote = quote_at(agent, place)
    quote.number = send(book, outbox, agent, side, GTC, ticks, lots, 0)
    quote.sent_ns = now


@kernel
def quote_in(
    book: Record,
    outbox: Record,
    agent: Record,
    now: int,
    place: int,
    side: int,
    ticks: int,
    lots: int,
) -> None:
    """Do as `rest_in` does, unless the order would trade: then nothing of it is done."""
    quote = quote_at(agent, place)
    quote.number = send(book, outbox, agent, side, GTC, ticks, lots, POST_ONLY)
    quote.sent_ns = now


@kernel
def withdraw(book: Record, outbox: Record, agent: Record, place: int) -> None:
    """Cancel the order noted as quote *place*, if it still rests, and forget it."""
    quote = quote_at(agent, place)
    number = quote.number
    quote.number = 0
    slot = find(book, number) if number else 0
    if slot:
        message = next_message(outbox)
        message.action = CANCEL
        message.number = number
        if slot > 0 and agent.latency_ns:
            leave(agent, order_at(book, slot))


@kernel
def leave(agent: Record, order: Record) -> None:
    """Note that an order that is cancelled may fill until that arrives."""
    lots = order.shown + order.hidden
    if order.side > 0:
        agent.leaving_bids += lots
    else:
        agent.leaving_asks += lots


@kernel
def quoted_ticks(book: Record, agent: Record, place: int, least: int) -> int:
    """Return the price of quote *place*, 0 where fewer than *least* lots of it rest."""
    number = quote_at(agent, place).number
    slot = find(book, number) if number else 0
    if slot <= 0:
        return 0
    order = order_at(book, slot)
    return order.side * order.rank if order.shown + order.hidden >= least else 0


@kernel
def leaning(agent: Record, clips: float) -> float:
    """Return the inventory as a share of *clips* ordinary orders, within ±1."""
    share = agent.inventory / (clips * agent.clip)
    return min(1.0, max(-1.0, share))


@kernel
def sized(agent: Record, times: float) -> int:
    """Return *times* an ordinary order in lots, at least one lot."""
    return max(1, math.floor(times * agent.clip))
