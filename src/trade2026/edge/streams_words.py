"""The words of `/api/stream`: what a client may say, and what it is told, as JSON.

Prices and quantities are exact JSON numbers. In an update of a book a quantity of 0 removes
the level; elsewhere null removes the key.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.desk.normalizing import LIVE_DEPTH
from trade2026.desk.streams_board import Change
from trade2026.desk.streams_hub import ALL, ASKS, BIDS, WHOLE, Held, Kind, Topic
from trade2026.desk.streams_ring import Entry
from trade2026.desk.streams_viewer import News
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.market import ticker_reply
from trade2026.edge.orders import fill_reply, order_reply
from trade2026.edge.positions import PositionReply, pnl_reply, position_reply
from trade2026.edge.words import read_key
from trade2026.model.market import Ticker, Trade
from trade2026.model.position import PositionKey
from trade2026.shell.survey import ComponentState, Finding

FAST_HZ: Final = 30
SLOW_HZ: Final = 4


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe"):
    """Follow a topic; a lossless one from behind a sequence."""

    topic: str
    after: int | None = msgspec.field(default=None, name="from")


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    """Follow it no more."""

    topic: str


class Rate(msgspec.Struct, frozen=True, tag_field="op", tag="rate"):
    """How often conflated topics are told of."""

    hz: Literal[30, 4]


class Ping(msgspec.Struct, frozen=True, tag_field="op", tag="ping"):
    """Ask for a pong."""

    id: str | int | float | None = None


Word: TypeAlias = Subscribe | Unsubscribe | Rate | Ping
"""What a client may say."""


class Pong(msgspec.Struct, frozen=True, tag_field="op", tag="pong"):
    """The answer to a ping."""

    id: str | int | float | None
    t: int
    """The platform's time."""


class Error(msgspec.Struct, frozen=True, tag_field="op", tag="error"):
    """The client said something that means nothing here."""

    reason: str


class Denied(msgspec.Struct, frozen=True, tag_field="kind", tag="denied"):
    """The policy does not let the client follow the topic."""

    topic: str
    rule: str


class _Conflated(msgspec.Struct, frozen=True):
    topic: str
    kind: str
    s: int
    t: int
    n: int
    data: Any


class _Event(msgspec.Struct, frozen=True):
    s: int
    t: int
    data: Any


class _Events(msgspec.Struct, frozen=True, tag_field="kind", tag="events"):
    topic: str
    s: int
    events: list[_Event]


class _Gap(msgspec.Struct, frozen=True, tag_field="kind", tag="gap"):
    topic: str
    s: int


class TickerData(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one instrument; null where there is nothing yet."""

    last_price: Exact
    bid: Exact
    ask: Exact
    bid_quantity: Exact
    ask_quantity: Exact
    volume: Exact
    timestamp_ns: int
    venue: str
    is_synced: bool


class TradeData(msgspec.Struct, frozen=True, kw_only=True):
    """One trade."""

    price: Exact
    quantity: Exact
    side: str
    trade_id: str
    ts_event_ns: int


class ComponentData(msgspec.Struct, frozen=True, kw_only=True):
    """How a component is; null where it does not tell."""

    state: ComponentState
    version: str
    uptime_s: float | None
    lag: int | None
    detail: str


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Word)


def read_said(text: str) -> Word:
    """Return what a client said.

    Raises:
        InvalidInputError: it means nothing.
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInputError("message", str(error)) from error


def read_topic(text: str) -> Topic:
    """Return the topic that *text* spells.

    Raises:
        InvalidInputError: there is no such topic.
    """
    word, _, key = text.partition(":")
    if word not in set(Kind):
        raise InvalidInputError("topic", f"must be one of {', '.join(Kind)}")
    kind = Kind(word)
    match kind:
        case Kind.HEALTH if text == kind:
            return Topic(kind)
        case Kind.TICKER if key == ALL:
            return Topic(kind, ALL)
        case Kind.HEALTH | Kind.TICKER:
            raise InvalidInputError("topic", f"there are {Kind.HEALTH} and {Kind.TICKER}:{ALL}")
        case _:
            return Topic(kind, read_key(key, "topic"))


def written(message: Pong | Error | Denied) -> str:
    """Return an answer as text."""
    return _ENCODER.encode(message).decode()


def written_change(topic: Topic, change: Change) -> str:
    """Return what is new of a conflated topic as text."""
    message = _Conflated(
        topic=topic.text,
        kind="snapshot" if change.is_snapshot else "update",
        s=change.seq,
        t=change.ts_ns,
        n=change.folded_count,
        data=_DATA_OF[topic.kind](change.values),
    )
    return _ENCODER.encode(message).decode()


def written_news(news: News) -> list[str]:
    """Return what is new of a lossless topic as texts."""
    topic = news.topic.text
    texts = [] if news.gap is None else [_ENCODER.encode(_Gap(topic, news.gap)).decode()]
    events = [
        _Event(entry.seq, entry.ts_ns, _event_data(news.topic, entry)) for entry in news.entries
    ]
    texts.append(_ENCODER.encode(_Events(topic, news.place, events)).decode())
    return texts


def _event_data(topic: Topic, entry: Entry[Any]) -> Any:  # noqa: ANN401 - one of three replies.
    match topic.kind:
        case Kind.ORDERS:
            return order_reply(entry.value)
        case Kind.FILLS:
            return fill_reply(entry.value)
        case _:
            return _trade(entry.value)


def _trade(trade: Trade) -> TradeData:
    return TradeData(
        price=exact.write(trade.px),
        quantity=exact.write(trade.qty),
        side=trade.aggressor_side,
        trade_id=trade.trade_id,
        ts_event_ns=trade.ts_event_ns,
    )


def _tickers(tickers: Mapping[str, Ticker | None]) -> dict[str, TickerData | None]:
    return {symbol: one and _ticker(one) for symbol, one in tickers.items()}


def _ticker(ticker: Ticker) -> TickerData:
    reply = ticker_reply(ticker, ticker.ts_recv_ns)
    return TickerData(
        last_price=reply.last_price,
        bid=reply.bid,
        ask=reply.ask,
        bid_quantity=reply.bid_quantity,
        ask_quantity=reply.ask_quantity,
        volume=reply.volume,
        timestamp_ns=reply.timestamp_ns,
        venue=reply.venue,
        is_synced=reply.is_synced,
    )


def _book(levels: Mapping[tuple[str, int], int | None]) -> dict[str, Any]:
    sides: dict[str, Any] = {BIDS: {}, ASKS: {}, "depth": LIVE_DEPTH}
    for (side, px), qty in levels.items():
        sides[side][bytes(exact.write(px)).decode()] = exact.write(qty or 0)
    return sides


def _positions(held: Mapping[PositionKey, Held | None]) -> dict[str, PositionReply | None]:
    return {
        f"{key.strategy}|{key.venue}|{key.symbol}": one
        and position_reply(one.position, one.unrealized)
        for key, one in held.items()
    }


def _pnl(snapshots: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the reply, or {} before the first.
    snapshot = snapshots.get(WHOLE)
    return {} if snapshot is None else pnl_reply(snapshot)


def component_of(finding: Finding) -> ComponentData:
    """Return a component as the health topic shows it."""
    return ComponentData(
        state=finding.state,
        version=finding.version,
        uptime_s=finding.uptime_s,
        lag=finding.lag,
        detail=finding.detail,
    )


def _as_they_are(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return values


_DATA_OF: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TICKER: _tickers,
    Kind.BOOK: _book,
    Kind.POSITIONS: _positions,
    Kind.PNL: _pnl,
    Kind.HEALTH: _as_they_are,
}
