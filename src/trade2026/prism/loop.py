"""The market's loop, compiled: whoever is due first looks, or has its messages arrive.

What all agents do next in all symbols lies in one tree of losers, ordered by time and then by
number, so the order of events depends on nothing else: not on how far one call runs, nor on
when memory grows. An agent that has an outbox on its way is due when that arrives; any other
looks. Where that agent is a Python function, the loop comes back for its answer.
"""

from typing import Final

from trade2026.prism.engine.compiled import entry, kernel, wake_at
from trade2026.prism.engine.desk import MIND_AT, UNKNOWN, rest_in, sent_at, take, withdraw
from trade2026.prism.engine.gauges import note_trade, observe
from trade2026.prism.engine.layout import Record, address_of_record, choose, is_before
from trade2026.prism.engine.memory import book_of, has_room, message_of
from trade2026.prism.engine.phases import set_clock
from trade2026.prism.engine.process import handle
from trade2026.prism.engine.tape import kind_of, said_at, side_of, tape_of, ticks_of
from trade2026.prism.engine.words import TRADE
from trade2026.prism.floorplan import (
    AGENT_BITS,
    OWNER,
    address_in,
    agent_in,
    due_in,
    market_of,
    outbox_in,
    value_in,
    wake_in,
)
from trade2026.prism.price.fundamental import move_on

DONE: Final = -1
ASK: Final = -2
FULL: Final = -3
REST: Final = 0
TAKE: Final = 1
WITHDRAW: Final = 2
LEAST_PAUSE_NS: Final = 1_000
MOST_PAUSE_NS: Final = 1_000_000_000_000_000_000
"""Nearly 32 years, behind which times end."""
NO_PAUSE_NS: Final = 1_000_000
"""How long a compiled agent pauses that asks for less than the least: time goes on."""


@kernel
def settle(market: Record, symbol: int, tape: Record, after: int) -> None:
    """Book the trades that follow record *after* of the tape at the agents that made them.

    Owners below the number of agents are agents.
    """
    agents = market.agents
    first = symbol * agents
    of_value = value_in(market, symbol)
    for row in range(after, tape.count):
        said = said_at(tape, row)
        if kind_of(said) == TRADE:
            # In an auction nobody took: the taker's place is the buyer's.
            side = side_of(said)
            signed = said.lots if side == 0 else side * said.lots
            value = signed * ticks_of(said)
            of_value.last = ticks_of(said)
            of_value.volume += said.lots
            note_trade(market.gauges, symbol, side, ticks_of(said), said.lots)
            tells = side
            if said.taker_owner < agents:
                taker = agent_in(market, first + said.taker_owner)
                tells *= taker.tells
                taker.inventory += signed
                taker.cash -= value
            of_value.flow += tells * said.lots
            if said.owner < agents:
                maker = agent_in(market, first + said.owner)
                maker.inventory -= signed
                maker.cash += value


@kernel
def wake_next(market: Record, time: int, who: int) -> None:
    """Let *who*, that was due first, be due at *time*, and whoever is first now come to the front.

    From where it starts it goes up the tree: at each node the later one stays. Which nodes these
    are is known beforehand, so that the processor reads them all at once and guesses nothing.
    """
    node = (market.due_count + (who >> AGENT_BITS) * market.agents + (who & OWNER)) >> 1
    while node > 0:
        there = due_in(market, node)
        its_time, its_who = there.time, there.who
        is_its = is_before(its_time, its_who, time, who)
        there.time = choose(is_its, time, its_time)
        there.who = choose(is_its, who, its_who)
        time = choose(is_its, its_time, time)
        who = choose(is_its, its_who, who)
        node >>= 1
    first = due_in(market, 0)
    first.time = time
    first.who = who


