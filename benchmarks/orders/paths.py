"""How long an order takes in this process: in the bare domain, and through the desks.

The venue is one that answers and fills at once, so that what is measured is ours. In the bare
domain every fold there is books every event of an order, from its receipt to its P&L.
"""

import statistics
import time
from typing import Any, Final

from benchmarks.prism.gates import Figure
from tests.factories import NOW_NS, a_deposit, a_quote, an_order
from tests.trading import PlainVenue, an_ask, running_core

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs
from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, parse_nanos
from trade2026.desk.snapshots import EVENTS_MOST
from trade2026.domain.oms import decide
from trade2026.domain.oms.orders import Orders
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle, OrdStatus, OrdType, Side, TimeInForce
from trade2026.model.position import BASE_CURRENCY
from trade2026.shell.runner import settle_memory

PX: Final = Px(parse_nanos("60000"))
QTY: Final = Qty(parse_nanos("0.01"))
FEE: Final = Money(parse_nanos("0.3"))
WARM_UP: Final = 200


def percentile(times_s: list[float], share: float) -> float:
    """Return a percentile of the times, in microseconds."""
    return statistics.quantiles(times_s, n=1000)[round(share * 1000) - 1] * 1e6


def figure(times_s: list[float], share: float = 0.5) -> Figure:
    """Return a percentile in microseconds, and a line about all of them."""
    p50, p99 = percentile(times_s, 0.5), percentile(times_s, 0.99)
    text = f"p50 {p50:,.1f} us, p99 {p99:,.1f} us, {len(times_s):,} orders"
    return Figure(value=percentile(times_s, share), text=text)


class Domain:
    """Every fold of the trading core, without a bus."""

    def __init__(self) -> None:
        self.orders, self.ledger, self.equity = Orders(), Ledger(), Equity()
        self.risk = RiskBook(instruments=PRISM_INSTRUMENTS)
        self.risk.quote("PRISM", "BTCUSDT", a_quote("59999.99", "60000.01"), NOW_NS)
        self.seq = 0
        self.book(a_deposit())

    def book(self, event: Any) -> None:
        """Apply an event of the log to everything that folds it."""
        self.seq += 1
        self.orders.apply(event)
        self.risk.apply(event, self.seq)
        for change in self.ledger.apply(event, self.seq):
            self.equity.apply(change)

    def trade(self, request: NewOrderSingle, fill: ExecutionReport) -> None:
        """Submit, check, send, fill, book: one order's whole life."""
        self.book(decide.received(request, ts_ns=NOW_NS))
        verdict = self.risk.assess(request, NOW_NS)
        assert verdict.approved is not None
        order = self.orders.get(request.order_id)
        assert order is not None
        self.book(decide.approved(order, verdict.approved.reserved, NOW_NS, venue="PRISM"))
        order = self.orders.get(request.order_id)
        event = decide.judge_report(order, fill, ts_ns=NOW_NS)
        assert event is not None
        self.book(event)


def _request(number: int) -> NewOrderSingle:
    return an_order(
        order_id=OrderId(f"{number:036d}"),
        cl_ord_id=ClOrdId(f"{number}"),
        side=Side.BUY if number % 2 else Side.SELL,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        order_qty=QTY,
        price=None,
        # So many at one time would be refused for their rate.
        transact_time_ns=TimeNs(NOW_NS + number * 1_000_000),
    )


def _fill(request: NewOrderSingle, number: int) -> ExecutionReport:
    return ExecutionReport(
        exec_id=ExecId(f"B-{number}"),
        order_id=request.order_id,
        venue_order_id="",
        account=request.account,
        venue="PRISM",
        symbol=request.symbol,
        side=request.side,
        exec_type=ExecType.TRADE,
        last_px=PX,
        last_qty=request.order_qty,
        leaves_qty=Qty(0),
        cum_qty=request.order_qty,
        fee=FEE,
        fee_asset=BASE_CURRENCY,
        report_seq=number,
        ts_event_ns=NOW_NS,
    )


def domain_path(count: int) -> dict[str, Figure]:
    """Measure the bare domain path, and the part of it that is risk's decision."""
    # As in a service that has started.
    settle_memory()
    domain = Domain()
    times, decisions = list[float](), list[float]()
    for number in range(count):
        request = _request(number)
        # What comes from outside is not ours to be fast at: the sender's words, the venue's.
        fill = _fill(request, number)
        begun = time.perf_counter()
        domain.trade(request, fill)
        times.append(time.perf_counter() - begun)
    for number in range(count, count + count // 5):
        request = _request(number)
        begun = time.perf_counter()
        verdict = domain.risk.assess(request, NOW_NS)
        decisions.append(time.perf_counter() - begun)
        assert verdict.approved is not None
        domain.risk.accounts.release(request.order_id)
    return {"domain": figure(times[WARM_UP:]), "risk": figure(decisions[WARM_UP:])}


async def in_process(count: int) -> dict[str, Figure]:
    """Measure the desks over the in-memory log, with every message encoded."""
    log = MemoryLog()
    async with running_core(log, PlainVenue(log), snapshot_after=EVENTS_MOST) as core:
        times: list[float] = []
        for number in range(count):
            side = Side.BUY if number % 2 else Side.SELL
            # Time goes on, but not so far that the quote would be too old.
            core.clock.advance(1_000_000)
            begun = time.perf_counter()
            order, _ = await core.oms.submit(an_ask(side=side))
            times.append(time.perf_counter() - begun)
            assert order.status is not OrdStatus.RISK_REJECTED
        return {"process": figure(times[WARM_UP:])}
