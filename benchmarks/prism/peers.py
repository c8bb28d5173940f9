"""Other people's order books and markets, in a process and an environment of their own.

``.venv-peers/bin/python benchmarks/prism/peers.py <peer> <flow.npy> <repeats>`` prints one line
of JSON. It imports nothing of the platform: the peers need other versions of what it uses. The
flow is that of `kernel.save_prefix`. What a peer lacks is made up for as its users would: an
immediate-or-cancel order is a limit order at the worst price whose rest is cancelled.
"""

import json
import logging
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import metadata
from typing import Any

import numpy as np

Flow = list[list[int]]
"""Rows of number, whether it is a cancel, side, whether at the market, ticks, lots."""

WORST = {1: 1 << 16, -1: 1}


def bourse(flow: Flow) -> tuple[float, int, int]:
    """Play the flow on Bourse's order book (Rust), whose queues need a time of each order."""
    from bourse.core import OrderBook

    book, ids = OrderBook(0, 1, True), {}
    place, cancel, set_time = book.place_order, book.cancel_order, book.set_time
    started = time.process_time()
    for now, (number, is_cancel, side, is_market, ticks, lots) in enumerate(flow):
        set_time(now)
        if is_cancel:
            cancel(ids[number])
        elif is_market:
            place(side > 0, lots, 0)
        else:
            ids[number] = place(side > 0, lots, 0, price=ticks)
    took = time.process_time() - started
    trades = book.get_trades()
    return took, len(trades), sum(trade[3] for trade in trades)


def pyorderbook(flow: Flow) -> tuple[float, int, int]:
    """Play the flow on pyorderbook (Python)."""
    from pyorderbook import Book, Order, Side

    logging.disable(logging.CRITICAL)
    book, orders = Book(), {}
    trades: list[Any] = []
    started = time.process_time()
    for number, is_cancel, side, is_market, ticks, lots in flow:
        if is_cancel:
            book.cancel(orders[number])
            continue
        price = WORST[side] if is_market else ticks
        order = Order(Side.BID if side > 0 else Side.ASK, "X", price, lots)
        trades += book.match(order).trades
        if not is_market:
            orders[number] = order
        elif order.quantity:
            book.cancel(order)
    took = time.process_time() - started
    return took, len(trades), sum(trade.fill_quantity for trade in trades)


def lightmatchingengine(flow: Flow) -> tuple[float, int, int]:
    """Play the flow on lightmatchingengine (Python); it tells each trade to both sides."""
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine

    book, ids = LightMatchingEngine(), {}
    trades: list[Any] = []
    started = time.process_time()
    for number, is_cancel, side, is_market, ticks, lots in flow:
        if is_cancel:
            book.cancel_order(ids[number], "X")
            continue
        price = WORST[side] if is_market else ticks
        order, said = book.add_order("X", price, lots, 1 if side > 0 else 2)
        trades += [trade for trade in said if trade.order_id != order.order_id]
        ids[number] = order.order_id
        if is_market and order.leaves_qty:
            book.cancel_order(order.order_id, "X")
    took = time.process_time() - started
    return took, len(trades), sum(trade.trade_qty for trade in trades)


def order_matching(flow: Flow) -> tuple[float, int, int]:
    """Play the flow on order-matching (Python)."""
    from order_matching.matching_engine import MatchingEngine
    from order_matching.order import LimitOrder
    from order_matching.orders import Orders
    from order_matching.side import Side
    from order_matching.status import Status

    book, orders, now = MatchingEngine(seed=1), {}, datetime(2026, 1, 1)
    trades: list[Any] = []
    started = time.process_time()
    for number, is_cancel, side, is_market, ticks, lots in flow:
        now += timedelta(microseconds=1)
        if is_cancel:
            order = orders[number]
        else:
            order = LimitOrder(
                side=Side.BUY if side > 0 else Side.SELL,
                price=WORST[side] if is_market else ticks,
                size=lots,
                timestamp=now,
                order_id=str(number),
                trader_id="x",
            )
            orders[number] = order
            trades += book.match(timestamp=now, orders=Orders([order])).trades
        if is_cancel or (is_market and order.size):
            order.status = Status.CANCEL
            book.match(timestamp=now, orders=Orders([order]))
    took = time.process_time() - started
    return took, len(trades), int(sum(trade.size for trade in trades))


BOOKS: dict[str, tuple[Callable[[Flow], tuple[float, int, int]], int]] = {
    "bourse": (bourse, 100_000),
    "pyorderbook": (pyorderbook, 20_000),
    "lightmatchingengine": (lightmatchingengine, 20_000),
    "order-matching": (order_matching, 1_000),
}
"""By distribution: how it plays the flow, and how many messages of it at most."""

STEPS = 2_000


def bourse_market(agents: int, repeats: int) -> float:
    """Return new orders a second of Bourse's own vectorised example, with so many agents.

    Five turns are its warm-up; nothing is cancelled in it, so the book grows all the time.
    """
    from bourse.core import StepEnvNumpy
    from bourse.step_sim import run
    from bourse.step_sim.agents import NumpyRandomAgents

    steps = max(50, STEPS * 40 // agents)
    env = StepEnvNumpy(1, 0, 1, 100_000)
    crowd = [NumpyRandomAgents(agents, (10, 60), (10, 60), 1)]
    run(env, crowd, 5 * steps, 1, show_progress=False, use_numpy=True)
    rates: list[float] = []
    for turn in range(repeats):
        started = time.process_time()
        run(env, crowd, steps, 2 + turn, show_progress=False, use_numpy=True)
        rates.append(agents * steps / (time.process_time() - started))
    return statistics.median(rates)


def main(peer: str, path: str, repeats: int) -> dict[str, Any]:
    """Return what *peer* made of the flow, or how fast Bourse's market is."""
    if peer == "bourse-market":
        rates = {agents: bourse_market(agents, repeats) for agents in (40, 1_000)}
        return {"orders_per_s": rates, "version": metadata.version("bourse")}
    play, most = BOOKS[peer]
    flow = np.load(path)[:most].tolist()
    runs = [play(flow) for _ in range(repeats)]
    took = statistics.median(run[0] for run in runs)
    version = metadata.version(peer)
    return {
        "messages": len(flow), "took": took, "version": version,
        "trades": runs[0][1], "lots": runs[0][2],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