@kernel
def look(market: Record, book: Record, outbox: Record, agent: Record, symbol: int, who: int) -> int:
    """Let an agent look and write its messages; return how long it pauses, in ns."""
    wake = wake_in(market, who & OWNER).at
    if wake == 0:
        wait = market.answer
        market.answer = 0
        return wait
    mind = address_of_record(agent) + MIND_AT
    wait = wake_at(wake, book, outbox, agent, mind, value_in(market, symbol), book.now)
    return min(wait, MOST_PAUSE_NS) if wait >= LEAST_PAUSE_NS else NO_PAUSE_NS


@kernel
def wake_first(market: Record, book: Record, tape: Record, symbol: int) -> int:
    """Let the agent that is due first act; return 0 where it is in Python and has not answered."""
    first = due_in(market, 0)
    now, who = first.time, first.who
    agent = agent_in(market, symbol * market.agents + (who & OWNER))
    set_clock(book, tape, now)
    if agent.outbox == 0:
        move_on(value_in(market, symbol), now)
        if wake_in(market, who & OWNER).at == market.answer == 0:
            return 0
        outbox = outbox_in(market, market.free_outbox)
        wait = look(market, book, outbox, agent, symbol, who)
        if outbox.lost:
            market.talker = who
            outbox.lost = 0
        if agent.latency_ns and outbox.count:
            agent.pause_ns = max(1, wait - agent.latency_ns)
            agent.outbox = market.free_outbox + 1
            market.free_outbox = outbox.after
            wake_next(market, now + agent.latency_ns, who)
            return 1
    else:
        outbox = outbox_in(market, agent.outbox - 1)
        wait = agent.pause_ns
        outbox.after = market.free_outbox
        market.free_outbox = agent.outbox - 1
        agent.outbox = 0
    before = tape.count
    for row in range(outbox.count):
        handle(book, tape, sent_at(outbox, row))
    settle(market, symbol, tape, before)
    outbox.count = 0
    agent.to_buy = agent.to_sell = UNKNOWN
    agent.leaving_bids = agent.leaving_asks = 0
    wake_next(market, now + wait, who)
    return 1


@kernel
def shortage(market: Record, book: Record, tape: Record, symbol: int, now: int) -> int:
    """Return what `run` does where memory must grow before anything happens *now*, or `DONE`."""
    if not has_room(book, tape):
        return symbol
    return DONE if observe(market.gauges, book, symbol, now) else FULL


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
        The symbol whose book, or the tape for it, is short of room; `DONE`; `FULL` where the
        gauges are; or `ASK` where the agent that is due first is in Python: it writes its outbox,
        and `answer` in the header.
    """
    its, its_tape = market_of(market), tape_of(tape)
    if message:
        book = book_of(address_in(its, symbol).at)
        short = shortage(its, book, its_tape, symbol, until)
        if short != DONE:
            return short
        before = its_tape.count
        set_clock(book, its_tape, until)
        handle(book, its_tape, message_of(message))
        settle(its, symbol, its_tape, before)
        return DONE
    while due_in(its, 0).time <= until:
        which = due_in(its, 0).who >> AGENT_BITS
        book = book_of(address_in(its, which).at)
        short = shortage(its, book, its_tape, which, due_in(its, 0).time)
        if short != DONE:
            return short
        if not wake_first(its, book, its_tape, which):
            return ASK
    return DONE


@entry
def act(
    market: int,
    symbol: int,
    owner: int,
    now: int,
    what: int,
    place: int,
    side: int,
    ticks: int,
    lots: int,
) -> int:
    """Write what an agent in Python wants into its outbox; return the number of its order.

    *what* is `REST`, `TAKE` or `WITHDRAW`; see `callback.Desk`.
    """
    its = market_of(market)
    book = book_of(address_in(its, symbol).at)
    agent = agent_in(its, symbol * its.agents + owner)
    outbox = outbox_in(its, its.free_outbox)
    before = book.agent_number
    if what == REST:
        rest_in(book, outbox, agent, now, place, side, ticks, lots)
    elif what == TAKE:
        take(book, outbox, agent, side, ticks, lots)
    else:
        withdraw(book, outbox, agent, place)
    return book.agent_number if book.agent_number != before else 0
