"""The topics of the stream: the latest and the newest of everything that screens follow.

Conflated topics are boards, lossless ones rings. Sequences of `orders` and `fills` are those
of the log of orders, those of `trades` are made from the market stream's, so that they mean
the same after a restart: a client that comes back resumes where it was.

Orders that ended are remembered for a while. What a venue says of one of long ago is told as a
fill, where it is one, and no more as a step of the order.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money, Px, money_half_even, value_of
from trade2026.desk.snapshots import Keeper
from trade2026.desk.streams_board import Board, Picture
from trade2026.desk.streams_ring import Entry, Ring
from trade2026.desk.streams_state import (
    SNAPSHOT_RULES,
    FillRing,
    HeldState,
    HubState,
    OrderRing,
    late_report,
    ring_of,
)
from trade2026.domain.oms.orders import Orders
from trade2026.model.booking import Booking
from trade2026.model.journal import (
    CashDeposited,
    JournalEvent,
    OrderEvent,
    OrderReceived,
    OrderReported,
    UnknownReported,
)
from trade2026.model.market import BookSnapshot, Ticker, TradeBatch
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import Position, PositionEvent, PositionKey
from trade2026.ports.bus import Delivery

TRADES_A_MESSAGE_MAX: Final = 1_000
"""A trade's sequence is its message's times this, plus its place in the message."""
ALL: Final = "*"
WHOLE: Final = ""
"""The key of a picture that is one value."""
ENDED_KEPT: Final = 5_000
"""Ended orders remembered, or a quarter more."""
BIDS: Final = "bids"
ASKS: Final = "asks"


class Kind(StrEnum):
    """The kinds of topics, as clients spell them before the colon."""

    TICKER = "ticker"
    BOOK = "book"
    POSITIONS = "positions"
    PNL = "pnl"
    HEALTH = "health"
    TRADES = "trades"
    ORDERS = "orders"
    FILLS = "fills"


ACTION_OF: Final = {
    Kind.POSITIONS: "positions:read",
    Kind.PNL: "pnl:read",
    Kind.ORDERS: "orders:read",
    Kind.FILLS: "orders:read",
}
"""What the policy is asked about topics of an account; the others are public."""

LOSSLESS: Final = frozenset({Kind.TRADES, Kind.ORDERS, Kind.FILLS})


class Topic(msgspec.Struct, frozen=True):
    """What a client can follow."""

    kind: Kind
    key: str = ""
    """The symbol or the account; `*` for all tickers, empty for the health."""

    @property
    def text(self) -> str:
        """Return how clients spell it."""
        return f"{self.kind}:{self.key}" if self.key else str(self.kind)


TICKERS: Final = Topic(Kind.TICKER, ALL)
HEALTH: Final = Topic(Kind.HEALTH)


class Held(msgspec.Struct, frozen=True):
    """A position and what it would gain if it were closed at the mark, in nanos."""

    position: Position
    unrealized: Money


class Hub:
    """Everything there is to follow, kept up to date by the bus."""

    def __init__(self, ended_kept: int = ENDED_KEPT) -> None:
        """Begin empty, and remember *ended_kept* orders that ended, or a quarter more."""
        self._trades_floor = 0
        self._boards: dict[Topic, Board[Any]] = {}
        self._rings: dict[Topic, Ring] = {}
        self._tickers: dict[str, Ticker] = {}
        self._marks: dict[str, Px] = {}
        self._positions: dict[AccountId, dict[PositionKey, Position]] = {}
        self._positions_at: dict[AccountId, tuple[TimeNs, int]] = {}
        """When and by which event of the log of orders the newest of them changed."""
        self._holders: dict[str, set[AccountId]] = {}
        self._orders = Orders()
        self._fill_count = 0
        self._ended_kept = ended_kept

    def keeper(self) -> Keeper[HubState]:
        """Return the folds of orders and positions as their snapshots see them."""
        return Keeper(
            fold="streams",
            state=HubState,
            rules=SNAPSHOT_RULES,
            freeze=self.freeze,
            thaw=self.thaw,
        )

    def freeze(self) -> HubState:
        """Return all that the logs of orders and positions have made of this."""
        kept, totals = self._orders.freeze()
        topics = sorted(self._rings, key=lambda one: one.text)
        return HubState(
            held=tuple(
                HeldState(account, *self._positions_at[account], tuple(positions.values()))
                for account, positions in self._positions.items()
            ),
            kept=kept,
            totals=totals,
            orders=tuple(OrderRing(*self._kept(one)) for one in topics if one.kind is Kind.ORDERS),
            fills=tuple(FillRing(*self._kept(one)) for one in topics if one.kind is Kind.FILLS),
        )

    def thaw(self, state: HubState) -> None:
        """Begin from *state*, which another one was frozen to."""
        self._orders.restore(state.totals)
        for kept in state.kept:
            self._orders.recall(kept)
        self._fill_count = state.totals.fill_count
        self._rings.update({Topic(Kind.ORDERS, one.account): ring_of(one) for one in state.orders})
        self._rings.update({Topic(Kind.FILLS, one.account): ring_of(one) for one in state.fills})
        for held in state.held:
            self._hold(held.account, held.positions, held.ts_ns, held.journal_seq)

    def _kept(self, topic: Topic) -> tuple[str, int, tuple[Entry[Any], ...]]:
        ring = self._rings[topic]
        return topic.key, ring.floor, ring.entries

    def begin_trades(self, stream_seq: int) -> None:
        """Say that trades before this place in the market stream are not here."""
        self._trades_floor = stream_seq * TRADES_A_MESSAGE_MAX - 1

    def board(self, topic: Topic) -> Board[Any]:
        """Return the board of a conflated topic, made where there is none yet."""
        board = self._boards.get(topic)
        if board is None:
            board = self._boards[topic] = Board(self._drawing(topic.kind))
        return board

    def ring(self, topic: Topic) -> Ring:
        """Return the ring of a lossless topic, made where there is none yet."""
        ring = self._rings.get(topic)
        if ring is None:
            floor = self._trades_floor if topic.kind is Kind.TRADES else 0
            ring = self._rings[topic] = Ring(floor=floor)
        return ring

    def let_go(self, topic: Topic) -> None:
        """Forget a topic that nobody follows and that nothing was ever told of."""
        if topic in self._boards and self._boards[topic].is_idle:
            del self._boards[topic]
        if topic in self._rings and self._rings[topic].is_idle:
            del self._rings[topic]

    def on_ticker(self, _: str, ticker: Ticker) -> None:
        """Take a live copy of a ticker."""
        self._tickers[ticker.symbol] = ticker
        self.board(TICKERS).put(self._tickers, ticker.ts_event_ns)
        mark = ticker.quote.mid_px if ticker.quote else None
        if mark is not None and mark != self._marks.get(ticker.symbol):
            self._marks[ticker.symbol] = mark
            for account in self._holders.get(ticker.symbol, ()):
                self._show_positions(account, ticker.ts_event_ns)

    def on_book(self, subject: str, book: BookSnapshot) -> None:
        """Take a live copy of a book; the subject's last key names it."""
        symbol = subject.rpartition(".")[2]
        self.board(Topic(Kind.BOOK, symbol)).put(book, book.ts_event_ns)

    async def on_trades(self, batch: TradeBatch, delivery: Delivery) -> None:
        """Keep trades."""
        assert len(batch.records) <= TRADES_A_MESSAGE_MAX
        ring = self.ring(Topic(Kind.TRADES, batch.symbol))
        first = delivery.stream_seq * TRADES_A_MESSAGE_MAX
        for place, trade in enumerate(batch.records):
            ring.append(Entry(first + place, trade.ts_event_ns, trade))

    async def on_journal(self, event: JournalEvent, delivery: Delivery) -> None:
        """Keep an order after its next step, and the fill that it may be."""
        if not isinstance(event, CashDeposited | UnknownReported | Booking):
            self._step(event, delivery.stream_seq)
        else:
            self._orders.apply(event)
        for fill in self._orders.fills(after=self._fill_count):
            self._fill_count = fill.number
            ring = self.ring(Topic(Kind.FILLS, fill.account))
            ring.append(Entry(delivery.stream_seq, fill.report.ts_event_ns, fill))
        if self._orders.ended_count > self._ended_kept * 5 // 4:
            self._orders.trim(self._ended_kept)

    async def on_position(self, event: PositionEvent, _: Delivery) -> None:
        """Take a change of the ledger; one of cash alone is the P&L's affair.

        One that is told again, behind newer ones, changes nothing.
        """
        change = event.position
        if change is None:
            return
        account = change.position.key.account
        newest = self._positions_at.get(account)
        if newest is None or change.journal_seq > newest[1]:
            self._hold(account, event.positions, change.ts_ns, change.journal_seq)

    async def on_pnl(self, snapshot: PnlSnapshot, _: Delivery) -> None:
        """Take the newest point of an account's curve."""
        board = self.board(Topic(Kind.PNL, snapshot.account))
        board.put({WHOLE: snapshot}, snapshot.ts_ns)

    def on_health(self, components: Picture, ts_ns: int) -> None:
        """Take how the components are, by name."""
        self.board(HEALTH).put(components, ts_ns)

    @property
    def is_health_watched(self) -> bool:
        """Return whether anybody follows the health."""
        return bool(self.board(HEALTH).looks)

    def _step(self, event: OrderEvent, seq: int) -> None:
        before = self._orders.get(event.order_id)
        if before is None and not isinstance(event, OrderReceived):
            if isinstance(event, OrderReported):
                self._orders.apply(late_report(event))
            return
        self._orders.apply(event)
        after = self._orders.get(event.order_id)
        if after is not before:
            self.ring(Topic(Kind.ORDERS, event.account)).append(Entry(seq, event.ts_ns, after))

    def _hold(
        self, account: AccountId, positions: Iterable[Position], ts_ns: TimeNs, journal_seq: int
    ) -> None:
        self._positions_at[account] = ts_ns, journal_seq
        for position in positions:
            self._positions.setdefault(account, {})[position.key] = position
            self._holders.setdefault(position.key.symbol, set()).add(account)
        self._show_positions(account, ts_ns)

    def _show_positions(self, account: AccountId, ts_ns: int) -> None:
        self.board(Topic(Kind.POSITIONS, account)).put(self._positions[account].values(), ts_ns)

    def _drawing(self, kind: Kind) -> Callable[[Any], Picture]:
        match kind:
            case Kind.BOOK:
                return _levels
            case Kind.POSITIONS:
                return self._held
            case _:
                return dict

    def _held(self, positions: Sequence[Position]) -> Picture:
        return {one.key: Held(one, self._unrealized(one)) for one in positions}

    def _unrealized(self, position: Position) -> Money:
        mark = self._marks.get(position.key.symbol, position.last_px)
        return Money(money_half_even(value_of(mark, position.quantity) - position.cost))


def _levels(book: BookSnapshot) -> Picture:
    levels: dict[tuple[str, Px], int] = {(BIDS, level.px): level.qty for level in book.bids}
    levels.update(((ASKS, level.px), level.qty) for level in book.asks)
    return levels
