"""The market's loop, compiled: whoever is due first wakes, acts, and is settled.

Wake-ups of all agents in all symbols lie in one binary heap, ordered by time and then by
number, so the order of events depends on nothing else: not on how far one call runs, nor on
when memory grows.
"""

from trade2026.prism.engine.compiled import entry, kernel, wake_at
from trade2026.prism.engine.desk import MIND_AT, UNKNOWN, sent_at
from trade2026.prism.engine.layout import Record, address_of_record
from trade2026.prism.engine.memory import (
    book_of,
    has_room,
)
from trade2026.prism.engine.phases import set_clock
from trade2026.prism.engine.process import handle, message_of
from trade2026.prism.engine.tape import kind_of, said_at, side_of, tape_of, ticks_of
from trade2026.prism.engine.words import TRADE
from trade2026.prism.floorplan import (
    AGENT_BITS,
    address_in,
    agent_in,
    due_in,
    market_of,
    outbox_in,
    value_in,
    wake_in,
)
from trade2026.prism.price.fundamental import value_at


@kernel
def settle(market: Record, symbol: int, tape: Record, after: int) -> None:
    """Book the trades that follow record *after* of the tape at the agents that made them.

    Owners below the number of agents are agents.
    """
    agents = market.agents
    first = symbol * agents
    for row in range(after, tape.count):
        said = said_at(tape, row)
        if kind_of(said) == TRADE:
            # In an auction nobody took: the taker's place is the buyer's.
            side = side_of(said)
            signed = said.lots if side == 0 else side * said.lots
            value = signed * ticks_of(said)
            if said.taker_owner < agents:
                taker = agent_in(market, first + said.taker_owner)
                taker.inventory += signed
                taker.cash -= value
            if said.owner < agents:
                maker = agent_in(market, first + said.owner)
                maker.inventory -= signed
                maker.cash += value


@kernel
def is_before(due: Record, time: int, who: int) -> int:
    """Return 1 where a wake-up comes before (*time*, *who*), else 0; without a branch."""
    return (due.time < time) | ((due.time == time) & (due.who < who))


@kernel
def sink(market: Record, time: int, who: int) -> None:
    """Put a wake-up where it belongs, in place of the first one."""
    at, child, count = 0, 1, market.due_count
    while child < count:
        below = due_in(market, child)
        # Beyond the end stands a wake-up that never comes.
        beside = due_in(market, child + 1)
        if is_before(beside, below.time, below.who):
            child += 1
            below = beside
        if not is_before(below, time, who):
            break
        here = due_in(market, at)
        here.time = below.time
        here.who = below.who
        at = child
        child = 2 * at + 1
    here = due_in(market, at)
    here.time = time
    here.who = who


@kernel
def wake_first(market: Record, book: Record, tape: Record, symbol: int) -> None:
    """Let the agent that is due first act."""
    first = due_in(market, 0)
    now, who = first.time, first.who
    number = who & ((1 << AGENT_BITS) - 1)
    before = tape.count
    set_clock(book, tape, now)
    fundamental = value_at(value_in(market, symbol), now)
    agent = agent_in(market, symbol * market.agents + number)
    outbox = outbox_in(market, 0)
    mind = address_of_record(agent) + MIND_AT
    wait = wake_at(wake_in(market, number).at, book, outbox, agent, mind, fundamental, now)
    for row in range(outbox.count):
        handle(book, tape, sent_at(outbox, row))
    settle(market, symbol, tape, before)
    outbox.count = 0
    agent.to_buy = UNKNOWN
    agent.to_sell = UNKNOWN
    sink(market, now + wait, who)


@entry
def run(market: int, tape: int, until: int, symbol: int, message: int) -> int:
    """Handle an outsider's message, or let agents act; return where memory must grow first.

    Args:
        market: address of a market's block.
        tape: address of a tape, where events go.
        until: simulation time in ns: all agents that are due up to it wake. With a message
            none does, and it is the message's time.
        symbol: of the message.
        message: address of a `MESSAGE` record, 0 for none.

    Returns:
        The symbol whose book, or the tape for it, is short of room, or -1 when all is done.
    """
    its, its_tape = market_of(market), tape_of(tape)
    if message:
        book = book_of(address_in(its, symbol).at)
        if not has_room(book, its_tape):
            return symbol
        before = its_tape.count
        set_clock(book, its_tape, until)
        handle(book, its_tape, message_of(message))
        settle(its, symbol, its_tape, before)
        return -1
    while due_in(its, 0).time <= until:
        which = due_in(its, 0).who >> AGENT_BITS
        book = book_of(address_in(its, which).at)
        if not has_room(book, its_tape):
            return which
        wake_first(its, book, its_tape, which)
    return -1
