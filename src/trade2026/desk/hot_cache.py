"""The newest of everything by key, in this process and behind it in the shared cache.

Reads are answered from memory: a near copy of what the shared cache holds, fed by the same
streams that would rebuild it. The shared cache is for other processes, and for the next start
of this one: market data are taken from it until the streams bring newer ones. Positions never
are: they are folded from the log, behind a snapshot of this fold, so that none is older than it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import CodecError, UnavailableError
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Money, Px, SignedQty, money_half_even, value_of
from trade2026.desk.hot_writer import HotWriter, Make
from trade2026.desk.snapshots import Keeper
from trade2026.domain.pnl.equity import Equity, EquityState, MarkedPosition
from trade2026.model import codec
from trade2026.model.market import (
    Bar,
    BarBatch,
    BookSnapshot,
    Quote,
    QuoteBatch,
    Trade,
    TradeBatch,
)
from trade2026.model.position import Position, PositionEvent
from trade2026.ports.bus import Delivery
from trade2026.ports.cache import Cache

SNAPSHOT_RULES: Final = 1
"""To be raised whenever the same events come to something else."""
INDEX_KEY: Final = "hot.index"

Item = Quote | Trade | BookSnapshot | Bar
_KINDS: Final[Mapping[str, type[Item]]] = {
    "quote": Quote,
    "trade": Trade,
    "book": BookSnapshot,
    "bar": Bar,
}


class HotMarket(msgspec.Struct, kw_only=True):
    """The newest of one instrument."""

    venue: str
    symbol: str
    seen_ns: int = 0
    """When the newest of it arrived."""
    quote: Quote | None = None
    trade: Trade | None = None
    book: BookSnapshot | None = None
    bars: dict[int, Bar] = {}
    """The newest closed bar, by interval in ns."""


class HotIndex(msgspec.Struct, frozen=True):
    """The keys of all market data in the shared cache."""

    keys: tuple[str, ...]


class HotPosition(msgspec.Struct, frozen=True):
    """An account's positions in one symbol, as they stand in the shared cache."""

    positions: tuple[Position, ...]


