"""Streams tell each listener its own, in time, and let go of who cannot keep up."""

from typing import Any

import msgspec
import pytest
from tests.factories import NOW_NS
from tests.prism import INSTRUMENTS

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.connection import (
    ASKS_MAX,
    SLOW,
    WAITING_BYTES_MAX,
    WAITING_MAX,
    Connection,
)
from trade2026.edge.dialect.streams import Hub
from trade2026.edge.dialect.tape import Tape
from trade2026.edge.dialect.user_streams import LISTEN_NS, UserStreams
from trade2026.model.market import RawBatch, RawFrame
from trade2026.model.order import Side
from trade2026.prism.exchange import EventKind, KillReason, Levels, MarketEvent

TICKS = 6_000_000
SECOND = NS_PER_S


class Scene:
    """Two tapes, a hub, and a market that does what the test says."""

    def __init__(self) -> None:
        self.tapes = {symbol: Tape(i, life=0) for symbol, i in INSTRUMENTS.items()}
        self.levels: tuple[Levels, Levels] = ([(TICKS, 5)], [(TICKS + 1, 7)])
        self.hub = Hub(self.tapes, lambda _, levels: (self.levels[0][:levels], self.levels[1]))
        self.now_ns = NOW_NS - NOW_NS % SECOND
        self._seq = 0

    def listener(self, *names: str, is_combined: bool = False) -> Connection:
        connection = Connection(is_combined=is_combined)
        for name in names:
            assert self.hub.is_stream(name)
            self.hub.subscribe(connection, name)
        return connection

    def trade(self, lots: int, *, ticks: int = TICKS, taker: int = 9) -> None:
        self._seq += 1
        event = MarketEvent(
            seq=self._seq,
            symbol="BTCUSDT",
            kind=EventKind.TRADE,
            time_ns=self.now_ns,
            side=Side.BUY,
            ticks=ticks,
            lots=lots,
            maker_number=self._seq,
            taker_number=taker,
            maker_owner=0,
            taker_owner=1,
            maker_lots_left=0,
            taker_lots_left=0,
            reason=KillReason.NONE,
            level_lots=0,
        )
        self.tapes["BTCUSDT"].see(event)
        self.tapes["BTCUSDT"].add_trade(event)

    def feed(self, *frames: dict[str, Any], wait_ns: int = SECOND // 10) -> None:
        self.now_ns += wait_ns
        batch = RawBatch(
            venue="PRISM",
            symbol="BTCUSDT",
            first_index=0,
            session="s",
            frames=tuple(
                RawFrame(ts_recv_ns=NOW_NS, payload=msgspec.json.encode(f)) for f in frames
            ),
        )
        self.hub.on_feed([batch], self.now_ns)


async def heard(connection: Connection) -> list[Any]:
    """Return what waits to be sent."""
    connection.end()
    found: list[Any] = []
    while (text := await connection.next_message()) is not None:
        found.append(msgspec.json.decode(text))
    return found


def depth(first: int, last: int, *bids: tuple[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "e": "depthUpdate",
        "E": 1,
        "s": "BTCUSDT",
        "U": first,
        "u": last,
        "b": bids,
        "a": [],
    }
    return {"stream": "btcusdt@depth", "data": data}


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("btcusdt@trade", True),
        ("btcusdt@depth20@100ms", True),
        ("btcusdt@kline_1M", True),
        ("!ticker@arr", True),
        ("btcusdt@kline_7m", False),
        ("btcusdt@depth7", False),
        ("BTCUSDT@trade", False),
        ("xrpusdt@trade", False),
        ("btcusdt@trade@100ms", False),
        ("0", False),
        ("", False),
    ],
)
def test_there_are_these_streams_and_no_others(name: str, is_one: bool) -> None:
    assert Scene().hub.is_stream(name) is is_one


async def test_each_is_told_its_own_bare_or_with_its_name() -> None:
    scene = Scene()
    bare = scene.listener("btcusdt@trade")
    combined = scene.listener("btcusdt@bookTicker", is_combined=True)

    scene.feed(
        {"stream": "btcusdt@trade", "data": {"e": "trade", "t": 1}},
        {"stream": "btcusdt@bookTicker", "data": {"u": 2}},
        {"lastUpdateId": 3, "bids": [], "asks": []},
    )

    assert await heard(bare) == [{"e": "trade", "t": 1}]
    assert await heard(combined) == [{"stream": "btcusdt@bookTicker", "data": {"u": 2}}]


async def test_changes_of_a_second_are_put_together_without_a_gap() -> None:
    scene = Scene()
    slow, quick = scene.listener("btcusdt@depth"), scene.listener("btcusdt@depth@100ms")
    scene.feed()
    for first in (1, 4, 7):
        scene.feed(depth(first, first + 2, ("1", str(first)), (str(first), "0")))
    scene.feed(wait_ns=SECOND)
    scene.feed(depth(10, 10), wait_ns=SECOND)

    changes = await heard(slow)

    assert [(c["U"], c["u"]) for c in changes] == [(1, 9), (10, 10)]
    assert changes[0]["b"] == [["1", "7"], ["4", "0"], ["7", "0"]]
    assert [c["u"] for c in await heard(quick)] == [3, 6, 9, 10]


