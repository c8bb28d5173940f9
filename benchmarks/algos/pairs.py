"""One market without an order, and once with each: what every algorithm pays in it."""

from typing import Any, Final

from benchmarks.algos.worker import LAST_S, Outcome, Worker, a_request

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import NANOS, Px, Qty, average_px
from trade2026.model.algo import AlgoName, Benchmark
from trade2026.model.order import Side

SHARE_BPS: Final = 500
LOT: Final = 10_000
TICK: Final = 10_000_000
AT_ONCE: Final = "all at once"
ROWS: Final[dict[str, tuple[AlgoName, dict[str, Any]]]] = {
    "TWAP": (AlgoName.TWAP, {}),
    "VWAP": (AlgoName.VWAP, {}),
    "POV": (AlgoName.POV, {"rate_bps": SHARE_BPS}),
    "ICEBERG": (AlgoName.ICEBERG, {}),
    "IMPLEMENTATION_SHORTFALL": (AlgoName.IMPLEMENTATION_SHORTFALL, {"urgency": 3 * NANOS}),
    AT_ONCE: (
        AlgoName.IMPLEMENTATION_SHORTFALL,
        {"urgency": 0, "slice_ns": LAST_S * NS_PER_S},
    ),
}
Figures = dict[str, float]


def bps(paid: float, benchmark: float, side: Side) -> float:
    """Return by how much *paid* is worse than *benchmark*, in basis points."""
    return side.sign * 10_000 * (paid - benchmark) / benchmark


def benchmark_px(outcome: Outcome, arrival_px: int, kind: Benchmark) -> int:
    """Return the price of a benchmark in a market."""
    seen = outcome.seen
    prices = {
        Benchmark.ARRIVAL: arrival_px,
        Benchmark.TWAP: round(seen.area / seen.span_ns),
        Benchmark.VWAP: average_px(seen.value, seen.volume_qty) or 0,
    }
    return prices[kind]


def own_doing(outcome: Outcome, alone: Outcome) -> tuple[float, float]:
    """Return the average price, and what the market alone was at when each part of it traded."""
    whole = sum(qty for _, _, qty in outcome.fills)
    paid = sum(px * qty for _, px, qty in outcome.fills) / whole
    return paid, sum(alone.mids[second] * qty for second, _, qty in outcome.fills) / whole


def one_seed(seed: int) -> dict[str, Figures]:
    """Return the figures of every row for one market; odd seeds buy, even ones sell."""
    side = Side.BUY if seed % 2 else Side.SELL
    first = Worker(seed)
    start = first.begin()
    alone = first.run(None)
    order_qty = Qty(alone.seen.volume_qty * SHARE_BPS // 10_000 // LOT * LOT)
    found: dict[str, Figures] = {}
    for row, (name, terms) in ROWS.items():
        worker = Worker(seed)
        # Until here nothing differs.
        assert worker.begin() == start
        more = dict(terms)
        if name is AlgoName.ICEBERG:
            more["display_qty"] = Qty(order_qty // 60 // LOT * LOT)
            more["price"] = Px(start // TICK * TICK)
        outcome = worker.run(a_request(name, side, order_qty, **more))
        report = outcome.report
        assert report is not None
        figures = {
            "filled": 100 * report.filled_qty / order_qty,
            "share": 100 * report.filled_qty / report.market_qty,
            "children": float(report.child_count),
            "end": bps(outcome.mids[-1], alone.mids[-1], side),
            "tail": bps(outcome.tail_mid, alone.tail_mid, side),
        }
        if report.average_px is not None:
            average = report.average_px
            own = benchmark_px(outcome, start, report.benchmark)
            without = benchmark_px(alone, start, report.benchmark)
            figures |= {
                "own": bps(average, own, side),
                "without": bps(average, without, side),
                "doing": bps(*own_doing(outcome, alone), side),
                "arrival": bps(average, start, side),
            }
        found[row] = figures
    return found
