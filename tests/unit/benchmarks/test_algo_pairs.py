"""What an algorithm paid is held against the right prices, and worked by the desk's own code."""

from benchmarks.algos.pairs import benchmark_px, bps, own_doing
from benchmarks.algos.worker import BEGIN_S, Outcome, Worker, a_request
from tests.factories import px, qty

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import Value
from trade2026.model.algo import AlgoName, AlgoStatus, Benchmark, Seen
from trade2026.model.order import Side

SEEN = Seen(
    volume_qty=qty("2"), value=Value(px("110") * qty("2")), area=Value(px("105") * 4), span_ns=4
)


def an_outcome(*fills: tuple[int, int, int], mids: tuple[int, ...] = ()) -> Outcome:
    return Outcome(report=None, seen=SEEN, mids=mids, tail_mid=0, fills=fills)


def test_worse_is_higher_for_a_buyer_and_lower_for_a_seller() -> None:
    assert bps(101, 100, Side.BUY) == 100
    assert bps(101, 100, Side.SELL) == -100


def test_every_benchmark_has_its_price() -> None:
    outcome = an_outcome()

    assert benchmark_px(outcome, 7, Benchmark.ARRIVAL) == 7
    assert benchmark_px(outcome, 7, Benchmark.TWAP) == px("105")
    assert benchmark_px(outcome, 7, Benchmark.VWAP) == px("110")


def test_the_own_doing_is_what_was_paid_beside_the_market_alone() -> None:
    alone = an_outcome(mids=(100, 100, 200))

    paid, market = own_doing(an_outcome((0, 104, 1), (2, 212, 3)), alone)

    assert (paid, market) == (185, 175)


def test_an_order_is_worked_to_its_end_in_a_market() -> None:
    worker = Worker(1)
    worker.begin()
    request = a_request(AlgoName.TWAP, Side.SELL, qty("0.5"))

    outcome = worker.run(request)

    report = outcome.report
    assert report is not None
    assert report.filled_qty == sum(quantity for _, _, quantity in outcome.fills) == qty("0.5")
    assert report.child_count == 60
    assert report.status is AlgoStatus.COMPLETED
    assert request.start_ns == BEGIN_S * NS_PER_S
