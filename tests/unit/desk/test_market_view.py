"""What is known of the markets is the latest, bounded, and pushed without queues."""

import msgspec
from tests.factories import NOW_NS, px, qty
from tests.feeds import SYMBOL

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.numbers import Value
from trade2026.desk.market_view import BARS_KEPT, LOOK_TRADES, MarketView
from trade2026.model.instrument import BINANCE, PRISM
from trade2026.model.market import Aggressor, Bar, BarBatch, Ticker, Trade, TradeBatch
from trade2026.ports.bus import Delivery

PLACE = Delivery(subject="market.bar", stream_seq=1, appended_ns=NOW_NS)


def a_ticker(venue: str = PRISM, recv_ns: int = NOW_NS) -> Ticker:
    return Ticker(
        venue=venue, symbol=SYMBOL, ts_event_ns=NOW_NS, ts_recv_ns=TimeNs(recv_ns), last_px=px("1")
    )


def a_bar(start: int, volume: str = "1", *, is_correction: bool = False) -> Bar:
    return Bar(
        start_ns=TimeNs(start * NS_PER_S),
        interval_ns=NS_PER_S,
        open_px=px("1"),
        high_px=px("1"),
        low_px=px("1"),
        close_px=px("1"),
        volume_qty=qty(volume),
        value=Value(1),
        trade_count=1,
        is_correction=is_correction,
    )


def trades(*numbers: int, symbol: str = SYMBOL) -> TradeBatch:
    records = tuple(
        Trade(
            ts_event_ns=NOW_NS,
            ts_recv_ns=NOW_NS,
            trade_id=str(number),
            px=px("1"),
            qty=qty("1"),
            aggressor_side=Aggressor.BUY,
        )
        for number in numbers
    )
    return TradeBatch(venue=PRISM, symbol=symbol, records=records)


def test_a_symbol_on_two_venues_is_the_one_seen_last_unless_asked_for() -> None:
    view = MarketView()
    view.on_ticker("", a_ticker(BINANCE, NOW_NS + 1))
    view.on_ticker("", a_ticker(PRISM, NOW_NS))

    latest, asked = view.market(SYMBOL), view.market(SYMBOL, PRISM)

    assert latest is not None
    assert asked is not None
    assert (latest.venue, asked.venue) == (BINANCE, PRISM)
    assert view.market(SYMBOL, "XNAS") is None


def test_tickers_come_in_the_order_of_the_list_and_strangers_last() -> None:
    view = MarketView()
    for symbol in ("ZEC", "AAPL", "ETHUSDT", "ADA", "BTCUSDT"):
        view.on_ticker("", msgspec.structs.replace(a_ticker(), symbol=symbol))

    symbols = [ticker.symbol for ticker in view.tickers()]

    assert symbols == ["BTCUSDT", "ETHUSDT", "AAPL", "ADA", "ZEC"]


async def test_bars_are_bounded_and_a_correction_replaces() -> None:
    view = MarketView()
    bars = [a_bar(start) for start in range(BARS_KEPT + 5)]
    correction = a_bar(BARS_KEPT, "9", is_correction=True)

    await view.on_bars(BarBatch(venue=PRISM, symbol=SYMBOL, records=(*bars, correction)), PLACE)

    market = view.market(SYMBOL)
    assert market is not None
    assert len(market.bars[NS_PER_S]) == BARS_KEPT
    newest = market.newest_bars(NS_PER_S, 5)
    assert [bar.start_ns // NS_PER_S for bar in newest] == list(range(BARS_KEPT, BARS_KEPT + 5))
    assert newest[0].volume_qty == qty("9")


def test_a_looker_sees_the_newest_of_what_it_asked_for() -> None:
    view = MarketView()
    looker = view.look(frozenset({SYMBOL}))

    view.on_ticker("", a_ticker())
    view.on_ticker("", a_ticker(recv_ns=NOW_NS + 1))
    view.on_trades("", trades(*range(LOOK_TRADES + 5)))
    view.on_trades("", trades(1, symbol="ETHUSDT"))
    tickers, batches = looker.take()

    assert [ticker.ts_recv_ns for ticker in tickers] == [NOW_NS + 1]
    assert [(batch.symbol, batch.records[0].trade_id) for batch in batches] == [(SYMBOL, "5")]
    assert not looker.changed.is_set()
    assert looker.take() == ([], [])


def test_a_looker_that_left_is_told_nothing() -> None:
    view = MarketView()
    looker = view.look(frozenset())

    view.leave(looker)
    view.on_ticker("", a_ticker())

    assert (view.looker_count, looker.take()) == (0, ([], []))
