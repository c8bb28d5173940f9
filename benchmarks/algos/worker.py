"""One parent order in PRISM, worked by the code that the desk runs: due, children, report.

The market is looked at each second. Children are sent as the desk sends them: at the market or
at the limit, at once or not at all, an iceberg's waiting in the book. The market without the
order is the same seed, looked at as often.
"""

from typing import Any, Final

import msgspec
import numpy as np

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import Px, Qty, Value, value_of
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.curve import MINUTE_NS, learn
from trade2026.domain.execution.due import Due, Duty, what_is_due
from trade2026.domain.execution.parent import Child, Parent, apply, with_child
from trade2026.domain.execution.report import report_of
from trade2026.domain.execution.schedule import Moment
from trade2026.domain.execution.watch import after_quotes, after_trades, held_until
from trade2026.model.algo import AlgoName, AlgoReport, AlgoRequest, Seen
from trade2026.model.market import Aggressor, Quote, Trade
from trade2026.model.order import Side
from trade2026.prism import Market
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import Force
from trade2026.prism.exchange import FIRST_OUTSIDER

SYMBOL: Final = "BTCUSDT"
BEGIN_S: Final = 900
LAST_S: Final = 1_800
TAIL_S: Final = 300
"""How long after its end it is looked at what is left of its impact."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run saw."""

    report: AlgoReport | None
    """None without the order."""
    seen: Seen
    """Of the market, from the beginning to the end of the order's time."""
    mids: tuple[int, ...]
    """The mid price as each second of the order's time begins, and as the last one ends."""
    tail_mid: int
    fills: tuple[tuple[int, int, int], ...]
    """Of the order: second, price and quantity."""


