"""The stream as a browser has it: over a socket, with tokens, cut off and resumed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.factories import NOW_NS, a_quote, money, px, qty
from tests.trading import PlainVenue, an_ask, running_core
from tests.unit.edge.stream_client import Edge, StreamClient, an_edge
from websockets.exceptions import ConnectionClosed

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock, TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.desk.streams_viewer import TOPICS_MAX
from trade2026.edge.streams import EXPIRED
from trade2026.model.instrument import PRISM
from trade2026.model.market import Aggressor, BookSnapshot, Level, Ticker, Trade, TradeBatch
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.subjects import LIVE_BOOK, LIVE_TICKER, MARKET_TRADE, PNL_SNAPSHOT

BTC = {"venue": PRISM, "symbol": "BTCUSDT"}
BOOK = "book:BTCUSDT"
TRADES = "trades:BTCUSDT"


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def edge(log: MemoryLog, tmp_path: Path) -> AsyncIterator[Edge]:
    async with an_edge(log, tmp_path) as running:
        yield running


def show_book(edge: Edge, bids: dict[str, str], asks: dict[str, str]) -> None:
    book = BookSnapshot(
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        seq=1,
        bids=tuple(Level(px(price), qty(size)) for price, size in bids.items()),
        asks=tuple(Level(px(price), qty(size)) for price, size in asks.items()),
    )
    edge.bus.show(LIVE_BOOK, book, **BTC)


def a_ticker(bid: str, ask: str) -> Ticker:
    return Ticker(
        venue=PRISM,
        symbol="BTCUSDT",
        ts_event_ns=NOW_NS,
        ts_recv_ns=NOW_NS,
        last_px=px("60000.000000001"),
        quote=a_quote(bid, ask),
    )


async def trade(edge: Edge, *numbers: int) -> None:
    """Append one batch of trades with those ids."""
    records = tuple(
        Trade(
            ts_event_ns=TimeNs(NOW_NS + number),
            ts_recv_ns=NOW_NS,
            trade_id=str(number),
            px=px("60000.5"),
            qty=qty("0.25"),
            aggressor_side=Aggressor.BUY,
        )
        for number in numbers
    )
    batch = TradeBatch(venue=PRISM, symbol="BTCUSDT", records=records)
    event_id = EventId(f"trades-{numbers[0]}")
    await edge.bus.append(MARKET_TRADE, batch, event_id=event_id, venue=PRISM, symbol="BTCUSDT")


def ids(events: list[Any]) -> list[int]:
    return [int(event["data"]["trade_id"]) for event in events]


async def closed(client: StreamClient) -> tuple[int, str]:
    """Return with what code and reason the other side closes."""
    try:
        while True:
            await client.next()
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (0, "no word")


async def test_a_book_comes_whole_and_then_as_what_changed(edge: Edge) -> None:
    show_book(edge, {"99.5": "1", "99": "2"}, {"101": "3"})
    async with edge.stranger() as client:
        first = await client.follow(BOOK)
        while not first["data"]["bids"]:
            first = await client.next_of(BOOK)

        show_book(edge, {"99.5": "1.5", "98": "4"}, {"101": "3"})
        update = await client.next_of(BOOK)

    assert first["data"] == {"bids": {"99.5": 1, "99": 2}, "asks": {"101": 3}, "depth": 100}
    assert update["kind"] == "update"
    assert update["data"] == {"bids": {"99.5": 1.5, "99": 0, "98": 4}, "asks": {}, "depth": 100}
    assert (update["t"], update["n"]) == (NOW_NS, 1)
    assert update["s"] == first["s"] + 1


async def test_tickers_come_by_symbol_written_exactly(edge: Edge) -> None:
    ticker = a_ticker("59999", "60001")
    async with edge.stranger() as client:
        empty = await client.follow("ticker:*")
        edge.bus.show(LIVE_TICKER, ticker, **BTC)
        text = await client.socket.recv(decode=True)

    assert (empty["kind"], empty["data"]) == ("snapshot", {})
    assert '"BTCUSDT":{"last_price":60000.000000001,"bid":59999,"ask":60001,' in text


async def test_trades_go_on_behind_the_sequence_a_client_has(edge: Edge) -> None:
    async with edge.stranger() as client:
        await client.follow(TRADES)
        await trade(edge, 1, 2)
        before = await client.events(TRADES, 2)
    await trade(edge, 3)
    async with edge.stranger() as client:
        await client.say(op="subscribe", topic=TRADES, **{"from": before[-1]["s"]})
        missed = await client.events(TRADES, 1)
        await trade(edge, 4)
        after = await client.events(TRADES, 1)

    assert ids([*before, *missed, *after]) == [1, 2, 3, 4]
    assert before[0] == {
        "s": 1000,
        "t": NOW_NS + 1,
        "data": {
            "price": 60000.5,
            "quantity": 0.25,
            "side": "BUY",
            "trade_id": "1",
            "ts_event_ns": NOW_NS + 1,
        },
    }


async def test_a_client_resumes_at_an_edge_that_was_started_again(
    log: MemoryLog, tmp_path: Path
) -> None:
    async with an_edge(log, tmp_path) as edge, edge.stranger() as client:
        await client.follow(TRADES)
        await trade(edge, 1, 2)
        (first, second) = await client.events(TRADES, 2)

    async with an_edge(log, tmp_path) as edge, edge.stranger() as client:
        await trade(edge, 3)
        await client.say(op="subscribe", topic=TRADES, **{"from": first["s"]})
        events = await client.events(TRADES, 2)

    assert ids(events) == [2, 3]
    assert events[0] == second


async def test_a_gap_is_told_before_the_events_that_are_left(edge: Edge) -> None:
    async with edge.stranger() as client:
        await trade(edge, 1)
        gap = await client.follow(TRADES, **{"from": 10**15})
        rest = await client.next_of(TRADES)

    assert gap == {"topic": TRADES, "kind": "gap", "s": 1000}
    assert (rest["s"], ids(rest["events"])) == (1000, [1])


async def test_an_order_is_followed_to_its_fill_and_its_position(
    log: MemoryLog, edge: Edge
) -> None:
    async with (
        edge.client() as client,
        running_core(log, PlainVenue(log)) as core,
    ):
        await client.follow("orders:default")
        await client.follow("fills:default")
        await client.follow("positions:default")
        order, _ = await core.oms.submit(an_ask())
        steps: list[Any] = []
        fills: list[Any] = []
        position: Any = {}
        while not (fills and position and steps and steps[-1]["data"]["status"] == "FILLED"):
            message = await client.next()
            if message["topic"] == "orders:default":
                steps += message["events"]
            elif message["topic"] == "fills:default":
                fills += message["events"]
            elif message["data"]:
                position = message["data"]

    assert {step["data"]["order_id"] for step in steps} == {order.request.order_id}
    statuses = [step["data"]["status"] for step in steps]
    assert (statuses[0], statuses[-1]) == ("NEW", "FILLED")
    assert [step["s"] for step in steps] == sorted({step["s"] for step in steps})
    assert [fill["data"]["quantity"] for fill in fills] == [0.01]
    assert fills[0]["s"] == steps[-1]["s"]
    assert position["manual|PRISM|BTCUSDT"]["quantity"] == 0.01


async def test_the_mark_moves_what_a_position_would_gain(log: MemoryLog, edge: Edge) -> None:
    async with edge.client() as client, running_core(log, PlainVenue(log)) as core:
        await core.oms.submit(an_ask())
        held = await client.follow("positions:default")
        while not held["data"]:
            held = await client.next_of("positions:default")
        edge.bus.show(LIVE_TICKER, a_ticker("60099.5", "60100.5"), **BTC)
        moved = await client.next_of("positions:default")

    assert moved["data"]["manual|PRISM|BTCUSDT"]["unrealized_pnl"] == 1


async def test_pnl_comes_whole_each_time(edge: Edge) -> None:
    point = PnlSnapshot(
        account=AccountId("default"),
        currency="USDT",
        ts_ns=NOW_NS,
        deposits=money("1000"),
        cash=money("1000"),
        equity=money("1000.5"),
        realized=money("0"),
        unrealized=money("0.5"),
        fees=money("0"),
    )
    await edge.bus.append(PNL_SNAPSHOT, point, event_id=EventId("p1"), account="default")
    async with edge.client() as client:
        message = await client.follow("pnl:default")
        while not message["data"]:
            message = await client.next_of("pnl:default")

    assert (message["data"]["equity"], message["data"]["total_pnl"]) == (1000.5, 0.5)


async def test_the_health_names_every_component(edge: Edge) -> None:
    async with edge.stranger() as client:
        message = await client.follow("health")
        while not message["data"]:
            message = await client.next_of("health")

    assert len(message["data"]) == 26
    assert set(message["data"]["oms"]) == {"state", "version", "uptime_s", "lag", "detail"}


@pytest.mark.parametrize("kind", ["orders", "fills", "positions", "pnl"])
async def test_an_accounts_topics_are_closed_to_strangers(edge: Edge, kind: str) -> None:
    topic = f"{kind}:default"
    async with edge.stranger() as nobody:
        without_token = await nobody.follow(topic)
    async with edge.client(accounts=["elsewhere"]) as stranger:
        of_another = await stranger.follow(topic)

    assert without_token == {"topic": topic, "kind": "denied", "rule": "token.missing"}
    assert of_another == {"topic": topic, "kind": "denied", "rule": "account.not_granted"}


async def test_a_token_that_is_none_of_ours_closes_the_stream(edge: Edge) -> None:
    async with edge.stranger("forged") as client:
        code, _ = await closed(client)

    assert code == EXPIRED


async def test_the_stream_ends_with_its_token(edge: Edge) -> None:
    now_s = SystemClock().now_ns() / 1e9
    async with edge.client(exp=int(now_s) + 4) as client:
        await client.follow("orders:default")
        code, reason = await closed(client)

    assert (code, reason) == (EXPIRED, "the token has expired")


async def test_what_means_nothing_is_answered_with_the_reason(edge: Edge) -> None:
    async with edge.stranger() as client:
        reasons: list[str] = []
        for text in ('{"op":"dance"}', "junk", '{"op":"rate","hz":7}', "[" * 50_000):
            await client.socket.send(text)
            reasons.append((await client.next())["reason"])
        for topic in ("dance:BTC", "book:", "book:a b", "ticker:BTC", "health:x", "trades:*"):
            await client.say(op="subscribe", topic=topic)
            reasons.append((await client.next())["reason"])

    assert len(reasons) == 10
    assert all(reasons)


async def test_a_client_follows_a_bounded_number_of_topics(edge: Edge) -> None:
    async with edge.stranger() as client:
        for number in range(TOPICS_MAX + 1):
            await client.say(op="subscribe", topic=f"trades:S{number}")
        messages = [await client.next() for _ in range(TOPICS_MAX + 1)]

    assert [m for m in messages if m.get("op") == "error"] == [
        {"op": "error", "reason": f"at most {TOPICS_MAX} topics"}
    ]


async def test_a_ping_is_answered_and_an_unfollowed_topic_is_silent(edge: Edge) -> None:
    async with edge.stranger() as client:
        await client.say(op="rate", hz=4)
        await client.follow(BOOK)
        await client.say(op="unsubscribe", topic=BOOK)
        show_book(edge, {"1": "1"}, {})
        await client.say(op="ping", id="p")
        pong = await client.next()

    assert (pong["op"], pong["id"]) == ("pong", "p")
    assert pong["t"] > NOW_NS - 10**18


async def test_the_subprotocol_is_ours_and_the_token_is_not_sent_back(edge: Edge) -> None:
    async with edge.client() as client:
        assert client.socket.subprotocol == "trade2026"
