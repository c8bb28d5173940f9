"""How long the judgement of one order takes: every check, the reservation, fresh marks.

``python benchmarks/risk.py`` prints a line for an account without open orders, with its limit
of them, and with ten times that. Every tenth order meets a new quote. It ends with 1 where the
median of the first two is above `MOST_MS`.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.factories import NOW_NS, a_deposit, a_limits_set, a_quote, an_order, px, qty

from trade2026.core.clock import TimeNs
from trade2026.core.ids import OrderId
from trade2026.domain.risk.book import RiskBook
from trade2026.model.instrument import PRISM, PRISM_INSTRUMENTS

MOST_MS: Final = 0.1
ORDERS: Final = 3_000


def book_with(open_orders: int) -> RiskBook:
    """Return a book whose account has so many resting orders, and limits wide enough."""
    book = RiskBook(PRISM_INSTRUMENTS)
    book.apply(a_deposit("100000000"), 1)
    wide = {"max_open_orders": 10**6, "max_repeats_per_s": 10**6}
    book.set_limits(a_limits_set("symbol:BTCUSDT", **wide))
    for instrument in PRISM_INSTRUMENTS:
        book.quote(PRISM, instrument.symbol, a_quote(), NOW_NS)
    for number in range(open_orders):
        order = an_order(
            order_id=OrderId(f"resting-{number}"),
            order_qty=qty("0.001"),
            price=px(str(40_000 + number)),
        )
        assert book.assess(order, NOW_NS).approved is not None
    return book


def measure(open_orders: int) -> float:
    """Print percentiles of the time of a judgement, and return the median in milliseconds."""
    book, times_s = book_with(open_orders), list[float]()
    for number in range(ORDERS):
        if number % 10 == 0:
            book.quote(PRISM, "BTCUSDT", a_quote(), NOW_NS)
        order = an_order(
            order_id=OrderId(f"order-{number}"),
            order_qty=qty("0.001"),
            transact_time_ns=TimeNs(NOW_NS + number * 1_000_000),
        )
        start = time.perf_counter()
        verdict = book.assess(order, NOW_NS)
        times_s.append(time.perf_counter() - start)
        assert verdict.approved is not None, verdict.refusals
        book.release(order.order_id)
    cuts = statistics.quantiles(times_s, n=100)
    p50, p99 = cuts[49] * 1e3, cuts[98] * 1e3
    print(f"risk, {open_orders} open orders: p50 {p50:.4f} ms, p99 {p99:.4f} ms, n {ORDERS}")
    return p50


def main() -> int:
    """Measure, and return whether the target was missed."""
    medians = [measure(open_orders) for open_orders in (0, 99, 999)]
    return int(max(medians[:2]) > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
