"""Whole markets: how fast, with how many agents, on how many threads, and whose agents."""

import statistics
import threading
import time
from typing import Final

import msgspec
from benchmarks.prism.gates import Figure
from benchmarks.prism.ours import OurMarket, agents
from benchmarks.prism.random_agent import RANDOM
from benchmarks.prism.user_agent import USER_NOISE

from trade2026.prism.agent_type import AgentType
from trade2026.prism.callback import Desk
from trade2026.prism.config import AgentGroup

ABIDES_MESSAGES: Final = 15_500
"""A second: the middle of the 12,000 to 19,000 that were recorded; pip cannot install it."""


STEPS: Final = 2_000
"""Of one order of each agent, a turn of the flow that Bourse plays too: see `peers.py`."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What a stretch of a market took, and what happened in it."""

    took: float
    """Seconds of a processor."""
    messages: int
    events: int
    orders: int


def stretch(market: OurMarket, seconds: int) -> Pace:
    """Let a market play *seconds* of its time; reading its events is not timed."""
    started = time.thread_time()
    market.play(seconds)
    took = time.thread_time() - started
    counts = market.take_counts()
    return Pace(took=took, messages=counts.messages, events=counts.events, orders=counts.orders)


def measure_size(
    repeats: int, seconds: int, bourse_orders_per_s: dict[str, float] | None
) -> dict[str, Figure]:
    """Measure forty agents and a thousand in turn: messages/s, orders/s, time a message."""
    random = AgentGroup(type_name=RANDOM.name, count=40)
    forty, thousand = OurMarket(agents()), OurMarket(agents(25))
    same = OurMarket((random,), own_types=(RANDOM,))
    few_s = max(1, seconds // 25)
    markets = ((forty, seconds), (thousand, few_s), (same, STEPS))
    same.play(3 * STEPS)
    for market, length in markets:
        for _ in range(2):
            stretch(market, length)
    turns = [[stretch(market, length) for market, length in markets] for _ in range(repeats)]
    messages, events, orders = (
        statistics.median(getattr(f, name) / f.took for f, *_ in turns)
        for name in ("messages", "events", "orders")
    )
    costs = [(t.took / t.messages) / (f.took / f.messages) for f, t, _ in turns]
    # Activity comes in bursts, and is cheaper a message: the whole counts, not a turn.
    cost_of_forty, cost_of_thousand = (
        sum(turn[which].took for turn in turns) / sum(turn[which].messages for turn in turns)
        for which in (0, 1)
    )
    told = (
        f"{messages / 1e6:.2f} M messages/s (orders and cancels sent, and what the exchange said "
        f"of them, {events / 1e6:.2f} M/s), {orders / 1e6:.2f} M new orders/s, one thread"
    )
    bourse = Figure(value=None, text="Bourse is not installed")
    if bourse_orders_per_s:
        at_thousand = statistics.median(t.orders / t.took for _, t, _ in turns)
        at_random = statistics.median(r.orders / r.took for *_, r in turns)
        theirs = bourse_orders_per_s["40"]
        bourse = Figure(
            value=at_random / theirs,
            text=f"the same flow on both sides, that of Bourse's own vectorised example: 40 agents "
            f"that each send one order of chance a step. Bourse places {theirs:,.0f} new orders/s "
            f"in this run, ours {at_random:,.0f}. The default agents, who look, think and cancel, "
            f"place {orders:,.0f}, {orders / theirs:.1f} x; with 1,000 agents Bourse "
            f"{bourse_orders_per_s['1000']:,.0f}, ours by default {at_thousand:,.0f}, "
            f"{at_thousand / bourse_orders_per_s['1000']:.1f} x",
        )
    return {
        "abides": Figure(
            value=messages / ABIDES_MESSAGES,
            text=f"{told}; ABIDES is not run: {ABIDES_MESSAGES:,} messages/s as recorded on a "
            "machine of this kind, the middle of 12,000 to 19,000",
        ),
        "bourse": bourse,
        "thousand": Figure(
            value=cost_of_thousand / cost_of_forty,
            text=f"of all turns together; by turn {' '.join(f'{c:.2f}' for c in costs)}",
        ),
    }


def _at_once(markets: tuple[OurMarket, ...], seconds: int) -> float:
    threads = [threading.Thread(target=market.play, args=(seconds,)) for market in markets]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def measure_threads(repeats: int, seconds: int) -> dict[str, Figure]:
    """Play the same stretches of two markets one after the other, and at once.

    They are the same market, event by event: of two with seeds of their own one has more to do,
    and what its thread does alone says nothing of two threads.
    """
    alone = (OurMarket(agents()), OurMarket(agents()))
    at_once = (OurMarket(agents()), OurMarket(agents()))
    ratios: list[float] = []
    costs: list[float] = []
    for turn in range(repeats + 2):
        begun = time.process_time()
        one_by_one = sum(_at_once((market,), seconds) for market in alone)
        between = time.process_time()
        both = _at_once(at_once, seconds)
        ended = time.process_time()
        counts = [market.take_counts() for market in (*alone, *at_once)]
        assert len(set(counts)) == 1, "the same market went two ways"
        if turn > 1:  # the tapes have grown by then
            ratios.append(one_by_one / both)
            costs.append((ended - between) / (between - begun))
    return {
        "threads": Figure(
            value=statistics.median(ratios),
            text=f"middle of {repeats} turns of {min(ratios):.2f} to {max(ratios):.2f}, the same "
            "market on both, event by event, for of two others one has more to do and is waited "
            "for; other work on the machine needs the second core too, and does not change that "
            f"it takes {statistics.median(costs):.2f} x the time of a processor",
        )
    }


def measure_user(repeats: int, seconds: int) -> dict[str, Figure]:
    """Play a market of noise traders with built-in ones and with the user's own."""
    groups = (AgentGroup(type_name="noise", count=40),)
    built_in, by_user = OurMarket(groups), OurMarket(groups, own_types=(USER_NOISE,))
    ratios: list[float] = []
    for turn in range(repeats + 2):
        theirs, own = stretch(built_in, seconds), stretch(by_user, seconds)
        assert (theirs.messages, theirs.orders) == (own.messages, own.orders), "other agents"
        if turn > 1:
            ratios.append(own.took / theirs.took)
    return {
        "user": Figure(
            value=statistics.median(ratios),
            text="the same wakes by construction: 40 noise traders, built in and the user's; "
            f"ratios {' '.join(f'{r:.2f}' for r in ratios)}",
        )
    }


def measure_measures(repeats: int, seconds: int) -> dict[str, Figure]:
    """Play the same stretches of one market with and without its measures, in turn."""
    plain, measured = OurMarket(agents()), OurMarket(agents(), is_measured=True)
    ratios: list[float] = []
    for turn in range(repeats + 2):
        first, second = (plain, measured) if turn % 2 else (measured, plain)
        paces = {market: stretch(market, seconds) for market in (first, second)}
        assert paces[plain].events == paces[measured].events, "measuring changed the market"
        assert measured.take_spans() in {seconds - 1, seconds}, "a second is missing"
        if turn > 1:
            ratios.append(paces[measured].took / paces[plain].took)
    return {
        "measured": Figure(
            value=statistics.median(ratios),
            text="the same events: 40 agents, every measure of every second; "
            f"ratios {' '.join(f'{r:.2f}' for r in ratios)}",
        )
    }


class _NoParams(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to choose."""


def _requote(desk: Desk) -> float:
    desk.withdraw(0)
    if desk.bid:
        desk.rest(0, 1, desk.bid - 1, 1)
    return 0.001


def measure_callback(repeats: int, seconds: int) -> dict[str, Figure]:
    """Play markets with one agent in Python that sends its quote anew a thousand times a second."""
    own = AgentType(name="python", params=_NoParams, wake=_requote, in_python=True)
    groups = (*agents(), AgentGroup(type_name=own.name, count=1))
    market = OurMarket(groups, own_types=(own,))
    rates: list[float] = []
    for turn in range(repeats + 1):
        pace = stretch(market, seconds)
        if turn:
            rates.append(1_000 * seconds / pace.took)
    return {
        "callback": Figure(
            value=statistics.median(rates),
            text="one of forty-one agents: at each wake it cancels its quote, reads the bid and "
            "rests below it; all the others' work counts as its own; "
            f"{' '.join(f'{r:,.0f}' for r in rates)}",
        )
    }
