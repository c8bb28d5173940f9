"""A report, by hand; and what is seen of the market counts once."""

from tests.execution import after, begun, filled, sliced
from tests.factories import NOW_NS, a_quote, px, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import NANOS, Qty, Value
from trade2026.domain.execution import step
from trade2026.domain.execution.algorithms import BY_NAME
from trade2026.domain.execution.parent import apply
from trade2026.domain.execution.report import report_of
from trade2026.domain.execution.watch import after_quotes, after_trades, held_until
from trade2026.model.algo import AlgoName, AlgoStatus, Seen
from trade2026.model.market import Aggressor, Trade
from trade2026.model.order import Side

SEEN = Seen(
    volume_qty=qty("4"),
    value=Value(4 * qty("1") * px("50100")),
    area=Value(px("50050") * 60 * NS_PER_S),
    span_ns=60 * NS_PER_S,
    mid_px=px("50200"),
)


def a_trade(price: str, amount: str, at_ns: int = NOW_NS) -> Trade:
    return Trade(
        ts_event_ns=TimeNs(0),
        ts_recv_ns=TimeNs(at_ns),
        trade_id="1",
        px=px(price),
        qty=qty(amount),
        aggressor_side=Aggressor.BUY,
    )


def test_an_average_is_held_against_every_benchmark() -> None:
    parent = filled(sliced(begun(), qty("0.2"), 0), 0, px("50050"))
    parent = filled(sliced(parent, qty("0.2"), 10), 1, px("50150"))

    report = report_of(parent, BY_NAME[AlgoName.TWAP], SEEN, after(60))

    assert report.average_px == px("50100")
    assert (report.arrival_px, report.twap_px, report.vwap_px) == (
        px("50000"),
        px("50050"),
        px("50100"),
    )
    # 100 of 50,000 is 20 basis points; 50 of 50,050 is 9.99001.
    assert report.arrival_slippage == 20 * NANOS
    assert report.twap_slippage == 9_990_009_990
    assert report.vwap_slippage == 0
    # 0.4 paid 100 too much and 0.2 is missed by 200: 80 of 0.6 at 50,000 is 26.67.
    assert report.shortfall == 26_666_666_667
    assert report.participation == NANOS // 10
    assert (report.filled_qty, report.left_qty) == (qty("0.4"), qty("0.2"))
    assert report.status is AlgoStatus.RUNNING


def test_a_seller_pays_by_a_lower_price() -> None:
    parent = filled(sliced(begun(side=Side.SELL), qty("0.2"), 0), 0, px("49950"))

    report = report_of(parent, BY_NAME[AlgoName.TWAP], SEEN, after(60))

    assert report.arrival_slippage == 10 * NANOS


def test_nothing_traded_and_nothing_seen_has_no_slippage() -> None:
    report = report_of(begun(), BY_NAME[AlgoName.TWAP], Seen(), after(60))

    assert report.average_px is report.twap_px is report.vwap_px is report.participation is None
    assert report.arrival_slippage is report.shortfall is None


def test_what_fills_while_it_is_cancelled_completes_it() -> None:
    parent = sliced(begun(), qty("0.6"), 0)
    event = step.ending(
        parent, AlgoStatus.EXPIRED, "late", asked_by="tess", seen=SEEN, ts_ns=after(60)
    )
    parent = apply(parent, event)

    expired = report_of(parent, BY_NAME[AlgoName.TWAP], SEEN, after(61))
    completed = report_of(filled(parent, 0), BY_NAME[AlgoName.TWAP], SEEN, after(61))

    assert (expired.status, expired.text) == (AlgoStatus.EXPIRED, "late")
    assert (completed.status, completed.text) == (AlgoStatus.COMPLETED, "")


def test_a_trade_counts_once_and_not_from_before() -> None:
    early, counted = a_trade("7", "1", NOW_NS - 1), a_trade("10", "2")

    seen = after_trades(Seen(), [early, counted], 5, NOW_NS)

    assert (seen.volume_qty, seen.value) == (qty("2"), px("10") * qty("2"))
    assert after_trades(seen, [counted], 5, NOW_NS) is seen


def test_a_mid_price_counts_for_as_long_as_it_holds() -> None:
    quote = a_quote("99", "101")
    seen = after_quotes(Seen(), [quote, a_quote("0", "101")], 3, TimeNs(NOW_NS - 5))

    assert (seen.mid_px, seen.mid_ns, seen.span_ns) == (px("100"), NOW_NS, 0)
    assert after_quotes(seen, [quote], 3, NOW_NS) is seen
    held = held_until(seen, TimeNs(NOW_NS + 10))
    assert (held.area, held.span_ns) == (10 * px("100"), 10)
    assert held_until(held, NOW_NS) is held
    assert held_until(Seen(), NOW_NS) == Seen()


def test_a_quote_from_before_the_beginning_holds_from_the_beginning() -> None:
    seen = after_quotes(Seen(), [a_quote()], 1, TimeNs(NOW_NS + 60))

    assert (seen.mid_ns, seen.volume_qty) == (NOW_NS + 60, Qty(0))
