"""The newest of everything is known by key, and market data outlive the process in the cache."""

from typing import Any

import msgspec
import pytest
import structlog
from tests.factories import NOW_NS, a_quote, money, px, qty
from tests.feeds import SYMBOL

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.core.clock import NS_PER_S, TimeNs, VirtualClock
from trade2026.core.ids import AccountId, ExecId, StrategyId
from trade2026.core.numbers import (
    Money,
    SignedQty,
    Value,
    money_half_even,
    value_of,
    value_of_money,
)
from trade2026.desk.hot_cache import INDEX_KEY, HotCache, HotExposure, HotPosition
from trade2026.model import codec
from trade2026.model.instrument import BINANCE, PRISM
from trade2026.model.market import (
    Aggressor,
    Bar,
    BarBatch,
    BookSnapshot,
    Level,
    Quote,
    QuoteBatch,
    Trade,
    TradeBatch,
)
from trade2026.model.position import Position, PositionChanged, PositionEvent, PositionKey
from trade2026.ports.bus import Delivery

PLACE = Delivery(subject="a", stream_seq=1, appended_ns=NOW_NS)
MINUTE_NS = 60 * NS_PER_S
BOOK = BookSnapshot(
    ts_event_ns=NOW_NS,
    ts_recv_ns=NOW_NS,
    seq=7,
    bids=(Level(px("49999"), qty("1")),),
    asks=(),
)


def a_hot_cache(cache: MemoryCache, name: str = "one") -> HotCache:
    return HotCache(cache, VirtualClock(NOW_NS), structlog.get_logger(), name)


@pytest.fixture
def cache() -> MemoryCache:
    return MemoryCache(VirtualClock(NOW_NS))


@pytest.fixture
def desk(cache: MemoryCache) -> HotCache:
    return a_hot_cache(cache)


def quotes(*records: Quote, venue: str = PRISM) -> QuoteBatch:
    return QuoteBatch(venue=venue, symbol=SYMBOL, records=records)


def a_trade(number: int) -> Trade:
    return Trade(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        trade_id=str(number),
        px=px("50000"),
        qty=qty("1"),
        aggressor_side=Aggressor.BUY,
    )


def a_bar(minute: int, volume: str = "1", *, is_correction: bool = False) -> Bar:
    return Bar(
        start_ns=TimeNs(minute * MINUTE_NS),
        interval_ns=MINUTE_NS,
        open_px=px("1"),
        high_px=px("1"),
        low_px=px("1"),
        close_px=px("1"),
        volume_qty=qty(volume),
        value=Value(1),
        trade_count=1,
        is_correction=is_correction,
    )


def a_change(quantity: str, price: str, *, seq: int = 1, symbol: str = SYMBOL) -> PositionEvent:
    held = SignedQty(-qty(quantity[1:]) if quantity[0] == "-" else qty(quantity))
    cost = value_of(px(price), held)
    deposits = value_of_money(money("1000000"))
    return PositionEvent(
        position=PositionChanged(
            position=Position(
                key=PositionKey(AccountId("default"), StrategyId("manual"), PRISM, symbol),
                quantity=held,
                cost=cost,
                last_px=px(price),
            ),
            cash=Value(deposits - cost),
            deposits=deposits,
            exec_id=ExecId(str(seq)),
            journal_seq=seq,
            ts_ns=NOW_NS,
        )
    )


async def feed(desk: HotCache) -> None:
    """Let *desk* know a little of everything."""
    await desk.on_quotes(quotes(a_quote(seq=1), a_quote("50000", "50002", seq=2)), PLACE)
    await desk.on_trades(TradeBatch(venue=PRISM, symbol=SYMBOL, records=(a_trade(1),)), PLACE)
    await desk.on_bars(BarBatch(venue=PRISM, symbol=SYMBOL, records=(a_bar(1),)), PLACE)
    desk.on_book(f"live.book.{PRISM}.{SYMBOL}", BOOK)
    await desk.on_position(a_change("2", "50000"), PLACE)


