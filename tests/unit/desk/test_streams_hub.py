"""What the hub tells: places that hold after a restart, and nothing twice."""

from tests.factories import NOW_NS, a_deposit, px, qty

from trade2026.core.clock import TimeNs
from trade2026.desk.streams_hub import Hub, Kind, Topic
from trade2026.desk.streams_ring import Reader
from trade2026.model.instrument import PRISM
from trade2026.model.market import Aggressor, Trade, TradeBatch
from trade2026.ports.bus import Delivery

TRADES = Topic(Kind.TRADES, "BTCUSDT")


def nothing() -> None:
    """Wake nobody."""


def at(stream_seq: int) -> Delivery:
    return Delivery(subject="any", stream_seq=stream_seq, appended_ns=NOW_NS)


def trades(count: int) -> TradeBatch:
    records = tuple(
        Trade(
            ts_event_ns=TimeNs(NOW_NS + number),
            ts_recv_ns=NOW_NS,
            trade_id=str(number),
            px=px("1"),
            qty=qty("1"),
            aggressor_side=Aggressor.SELL,
        )
        for number in range(count)
    )
    return TradeBatch(venue=PRISM, symbol="BTCUSDT", records=records)


async def test_trades_before_the_beginning_are_a_gap_and_those_behind_it_are_not() -> None:
    hub = Hub()
    hub.begin_trades(50)
    await hub.on_trades(trades(2), at(51))

    older = Reader(hub.ring(TRADES), nothing, after=49_998)
    last = Reader(hub.ring(TRADES), nothing, after=49_999)

    assert older.take_gap() == 51_000
    assert last.take_gap() is None
    assert [entry.seq for entry in hub.ring(TRADES).after(0)] == [51_000, 51_001]


async def test_a_message_that_comes_again_tells_nothing() -> None:
    hub = Hub()
    await hub.on_trades(trades(3), at(7))

    await hub.on_trades(trades(3), at(7))

    assert hub.ring(TRADES).count_after(0) == 3


async def test_a_deposit_is_no_step_of_an_order() -> None:
    hub = Hub()

    await hub.on_journal(a_deposit(), at(1))

    assert hub.ring(Topic(Kind.ORDERS, "default")).is_idle
    assert hub.ring(Topic(Kind.FILLS, "default")).is_idle
