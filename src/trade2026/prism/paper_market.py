"""PRISM without agents: outsiders trade on paper against a recorded market.

Takes the normalised book and trades of the recording and holds one `PaperBook` a symbol.
What paper orders gain, the party `recorded` loses, so that nothing is created here either.
Recorded prices off PRISM's grid are not seen, and quantities are rounded down to whole
lots: both only make less available.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.instrument import PRISM, Instrument
from trade2026.model.market import Aggressor, BookBatch, Level, TradeBatch
from trade2026.model.order import NewOrderSingle, OrdType, Side, TimeInForce
from trade2026.model.prism import PartyHolding
from trade2026.prism.exchange import (
    FIRST_OUTSIDER,
    AgentView,
    EventKind,
    KillReason,
    Levels,
    MarketEvent,
    NewTerms,
    Terms,
)
from trade2026.prism.paper import PaperBook, PaperFill

RECORDED: Final = "recorded"
"""The party on the other side of every paper fill."""

_TYPES: Final = frozenset({OrdType.MARKET, OrdType.LIMIT})
_FORCES: Final = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_RECORDED_OWNER: Final = 1


class _Listing:
    """One symbol: its grid, its book, and where the recording stands."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.book = PaperBook()
        self.book_seq: int | None = None
        """The recording's sequence; None while a gap leaves the book unknown."""
        self.event_seq = 0
        self.cash = 0
        self.inventory = 0

    def to_grid(self, levels: Iterable[Level]) -> list[tuple[int, int]]:
        """Return recorded levels in ticks and lots, without those off the grid."""
        tick, lot = self.instrument.tick_size, self.instrument.lot_size
        return [(level.px // tick, level.qty // lot) for level in levels if level.px % tick == 0]


class PaperMarket:
    """A market made of a recording. See `prism.exchange.Exchange`."""

    mode = "paper"
    rules = "paper"

    def __init__(
        self,
        instruments: Sequence[Instrument],
        *,
        start_ns: int,
        holdings: Iterable[PartyHolding] = (),
        last_mid_px: Mapping[str, Px],
    ) -> None:
        self.sim_ns = start_ns
        self._listings = {i.symbol: _Listing(i) for i in instruments}
        self._sides: dict[int, Side] = {}
        self._events: list[MarketEvent] = []
        self._last_mid_px = dict(last_mid_px)
        for holding in holdings:
            if holding.party == RECORDED:
                listing = self._listings[holding.symbol]
                listing.cash, listing.inventory = holding.cash, holding.inventory

    def is_open(self, symbol: str) -> bool:
        """Return whether the recorded book is known and displays anything."""
        listing = self._listings[symbol]
        return listing.book_seq is not None and listing.book.has_market

    def on_book(self, batch: BookBatch) -> None:
        """Follow the recorded book; orders that it crosses fill."""
        listing = self._listings.get(batch.symbol)
        if listing is None or batch.venue == PRISM:
            return
        if batch.snapshot is not None:
            listing.book_seq = batch.snapshot.seq
            bids, asks = listing.to_grid(batch.snapshot.bids), listing.to_grid(batch.snapshot.asks)
            self._made(listing, listing.book.replace(bids, asks))
        for delta in batch.deltas:
            if listing.book_seq is None or delta.seq <= listing.book_seq:
                continue
            if delta.prev_seq != listing.book_seq:
                # Something is missing: nothing fills on a guess until the next snapshot.
                listing.book_seq = None
                continue
            listing.book_seq = delta.seq
            fills = listing.book.update(listing.to_grid(delta.bids), listing.to_grid(delta.asks))
            self._made(listing, fills)

    def on_trades(self, batch: TradeBatch) -> None:
        """Follow the recorded trades; orders that they would have met fill."""
        listing = self._listings.get(batch.symbol)
        if listing is None or batch.venue == PRISM:
            return
        tick, lot = listing.instrument.tick_size, listing.instrument.lot_size
        for trade in batch.records:
            if trade.px % tick == 0:
                side = Side.BUY if trade.aggressor_side is Aggressor.BUY else Side.SELL
                fills = listing.book.printed(trade.px // tick, trade.qty // lot, side)
                self._made(listing, fills)

    def run_until(self, sim_ns: int) -> None:
        """Move the time on; the recording comes by itself."""
        self.sim_ns = max(self.sim_ns, sim_ns)

    def cannot(self, order: NewOrderSingle) -> str:
        """Return what of *order* a recorded book does not know."""
        if order.ord_type not in _TYPES:
            return f"NOT_SUPPORTED {order.ord_type} on a recorded market"
        if order.time_in_force not in _FORCES:
            return f"NOT_SUPPORTED {order.time_in_force} on a recorded market"
        if order.is_post_only or order.display_qty is not None:
            return "NOT_SUPPORTED post-only and icebergs on a recorded market"
        return ""

    def replace(self, *, symbol: str, number: int, terms: NewTerms) -> None:
        """Refuse: what rests on paper cannot be changed, only cancelled."""
        del terms
        listing = self._listings[symbol]
        self._happened(
            listing,
            EventKind.REFUSED,
            number,
            side=self._sides[number],
            ticks=0,
            lots=0,
            is_resting=False,
            reason=KillReason.INVALID,
        )

    def submit(self, *, symbol: str, number: int, owner: int, terms: Terms) -> None:
        """Fill an order from the recorded book as it stands."""
        side, ticks = terms.side, terms.ticks
        # Whose it is does not matter: paper orders meet only the recording.
        del owner
        listing = self._listings[symbol]
        self._sides[number] = side
        answer = listing.book.submit(
            number=number,
            side=side,
            ord_type=terms.ord_type,
            time_in_force=terms.time_in_force,
            ticks=ticks,
            lots=terms.lots,
        )
        self._made(listing, answer.fills)
        left, kind, is_resting = answer.killed_lots, EventKind.KILLED, False
        if answer.resting_lots:
            left, kind, is_resting = answer.resting_lots, EventKind.ADDED, True
        if left:
            self._happened(
                listing, kind, number, side=side, ticks=ticks, lots=left, is_resting=is_resting
            )
        if not is_resting:
            del self._sides[number]

    def cancel(self, *, symbol: str, number: int) -> None:
        """Take out what rests of an order."""
        listing = self._listings[symbol]
        taken = listing.book.cancel(number)
        if taken is not None:
            side, ticks, lots = taken
            removed = EventKind.REMOVED
            self._happened(
                listing, removed, number, side=side, ticks=ticks, lots=lots, is_resting=True
            )
            del self._sides[number]

    def drain(self) -> list[MarketEvent]:
        """Return what happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def depth(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        """Return what a paper order could take, best first."""
        return self._listings[symbol].book.depth(levels)

    def owner_name(self, owner: int) -> str:
        """Return the one party that is not an outsider."""
        assert owner == _RECORDED_OWNER
        return RECORDED

    def holdings(self) -> list[PartyHolding]:
        """Return what the recorded market gave and took."""
        return [
            PartyHolding(
                party=RECORDED,
                symbol=symbol,
                cash=Value(listing.cash),
                inventory=SignedQty(listing.inventory),
            )
            for symbol, listing in self._listings.items()
        ]

    def agents(self) -> Sequence[AgentView]:
        """Return nobody: a recording has no agents."""
        return ()

    def last_mid_px(self) -> dict[str, Px]:
        """Return where the recorded middle last stood."""
        for symbol, listing in self._listings.items():
            bids, asks = listing.book.depth(1)
            if bids and asks:
                middle = (bids[0][0] + asks[0][0]) // 2 * listing.instrument.tick_size
                self._last_mid_px[symbol] = Px(middle)
        return dict(self._last_mid_px)

    def value_px(self) -> dict[str, Px]:
        """Return what a position is valued at, by symbol."""
        return self.last_mid_px()

    def mark(self) -> tuple[int, str]:
        """Return how much happened to paper orders; a recording has no hash."""
        return sum(listing.event_seq for listing in self._listings.values()), ""

    def _made(self, listing: _Listing, fills: Iterable[PaperFill]) -> None:
        for fill in fills:
            side = self._sides[fill.number]
            self._book(listing, -side.sign * fill.lots, fill.ticks)
            self._happened(
                listing,
                EventKind.TRADE,
                fill.number,
                side=side.opposite if fill.is_maker else side,
                ticks=fill.ticks,
                lots=fill.lots,
                is_resting=fill.is_maker,
                left=fill.lots_left,
            )
            if fill.is_maker and fill.lots_left == 0:
                del self._sides[fill.number]

    def _book(self, listing: _Listing, signed_lots: int, ticks: int) -> None:
        quantity = signed_lots * listing.instrument.lot_size
        listing.inventory += quantity
        listing.cash -= quantity * ticks * listing.instrument.tick_size

    def _happened(
        self,
        listing: _Listing,
        kind: EventKind,
        number: int,
        *,
        side: Side,
        ticks: int,
        lots: int,
        is_resting: bool,
        left: int = 0,
        reason: KillReason = KillReason.NONE,
    ) -> None:
        listing.event_seq += 1
        ours, theirs = (number, FIRST_OUTSIDER, left), (0, _RECORDED_OWNER, 0)
        maker, taker = (ours, theirs) if is_resting else (theirs, ours)
        self._events.append(
            MarketEvent(
                seq=listing.event_seq,
                symbol=listing.instrument.symbol,
                kind=kind,
                time_ns=self.sim_ns,
                side=side,
                ticks=ticks,
                lots=lots,
                maker_number=maker[0],
                taker_number=taker[0],
                maker_owner=maker[1],
                taker_owner=taker[1],
                maker_lots_left=maker[2],
                taker_lots_left=taker[2],
                reason=KillReason.UNFILLED if kind is EventKind.KILLED else reason,
                level_lots=0,
            )
        )