class Worker:
    """Runs one market, with or without an order."""

    def __init__(self, seed: int) -> None:
        self._market = Market(seed=seed, symbols=[SYMBOL])
        instrument = self._market.config.symbols[0].instrument
        self._instrument = instrument
        self._numbers: dict[int, int] = {}
        self._seen = Seen()
        self._seq = 0
        self._minutes: dict[int, Qty] = {}
        self._parent: Parent | None = None
        self._second = 0
        self._fills: list[tuple[int, int, int]] = []

    def begin(self) -> Px:
        """Let the market run up to where the order begins, and return its mid price there."""
        self._market.run(until_s=BEGIN_S)
        self._take(is_begun=False)
        return self._mid()

    def run(self, request: AlgoRequest | None) -> Outcome:
        """Return what came of it, after `begin`."""
        now_ns = TimeNs(BEGIN_S * NS_PER_S)
        self._seen = Seen(mid_px=self._mid(), mid_ns=now_ns)
        if request is not None:
            curve = learn(self._minutes, request.start_ns, request.end_ns)
            self._parent = apply(None, step.started(request, self._seen, curve, now_ns))
        mids: list[int] = []
        for second in range(LAST_S):
            self._second = second
            mids.append(self._mid())
            self._work(TimeNs((BEGIN_S + second) * NS_PER_S))
            self._market.run(until_s=BEGIN_S + second + 1)
            self._take(is_begun=True)
        self._work(TimeNs((BEGIN_S + LAST_S) * NS_PER_S))
        seen = self._seen
        mids.append(self._mid())
        self._market.run(until_s=BEGIN_S + LAST_S + TAIL_S)
        parent, report = self._parent, None
        if parent is not None:
            end_ns = TimeNs((BEGIN_S + LAST_S) * NS_PER_S)
            report = report_of(parent, BY_NAME[parent.request.name], seen, end_ns)
        return Outcome(
            report=report,
            seen=seen,
            mids=tuple(mids),
            tail_mid=self._mid(),
            fills=tuple(self._fills),
        )

    def _work(self, now_ns: TimeNs) -> None:
        self._seen = held_until(self._seen, now_ns)
        parent = self._parent
        if parent is None:
            return
        moment = Moment(now_ns=now_ns, volume_qty=self._seen.volume_qty)
        algorithm = BY_NAME[parent.request.name]
        found = what_is_due(parent, algorithm, moment, self._instrument, self._seen.mid_px)
        for due in list(found):
            self._do(due, now_ns)

    def _do(self, due: Due, now_ns: TimeNs) -> None:
        parent = self._parent
        assert parent is not None
        request, seen = parent.request, self._seen
        match due.duty:
            case Duty.SLICE:
                number = len(parent.children)
                self._parent = apply(parent, step.sliced(parent, due.order_qty, seen, now_ns))
                self._send(number, due.order_qty)
            case Duty.CANCEL:
                for order, number in self._numbers.items():
                    if number == due.number:
                        self._market.cancel(order)
                        self._take(is_begun=True)
            case Duty.STOP:
                event = step.ending(
                    parent, due.status, due.text, asked_by="", seen=seen, ts_ns=now_ns
                )
                self._parent = apply(parent, event)
            case Duty.END:
                report = report_of(parent, BY_NAME[request.name], seen, now_ns)
                self._parent = apply(parent, step.ended(parent, report, now_ns))

    def _send(self, number: int, order_qty: Qty) -> None:
        assert self._parent is not None
        request = self._parent.request
        ticks = 0 if request.price is None else request.price // self._instrument.tick_size
        place = self._market.buy if request.side is Side.BUY else self._market.sell
        force = Force.GTC if BY_NAME[request.name].is_resting else Force.IOC
        lots = order_qty // self._instrument.lot_size
        order = place(SYMBOL, lots=lots, ticks=ticks, force=force)
        self._numbers[order] = number
        child = msgspec.structs.replace(self._parent.children[number], is_sent=True)
        self._parent = with_child(self._parent, number, child)
        self._take(is_begun=True)

    def _take(self, *, is_begun: bool) -> None:
        events = self._market.events()
        trades = events[events["kind"] == EventKind.TRADE]
        self._seq += 1
        now_ns = TimeNs(round(self._market.now_s * NS_PER_S))
        if is_begun:
            self._seen = after_trades(
                self._seen, [self._trade(one) for one in trades], self._seq, TimeNs(0)
            )
            self._seen = after_quotes(self._seen, [self._quote(now_ns)], self._seq, now_ns)
        else:
            for one in trades:
                minute = int(one["time_ns"]) // MINUTE_NS * MINUTE_NS
                lots = int(one["lots"]) * self._instrument.lot_size
                self._minutes[minute] = Qty(self._minutes.get(minute, 0) + lots)
        self._book_fills(trades)

    def _book_fills(self, trades: Any) -> None:
        for one in trades:
            for part in ("maker", "taker"):
                order = int(one[f"{part}_number"])
                if int(one[f"{part}_owner"]) == FIRST_OUTSIDER and order in self._numbers:
                    self._fill(self._numbers[order], self._trade(one))
        if self._parent is None:
            return
        is_open = set(self._market.open_orders)
        for order, number in self._numbers.items():
            child = self._parent.children[number]
            if order not in is_open and child.leaves_qty:
                done = msgspec.structs.replace(child, leaves_qty=Qty(0))
                self._parent = with_child(self._parent, number, done)

    def _fill(self, number: int, trade: Trade) -> None:
        assert self._parent is not None
        child: Child = self._parent.children[number]
        filled = msgspec.structs.replace(
            child,
            leaves_qty=Qty(child.leaves_qty - trade.qty),
            cum_qty=Qty(child.cum_qty + trade.qty),
            cum_value=Value(child.cum_value + value_of(trade.px, trade.qty)),
        )
        self._parent = with_child(self._parent, number, filled)
        self._fills.append((self._second, trade.px, trade.qty))

    def _trade(self, one: np.void) -> Trade:
        return Trade(
            ts_event_ns=TimeNs(int(one["time_ns"])),
            ts_recv_ns=TimeNs(int(one["time_ns"])),
            trade_id="",
            px=Px(int(one["ticks"]) * self._instrument.tick_size),
            qty=Qty(int(one["lots"]) * self._instrument.lot_size),
            aggressor_side=Aggressor.BUY if int(one["side"]) > 0 else Aggressor.SELL,
        )

    def _quote(self, now_ns: TimeNs) -> Quote:
        mid_px = self._mid()
        one = Qty(1)
        return Quote(
            ts_event_ns=now_ns,
            ts_recv_ns=now_ns,
            seq=self._seq,
            best_bid_px=mid_px,
            best_bid_qty=one,
            best_ask_px=mid_px,
            best_ask_qty=one,
        )

    def _mid(self) -> Px:
        return Px(round(self._market.mid(SYMBOL) * self._instrument.tick_size))


def a_request(name: AlgoName, side: Side, order_qty: Qty, **terms: Any) -> AlgoRequest:
    """Return a parent of *order_qty*, in whole lots, over the measured half hour."""
    start_ns = TimeNs(BEGIN_S * NS_PER_S)
    request = AlgoRequest(
        algo_id=name,
        cl_algo_id=name,
        account=AccountId("default"),
        strategy=StrategyId("bench"),
        venue="PRISM",
        symbol=SYMBOL,
        side=side,
        name=name,
        order_qty=order_qty,
        start_ns=start_ns,
        end_ns=TimeNs(start_ns + LAST_S * NS_PER_S),
        slice_ns=30 * NS_PER_S,
    )
    return msgspec.structs.replace(request, **terms)
