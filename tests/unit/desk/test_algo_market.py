"""What parents see of the market: each from its beginning, once, and on after a restart."""

from tests.algos import an_algo
from tests.execution import after
from tests.factories import NOW_NS, a_quote, px, qty

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import TimeNs, VirtualClock
from trade2026.core.ids import EventId
from trade2026.core.numbers import Value
from trade2026.desk.algo_market import BACK_MOST, MINUTES_KEPT, AlgoMarket
from trade2026.desk.trades import Trades
from trade2026.domain.execution.curve import DAY_NS, MINUTE_NS
from trade2026.model.algo import Seen
from trade2026.model.instrument import PRISM
from trade2026.model.market import Aggressor, Bar, BarBatch, QuoteBatch, Trade, TradeBatch
from trade2026.model.subjects import MARKET_TRADE, Stream
from trade2026.ports.bus import Delivery

REQUEST = an_algo()


def at(seq: int) -> Delivery:
    return Delivery(subject="", stream_seq=seq, appended_ns=NOW_NS)


def trades(amount: str = "1", symbol: str = "BTCUSDT") -> TradeBatch:
    trade = Trade(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        trade_id="1",
        px=px("60000"),
        qty=qty(amount),
        aggressor_side=Aggressor.BUY,
    )
    return TradeBatch(venue=PRISM, symbol=symbol, records=(trade,))


def quotes() -> QuoteBatch:
    records = (a_quote("59999", "60001"), a_quote("0", "60001"))
    return QuoteBatch(venue=PRISM, symbol="BTCUSDT", records=records)


def bars(first: int, count: int, volume: str) -> BarBatch:
    records = tuple(
        Bar(
            start_ns=TimeNs(first + number * MINUTE_NS),
            interval_ns=interval_ns,
            open_px=px("1"),
            high_px=px("1"),
            low_px=px("1"),
            close_px=px("1"),
            volume_qty=qty(volume),
            value=Value(1),
            trade_count=1,
        )
        for number in range(count)
        for interval_ns in (MINUTE_NS, 5 * MINUTE_NS)
    )
    return BarBatch(venue=PRISM, symbol="BTCUSDT", records=records)


def a_market(log: MemoryLog | None = None) -> AlgoMarket:
    return AlgoMarket(LocalBus(log or MemoryLog(), VirtualClock(NOW_NS), with_codec=True))


async def test_a_parent_sees_its_own_market_from_its_beginning_until_its_end() -> None:
    market = a_market()
    await market.on_quotes(quotes(), at(1))
    await market.on_trades(trades("5"), at(2))
    seen = market.begin(REQUEST)
    market.follow(REQUEST, seen)
    await market.on_trades(trades("2"), at(3))
    await market.on_trades(trades("2"), at(3))
    await market.on_trades(trades("4", "ETHUSDT"), at(4))
    await market.on_quotes(quotes(), at(5))

    assert (seen.mid_px, seen.trade_seq, seen.volume_qty) == (px("60000"), 2, 0)
    seen = market.seen("algo-1", after(10))
    assert (seen.volume_qty, seen.span_ns) == (qty("2"), after(10) - NOW_NS)
    market.leave(REQUEST)
    await market.on_trades(trades("2"), at(6))
    assert market.mid_px(an_algo(symbol="ETHUSDT")) == 0


async def test_a_restart_reads_on_from_what_the_first_parent_has_counted() -> None:
    log = MemoryLog()
    market = a_market(log)
    bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
    for number in range(5):
        await bus.append(
            MARKET_TRADE, trades(), event_id=EventId(str(number)), venue=PRISM, symbol="BTCUSDT"
        )
    newest = await bus.last_seq(Stream.MARKET)

    assert await market.first_trade_seq() == newest + 1
    market.follow(REQUEST, Seen(trade_seq=2, quote_seq=4))
    market.follow(an_algo(algo_id="algo-2"), Seen(trade_seq=3, quote_seq=9))
    assert await market.first_trade_seq() == 3
    assert await market.first_quote_seq() == 5
    assert newest < BACK_MOST


async def test_stops_see_no_trade_from_before_the_start() -> None:
    log = MemoryLog()
    bus = LocalBus(log, VirtualClock(NOW_NS), with_codec=True)
    market = AlgoMarket(bus)
    for number in range(2):
        await bus.append(
            MARKET_TRADE, trades(), event_id=EventId(str(number)), venue=PRISM, symbol="BTCUSDT"
        )
    market.follow(REQUEST, Seen(trade_seq=1, quote_seq=1))
    stops = Stops()
    both = Trades(bus, stops.on_trades, market)

    assert await both.begin() == 2
    await both.on_trades(trades(), at(2))
    await both.on_trades(trades(), at(3))

    assert stops.seqs == [3]
    assert market.seen("algo-1", NOW_NS).volume_qty == qty("2")


class Stops:
    """Notes which trades it is told of."""

    def __init__(self) -> None:
        self.seqs: list[int] = []

    async def on_trades(self, _: TradeBatch, delivery: Delivery) -> None:
        self.seqs.append(delivery.stream_seq)


async def test_a_curve_is_the_senders_or_learnt_from_minutes() -> None:
    market = a_market()
    first = NOW_NS - NOW_NS % MINUTE_NS
    await market.on_bars(bars(first - DAY_NS, 2, "7"), at(1))
    await market.on_bars(bars(first - 60 * MINUTE_NS, 2, "1"), at(2))

    learnt = market.curve(REQUEST)
    own = market.curve(an_algo(weights=(1, 2, 3, 4)))

    assert learnt.weights[0] == qty("7")
    assert (own.weights, own.bucket_ns * 4) == ((1, 2, 3, 4), REQUEST.end_ns - REQUEST.start_ns)


async def test_minutes_are_kept_for_a_day_and_a_little() -> None:
    market = a_market()
    first = NOW_NS - NOW_NS % MINUTE_NS - DAY_NS
    await market.on_bars(bars(first, 1, "7"), at(1))
    await market.on_bars(bars(first + MINUTE_NS, MINUTES_KEPT, "1"), at(2))

    assert market.curve(REQUEST).weights[0] == qty("1")