async def test_a_candle_is_told_as_closed_once_and_then_the_next() -> None:
    scene = Scene()
    listener = scene.listener("btcusdt@kline_1s")
    scene.trade(3)
    scene.feed(wait_ns=SECOND)
    scene.trade(4)
    scene.feed(wait_ns=SECOND)

    told = [(m["k"]["x"], m["k"]["v"], m["k"]["t"]) for m in await heard(listener)]

    first, second, *_ = sorted({at for _, _, at in told})
    assert [(x, v) for x, v, at in told if at == first] == [(True, "0.00003")]
    assert (True, "0.00004", second) in told


async def test_the_top_of_the_book_and_the_day_are_told_each_second() -> None:
    scene = Scene()
    names = ("btcusdt@depth5", "btcusdt@ticker", "!miniTicker@arr", "btcusdt@avgPrice")
    listener = scene.listener(*names, is_combined=True)
    quick = scene.listener("btcusdt@depth5@100ms")
    scene.feed()
    scene.trade(3)
    for _ in range(10):
        scene.feed()

    told = {m["stream"]: m["data"] for m in await heard(listener)}

    assert set(told) == set(names)
    assert told["btcusdt@depth5"]["bids"] == [["60000", "0.00005"]]
    assert (told["btcusdt@ticker"]["c"], told["btcusdt@ticker"]["b"]) == ("60000", "60000")
    assert len(told["!miniTicker@arr"]) == 2
    assert told["btcusdt@avgPrice"]["w"] == "60000"
    assert len(await heard(quick)) == 11


def test_trades_of_one_order_at_one_price_are_one_aggregate() -> None:
    scene = Scene()
    for lots, ticks, taker in ((1, TICKS, 5), (2, TICKS, 5), (3, TICKS + 1, 5), (4, TICKS + 1, 6)):
        scene.trade(lots, ticks=ticks, taker=taker)

    found = [(a.first_id, a.last_id, a.qty) for a in scene.tapes["BTCUSDT"].aggregates]

    lot = INSTRUMENTS["BTCUSDT"].lot_size
    assert found == [(1, 2, 3 * lot), (3, 3, 3 * lot), (4, 4, 4 * lot)]


async def test_who_leaves_is_told_nothing_more() -> None:
    scene = Scene()
    listener = scene.listener("btcusdt@trade", "btcusdt@depth@100ms")
    scene.hub.unsubscribe(listener, "btcusdt@trade")
    scene.feed({"stream": "btcusdt@trade", "data": {}}, depth(1, 1))
    scene.hub.leave(listener)
    scene.feed(depth(2, 2))

    assert [m["u"] for m in await heard(listener)] == [1]


async def test_who_cannot_keep_up_is_let_go_and_owes_no_memory() -> None:
    scene = Scene()
    listener = scene.listener("btcusdt@trade")
    for _ in range(WAITING_MAX + 10):
        listener.offer("btcusdt@trade", b"{}")

    assert listener.close_code == SLOW
    assert await listener.next_message() is None


def test_who_asks_too_often_may_not() -> None:
    connection = Connection(is_combined=False)

    allowed = [connection.may_ask(NOW_NS) for _ in range(ASKS_MAX + 1)]

    assert allowed == [True] * ASKS_MAX + [False]
    assert connection.may_ask(NOW_NS + SECOND)


class TestUserStreams:
    """Listen keys and subscriptions."""

    def make(self) -> UserStreams:
        numbers = iter(range(10**6))
        return UserStreams(lambda _: f"key{next(numbers)}")

    async def test_a_listen_key_lives_an_hour_and_is_kept_alive(self) -> None:
        users = self.make()
        key = users.start("api", "bot", 0)
        assert users.start("api", "bot", LISTEN_NS - 1) == key
        users.expire(LISTEN_NS)
        assert users.has(key)
        listener = Connection(is_combined=False)
        users.listen_by_key(listener, key)
        users.expire(2 * LISTEN_NS - 1)

        assert not users.has(key)
        assert await heard(listener) == [{"e": "listenKeyExpired", "listenKey": key}]
        assert not users.has_listener("bot")

    async def test_each_account_hears_of_itself_alone(self) -> None:
        users = self.make()
        mine, other, api = (Connection(is_combined=False) for _ in range(3))
        for _ in range(2):
            # Twice the same is once.
            users.listen_by_key(mine, users.start("a", "bot", 0))
        users.listen_by_key(other, users.start("b", "other", 0))
        users.listen(api, "a", "bot", 3)

        users.tell("bot", {"e": "x"})

        assert await heard(mine) == [{"e": "x"}]
        assert await heard(other) == []
        assert await heard(api) == [{"subscriptionId": 3, "event": {"e": "x"}}]

    async def test_what_was_opened_with_a_revoked_key_ends(self) -> None:
        users = self.make()
        by_key, by_api, safe = (Connection(is_combined=False) for _ in range(3))
        listen_key = users.start("bad", "bot", 0)
        users.listen_by_key(by_key, listen_key)
        users.listen(by_api, "bad", "bot", 0)
        users.listen(safe, "good", "bot", 0)

        users.end_of("bad")
        users.tell("bot", {"e": "x"})

        assert not users.has(listen_key)
        assert by_key.close_code
        assert by_api.close_code
        assert await heard(by_api) == []
        assert len(await heard(safe)) == 1


async def test_long_answers_that_nobody_reads_do_not_pile_up() -> None:
    reader, idler = (Connection(is_combined=False) for _ in range(2))
    long = "x" * (WAITING_BYTES_MAX // 3)

    for _ in range(9):
        reader.offer_plain(long)
        assert await reader.next_message() == f'"{long}"'
        idler.offer_plain(long)

    assert (reader.close_code, idler.close_code) == (0, SLOW)
    assert await idler.next_message() is None
