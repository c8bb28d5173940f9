"""Small markets for tests, and what outsiders do in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.factories import NOW_NS

from trade2026.core.clock import NS_PER_S
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.prism.config import MarketConfig, default_config
from trade2026.prism.engine.event import MARKET_EVENT, EventKind
from trade2026.prism.market import FIRST_OUTSIDER, Market

START_NS = int(NOW_NS)
HOUR_NS = 3_600 * NS_PER_S


def a_config(seed: int = 7) -> MarketConfig:
    """Return the default market: six symbols, forty agents."""
    return default_config(seed)


def a_market(seed: int = 7, *, warm_s: int = 5) -> Market:
    """Return a default market that has run for *warm_s* seconds, drained."""
    market = Market(a_config(seed), start_ns=START_NS)
    market.run_until(START_NS + warm_s * NS_PER_S)
    market.drain()
    return market


@dataclass(frozen=True)
class Outside:
    """An outsider's order, or with no lots the cancel of one, and when it enters."""

    after_ns: int
    symbol: str
    number: int
    side: Side = Side.BUY
    ord_type: OrdType = OrdType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    ticks: int = 0
    lots: int = 0
    owner: int = FIRST_OUTSIDER


def enter(market: Market, order: Outside) -> None:
    """Send *order* now."""
    if not order.lots:
        market.cancel(symbol=order.symbol, number=order.number)
        return
    market.submit(
        symbol=order.symbol,
        number=order.number,
        owner=order.owner,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=order.time_in_force,
        ticks=order.ticks,
        lots=order.lots,
    )


def play(
    market: Market, orders: Iterable[Outside], *, until_ns: int, step_ns: int
) -> NDArray[np.void]:
    """Run *market* to *until_ns* in steps, with *orders* at their times; return all events."""
    start = market.sim_ns
    events: list[NDArray[np.void]] = []

    def run_to(target: int) -> None:
        while market.sim_ns < target:
            market.run_until(min(target, market.sim_ns + step_ns))
            events.append(market.drain())

    for order in sorted(orders, key=lambda order: order.after_ns):
        run_to(start + order.after_ns)
        enter(market, order)
    run_to(until_ns)
    events.append(market.drain())
    return joined(events)


def joined(parts: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Return the events of all *parts*, what lies between their columns 0 as it is in a part."""
    events = np.zeros(sum(map(len, parts)), MARKET_EVENT)
    np.concatenate(parts, out=events)
    return events


def totals(market: Market) -> dict[str, tuple[int, int]]:
    """Return each symbol's cash (square nanos) and inventory (nanos), summed over agents."""
    sums: dict[str, tuple[int, int]] = dict.fromkeys(market.symbols, (0, 0))
    for holding in market.holdings():
        cash, inventory = sums[holding.symbol]
        sums[holding.symbol] = (cash + holding.cash, inventory + holding.inventory)
    return sums


def outside_totals(market: Market, events: NDArray[np.void]) -> dict[str, tuple[int, int]]:
    """Return each symbol's cash (ticks times lots) and lots that outsiders gained in *events*."""
    sums: dict[str, tuple[int, int]] = dict.fromkeys(market.symbols, (0, 0))
    trades = events[events["kind"] == EventKind.TRADE]
    fields = ["symbol", "side", "ticks", "lots", "maker_owner", "taker_owner"]
    rows: list[tuple[int, ...]] = trades[fields].tolist()
    for index, side, ticks, lots, maker, taker in rows:
        symbol = market.symbols[index]
        for owner, sign in ((taker, side), (maker, -side)):
            if owner >= FIRST_OUTSIDER:
                cash, held = sums[symbol]
                sums[symbol] = (cash - sign * lots * ticks, held + sign * lots)
    return sums
