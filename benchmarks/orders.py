"""How long an order takes: in the bare domain, through the desks, and over HTTP.

``python benchmarks/orders.py`` prints three lines; with ``--http`` also the last, on a
platform of its own that it starts and stops. Fills are immediate in the first two: the venue
is one that answers at once, so that what is measured is ours.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.rig import running_platform
from tests.factories import NOW_NS, a_deposit, a_quote, an_order
from tests.trading import PlainVenue, an_ask, running_core

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs
from trade2026.core.ids import ClOrdId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, parse_nanos
from trade2026.domain.oms import decide
from trade2026.domain.oms.orders import Orders
from trade2026.domain.pnl.equity import Equity
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.risk.book import RiskBook
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import NewOrderSingle, OrdStatus, OrdType, Side, TimeInForce
from trade2026.model.position import BASE_CURRENCY

PX = Px(parse_nanos("60000"))
WARM_UP = 200


def percentile(times_s: list[float], share: float) -> float:
    """Return a percentile of the times, in milliseconds."""
    return statistics.quantiles(times_s, n=1000)[round(share * 1000) - 1] * 1e3


def report(what: str, times_s: list[float], note: str = "") -> None:
    """Print one line of figures."""
    p50, p99 = percentile(times_s, 0.5), percentile(times_s, 0.99)
    print(f"{what}: p50 {p50:.4f} ms, p99 {p99:.4f} ms, n {len(times_s)}{note}")


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

    def trade(self, number: int) -> None:
        """Submit, check, send, fill, book: one order's whole life."""
        request = _request(number)
        self.book(decide.received(request, ts_ns=NOW_NS))
        verdict = self.risk.assess(request, NOW_NS)
        assert verdict.approved is not None
        order = self.orders.get(request.order_id)
        assert order is not None
        self.book(decide.approved(order, reserved=verdict.approved.reserved, ts_ns=NOW_NS))
        order = self.orders.get(request.order_id)
        assert order is not None
        self.book(decide.sent(order, venue="PRISM", ts_ns=NOW_NS))
        order = self.orders.get(request.order_id)
        fill = _fill(request, number)
        event = decide.judge_report(
            order, fill, event_id=decide.event_id_of(request.order_id, 4), ts_ns=NOW_NS
        )
        assert event is not None
        self.book(event)


def _request(number: int) -> NewOrderSingle:
    return an_order(
        order_id=OrderId(f"{number:036d}"),
        cl_ord_id=ClOrdId(f"{number}"),
        side=Side.BUY if number % 2 else Side.SELL,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        order_qty=Qty(parse_nanos("0.01")),
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
        fee=Money(parse_nanos("0.3")),
        fee_asset=BASE_CURRENCY,
        report_seq=number,
        ts_event_ns=NOW_NS,
    )


def domain_path(count: int) -> None:
    """Measure the bare domain path."""
    domain, times = Domain(), []
    for number in range(count):
        begin = time.perf_counter()
        domain.trade(number)
        times.append(time.perf_counter() - begin)
    report("order path, bare domain (submit to P&L)", times[WARM_UP:])


async def in_process(count: int) -> None:
    """Measure the desks over the in-memory log, with every message encoded."""
    log = MemoryLog()
    async with running_core(log, PlainVenue(log)) as core:
        times: list[float] = []
        for number in range(count):
            side = Side.BUY if number % 2 else Side.SELL
            # Time goes on, but not so far that the quote would be too old.
            core.clock.advance(1_000_000)
            begin = time.perf_counter()
            order, _ = await core.oms.submit(an_ask(side=side))
            times.append(time.perf_counter() - begin)
            assert order.status is not OrdStatus.RISK_REJECTED
        report("order path, in process (POST to SENT, in-memory log, codec on)", times[WARM_UP:])


def over_http(count: int, lanes: int) -> None:
    """Measure POST to SENT on a whole platform, journal on, token and policy checked."""
    with tempfile.TemporaryDirectory() as folder, running_platform(Path(folder) / "data") as up:
        token, url = up.token(), up.url("oms", "/orders")

        def lane(number: int) -> list[float]:
            times: list[float] = []
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(trust_env=False, headers=headers) as client:
                for turn in range(count // lanes):
                    side = "BUY" if (turn + number) % 2 else "SELL"
                    body = {"symbol": "ETHUSDT", "side": side, "type": "MARKET", "quantity": "0.01"}
                    begin = time.perf_counter()
                    reply = client.post(url, json=body)
                    times.append(time.perf_counter() - begin)
                    assert reply.status_code == 201, reply.text
            return times

        lane(0)
        begin = time.perf_counter()
        with ThreadPoolExecutor(lanes) as pool:
            times = [t for lane_times in pool.map(lane, range(lanes)) for t in lane_times]
        rate = len(times) / (time.perf_counter() - begin)
        note = f", {rate:.0f} orders/s from {lanes} senders in one Python process"
        report("order path, over HTTP (POST to SENT, JetStream file journal)", times, note)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", action="store_true", help="also over HTTP, on a whole platform")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    domain_path(5_000)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(in_process(3_000))
    if arguments.http:
        over_http(600, lanes=1)
        over_http(1_200, lanes=4)
    return 0


if __name__ == "__main__":
    sys.exit(main())