class HotHolding(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one symbol, over its strategies and venues."""

    symbol: str
    quantity: SignedQty
    mark_px: Px
    value: Money
    """At the mark, with the quantity's sign."""


class HotExposure(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is exposed to by what it holds, at the latest marks."""

    account: AccountId
    currency: str
    ts_ns: TimeNs
    cash: Money
    equity: Money
    gross_exposure: Money
    """Sum of the size of all holdings; shorts count like longs."""
    net_exposure: Money
    unmarked_symbols: tuple[str, ...]
    holdings: tuple[HotHolding, ...]


class HotCache:
    """Keeps the newest of markets and accounts."""

    def __init__(self, cache: Cache, clock: Clock, log: FilteringBoundLogger, name: str) -> None:
        """Begin empty; *name* tells this process from others that write the same cache."""
        self._cache = cache
        self._clock = clock
        self._log = log
        self._markets: dict[tuple[str, str], HotMarket] = {}
        self._items: dict[str, Item] = {}
        self._equity = Equity()
        self._told: dict[AccountId, HotExposure] = {}
        self.writer = HotWriter(
            cache, log, name=name, everything=self._everything, moving=self._moved_exposures
        )

    def keeper(self) -> Keeper[EquityState]:
        """Return the fold of the ledger's events as its snapshots see it."""
        return Keeper(
            fold="positions",
            state=EquityState,
            rules=SNAPSHOT_RULES,
            freeze=self._equity.freeze,
            thaw=self._equity.thaw,
        )

    async def load(self) -> None:
        """Take the market data that the shared cache has; it may be away or empty."""
        try:
            kept = await self._cache.get(INDEX_KEY)
            keys = codec.decode(HotIndex, kept).keys if kept is not None else ()
            values = await self._cache.get_many(keys)
        except (UnavailableError, CodecError) as error:
            self._log.warning("begins without stored market data", why=str(error))
            return
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                self._load_item(key, value)

    def market(self, symbol: str, venue: str | None = None) -> HotMarket | None:
        """Return the newest of *symbol*: on *venue*, or where it was seen last."""
        if venue is not None:
            return self._markets.get((venue, symbol))
        found = (market for market in self._markets.values() if market.symbol == symbol)
        return max(found, key=lambda market: market.seen_ns, default=None)

    def markets(self) -> list[HotMarket]:
        """Return the newest of every instrument, by symbol and venue."""
        return sorted(self._markets.values(), key=lambda market: (market.symbol, market.venue))

    def positions(self, account: str, symbol: str) -> tuple[MarkedPosition, ...]:
        """Return the account's positions in *symbol*, closed ones too."""
        marked = self._equity.positions(account, self._clock.now_ns())
        return tuple(one for one in marked if one.position.key.symbol == symbol)

    def exposure(self, account: str) -> HotExposure | None:
        """Return the account's exposure now, None where nothing was ever booked on it."""
        now_ns = self._clock.now_ns()
        snapshot = self._equity.snapshot(account, now_ns)
        if snapshot is None:
            return None
        quantities: dict[str, int] = {}
        marks: dict[str, Px] = {}
        for marked in self._equity.positions(account, now_ns):
            symbol = marked.position.key.symbol
            quantities[symbol] = quantities.get(symbol, 0) + marked.position.quantity
            marks[symbol] = marked.mark_px
        holdings = tuple(
            HotHolding(
                symbol=symbol,
                quantity=SignedQty(quantity),
                mark_px=marks[symbol],
                value=money_half_even(value_of(marks[symbol], quantity)),
            )
            for symbol, quantity in sorted(quantities.items())
            if quantity
        )
        return HotExposure(
            account=snapshot.account,
            currency=snapshot.currency,
            ts_ns=now_ns,
            cash=snapshot.cash,
            equity=snapshot.equity,
            gross_exposure=Money(sum(abs(holding.value) for holding in holdings)),
            net_exposure=Money(sum(holding.value for holding in holdings)),
            unmarked_symbols=snapshot.unmarked_symbols,
            holdings=holdings,
        )

    async def on_quotes(self, batch: QuoteBatch, _: Delivery) -> None:
        """Keep the newest quote; holdings are worth its middle."""
        self._note(f"hot.quote.{batch.venue}.{batch.symbol}", batch.records[-1])

    async def on_trades(self, batch: TradeBatch, _: Delivery) -> None:
        """Keep the newest trade."""
        self._note(f"hot.trade.{batch.venue}.{batch.symbol}", batch.records[-1])

    async def on_bars(self, batch: BarBatch, _: Delivery) -> None:
        """Keep the newest bar of each interval; a correction replaces only the bar it corrects."""
        bars = self._market(batch.venue, batch.symbol).bars
        for bar in batch.records:
            kept = bars.get(bar.interval_ns)
            if kept is None or not bar.is_correction or bar.start_ns == kept.start_ns:
                self._note(f"hot.bar.{batch.venue}.{batch.symbol}.{bar.interval_ns}", bar)

    def on_book(self, subject: str, book: BookSnapshot) -> None:
        """Keep the book; the subject's last two keys name it."""
        venue, symbol = subject.split(".")[-2:]
        self._note(f"hot.book.{venue}.{symbol}", book)

    async def on_position(self, event: PositionEvent, _: Delivery) -> None:
        """Take a change of the ledger."""
        if self._equity.apply(event):
            for key in {one.key for one in event.positions}:
                name, make = self._position_entry(key.account, key.symbol)
                self.writer.note(name, make)

    def _market(self, venue: str, symbol: str) -> HotMarket:
        key = (venue, symbol)
        market = self._markets.get(key)
        if market is None:
            market = self._markets[key] = HotMarket(venue=venue, symbol=symbol)
        return market

    def _note(self, key: str, item: Item) -> None:
        if key not in self._items:
            self.writer.note(INDEX_KEY, self._index)
        self._keep(key, item)
        self.writer.note(key, partial(self._items.__getitem__, key))

    def _keep(self, key: str, item: Item) -> None:
        _, _, venue, symbol, *_ = key.split(".")
        market = self._market(venue, symbol)
        self._items[key] = item
        match item:
            case Quote():
                market.quote = item
                market.seen_ns = item.ts_recv_ns
                if item.mid_px is not None:
                    self._equity.mark(symbol, item.mid_px, item.ts_recv_ns)
            case Trade():
                market.trade = item
            case BookSnapshot():
                market.book = item
            case Bar():
                market.bars[item.interval_ns] = item

    def _load_item(self, key: str, value: bytes) -> None:
        kind: Any = _KINDS.get(key.removeprefix("hot.").partition(".")[0])
        try:
            self._keep(key, codec.decode(kind, value))
        except (CodecError, ValueError) as error:
            self._log.warning("stored market data left out", key=key, why=str(error))

    def _index(self) -> HotIndex:
        return HotIndex(tuple(self._items))

    def _everything(self) -> dict[str, Make]:
        entries: dict[str, Make] = {INDEX_KEY: self._index}
        for key in self._items:
            entries[key] = partial(self._items.__getitem__, key)
        now_ns = self._clock.now_ns()
        for account in self._equity.accounts():
            held = self._equity.positions(account, now_ns)
            entries |= dict(
                self._position_entry(account, marked.position.key.symbol) for marked in held
            )
            entries[_risk_key(account)] = partial(self.exposure, account)
        return entries

    def _position_entry(self, account: AccountId, symbol: str) -> tuple[str, Make]:
        def make() -> HotPosition:
            return HotPosition(tuple(one.position for one in self.positions(account, symbol)))

        return f"hot.position.{account}.{symbol}", make

    def _moved_exposures(self) -> dict[str, Make]:
        moved: dict[str, Make] = {}
        for account in self._equity.accounts():
            exposure = self.exposure(account)
            assert exposure is not None
            before = self._told.get(account)
            if before is None or msgspec.structs.replace(before, ts_ns=exposure.ts_ns) != exposure:
                self._told[account] = exposure
                moved[_risk_key(account)] = partial(self.exposure, account)
        return moved


def _risk_key(account: AccountId) -> str:
    return f"hot.risk.{account}"