async def test_positions_come_back_from_a_snapshot(desk: HotCache, cache: MemoryCache) -> None:
    await feed(desk)
    made = a_hot_cache(cache, "next")

    made.keeper().thaw(codec.encode(desk.keeper().freeze()))
    await made.on_position(a_change("7", "50000"), PLACE)

    (position,) = made.positions("default", SYMBOL)
    # The event is one that the snapshot has.
    assert position.position.quantity == qty("2")


async def test_the_newest_of_each_kind_is_known(desk: HotCache) -> None:
    await feed(desk)

    market = desk.market(SYMBOL)

    assert market is not None
    assert market.quote == a_quote("50000", "50002", seq=2)
    assert market.trade == a_trade(1)
    assert market.book == BOOK
    assert market.bars == {MINUTE_NS: a_bar(1)}
    assert desk.markets() == [market]


async def test_a_symbol_on_two_venues_is_the_one_seen_last_unless_asked_for(desk: HotCache) -> None:
    late = msgspec.structs.replace(a_quote(), ts_recv_ns=TimeNs(NOW_NS + 1))
    await desk.on_quotes(quotes(late, venue=BINANCE), PLACE)
    await desk.on_quotes(quotes(a_quote()), PLACE)

    found = [desk.market(SYMBOL), desk.market(SYMBOL, PRISM)]

    assert [market.venue for market in found if market] == [BINANCE, PRISM]
    assert desk.market(SYMBOL, "XNAS") is None
    assert desk.market("ETHUSDT") is None


async def test_a_correction_replaces_only_the_bar_it_corrects(desk: HotCache) -> None:
    records = (
        a_bar(2),
        a_bar(1, "9", is_correction=True),
        a_bar(3),
        a_bar(3, "5", is_correction=True),
        a_bar(2, "7", is_correction=True),
    )

    await desk.on_bars(BarBatch(venue=PRISM, symbol=SYMBOL, records=records), PLACE)

    market = desk.market(SYMBOL)
    assert market is not None
    assert market.bars[MINUTE_NS] == a_bar(3, "5", is_correction=True)


async def test_a_history_that_begins_anew_is_followed(desk: HotCache) -> None:
    await desk.on_bars(BarBatch(venue=PRISM, symbol=SYMBOL, records=(a_bar(9), a_bar(1))), PLACE)

    market = desk.market(SYMBOL)

    assert market is not None
    assert market.bars[MINUTE_NS] == a_bar(1)


async def test_positions_are_worth_the_latest_middle(desk: HotCache) -> None:
    await desk.on_position(a_change("2", "50000"), PLACE)
    (before,) = desk.positions("default", SYMBOL)

    await desk.on_quotes(quotes(a_quote("50009", "50011")), PLACE)

    (after,) = desk.positions("default", SYMBOL)
    assert (before.is_marked, before.unrealized) == (False, 0)
    assert (after.is_marked, after.unrealized) == (True, money("20"))
    assert desk.positions("default", "ETHUSDT") == ()
    assert desk.positions("nobody", SYMBOL) == ()


async def test_exposure_counts_shorts_gross_and_nets_them(desk: HotCache) -> None:
    await desk.on_position(a_change("2", "50000", seq=1), PLACE)
    await desk.on_position(a_change("-10", "3000", seq=2, symbol="ETHUSDT"), PLACE)
    await desk.on_position(a_change("0", "1", seq=3, symbol="SOLUSDT"), PLACE)
    await desk.on_quotes(quotes(a_quote("50009", "50011")), PLACE)

    exposure = desk.exposure("default")

    assert exposure is not None
    assert exposure.gross_exposure == money("130020")
    assert exposure.net_exposure == money("70020")
    assert [holding.symbol for holding in exposure.holdings] == [SYMBOL, "ETHUSDT"]
    assert exposure.holdings[1].value == Money(-money("30000"))
    assert exposure.unmarked_symbols == ("ETHUSDT",)
    assert desk.exposure("nobody") is None


async def test_an_event_told_twice_changes_nothing(desk: HotCache) -> None:
    await desk.on_position(a_change("2", "50000", seq=2), PLACE)
    await desk.on_position(a_change("1", "50000", seq=1), PLACE)

    (held,) = desk.positions("default", SYMBOL)

    assert held.position.quantity == qty("2")


async def test_everything_is_in_the_shared_cache_under_its_key(
    desk: HotCache, cache: MemoryCache
) -> None:
    await feed(desk)
    await desk.writer.write(is_checking=True)

    async def stored(kind: type[Any], key: str) -> Any:
        value = await cache.get(key)
        assert value is not None, key
        return codec.decode(kind, value)

    assert await stored(Quote, f"hot.quote.PRISM.{SYMBOL}") == a_quote("50000", "50002", seq=2)
    assert await stored(Trade, f"hot.trade.PRISM.{SYMBOL}") == a_trade(1)
    assert await stored(BookSnapshot, f"hot.book.PRISM.{SYMBOL}") == BOOK
    assert await stored(Bar, f"hot.bar.PRISM.{SYMBOL}.{MINUTE_NS}") == a_bar(1)
    assert await stored(HotExposure, "hot.risk.default") == desk.exposure("default")
    held = await stored(HotPosition, f"hot.position.default.{SYMBOL}")
    assert held.positions[0].quantity == qty("2")
    assert money_half_even(held.positions[0].cost) == money("100000")


async def test_what_is_written_between_rounds_is_the_newest(
    desk: HotCache, cache: MemoryCache
) -> None:
    await feed(desk)
    await desk.writer.write(is_checking=True)

    await desk.on_quotes(quotes(a_quote("1", "3", seq=3)), PLACE)
    await desk.on_position(a_change("5", "50000", seq=2), PLACE)
    await desk.writer.write(is_checking=True)

    value = await cache.get(f"hot.quote.PRISM.{SYMBOL}")
    held = await cache.get(f"hot.position.default.{SYMBOL}")
    risk = await cache.get("hot.risk.default")
    assert value is not None
    assert held is not None
    assert risk is not None
    assert codec.decode(Quote, value).seq == 3
    assert codec.decode(HotPosition, held).positions[0].quantity == qty("5")
    assert codec.decode(HotExposure, risk).holdings[0].quantity == qty("5")


async def test_the_next_start_takes_market_data_from_the_cache_and_positions_from_the_log(
    desk: HotCache, cache: MemoryCache
) -> None:
    await feed(desk)
    await desk.writer.write(is_checking=True)
    successor = a_hot_cache(cache, "two")

    await successor.load()

    assert successor.markets() == desk.markets()
    assert successor.positions("default", SYMBOL) == ()
    await successor.on_position(a_change("2", "50000"), PLACE)
    assert successor.positions("default", SYMBOL) == desk.positions("default", SYMBOL)


async def test_stored_data_that_cannot_be_read_are_left_out(
    desk: HotCache, cache: MemoryCache
) -> None:
    await feed(desk)
    await desk.writer.write(is_checking=True)
    await cache.put(f"hot.quote.PRISM.{SYMBOL}", b"\x63 of a later version")
    await cache.forget(f"hot.trade.PRISM.{SYMBOL}")
    successor = a_hot_cache(cache, "two")

    await successor.load()

    market = successor.market(SYMBOL)
    assert market is not None
    assert (market.quote, market.trade, market.book) == (None, None, BOOK)


async def test_a_cache_with_nonsense_for_an_index_is_an_empty_one(cache: MemoryCache) -> None:
    await cache.put(INDEX_KEY, b"nonsense")
    desk = a_hot_cache(cache)

    await desk.load()

    assert desk.markets() == []
