"""The exchange's market as the live gateway sees it: middle prices, and hypothetical orders.

A hypothetical order fills against the exchange's own book by the fill model of PRISM's paper
market: it takes what is displayed, and what rests waits behind what was displayed before it.
Where the process was away an order that rested joins the queue again at its end, and one that
would never rest is over: neither is ever better than it could have been.
"""

from collections.abc import Callable, Mapping, Sequence

from trade2026.core.clock import TimeNs
from trade2026.core.ids import OrderId
from trade2026.core.numbers import Px, Qty
from trade2026.desk.live_log import LiveLog
from trade2026.desk.live_quotes import LiveQuotes
from trade2026.domain.live.order import LiveOrder
from trade2026.model.execution import ExecType
from trade2026.model.instrument import Instrument
from trade2026.model.live import ShadowFilled
from trade2026.model.order import Side, TimeInForce
from trade2026.ports.exchange import ExchangeBook, ExchangePrint
from trade2026.ports.shadow import ShadowBook, ShadowTrade


class LiveMarket:
    """What the exchange quotes, and what would have traded there."""

    def __init__(
        self,
        log: LiveLog,
        new_book: Callable[[], ShadowBook],
        instruments: Callable[[], Mapping[str, Instrument]],
        quotes: LiveQuotes,
    ) -> None:
        self.mids: dict[str, Px] = {}
        self.touches: dict[str, tuple[Px, Px]] = {}
        """The best bid and ask, by symbol."""
        self._heard_ns: dict[str, TimeNs] = {}
        self._log = log
        self._new_book = new_book
        self._instruments = instruments
        self._quotes = quotes
        self._books: dict[str, ShadowBook] = {}
        self._numbers: dict[OrderId, int] = {}
        self._orders: dict[int, LiveOrder] = {}
        self._count = 0

    def age_ns(self, symbol: str) -> int:
        """Return how long ago the exchange quoted *symbol*; very long where it never did."""
        heard_ns = self._heard_ns.get(symbol, 0)
        return max(0, self._log.now_ns() - heard_ns)

    async def on_book(self, book: ExchangeBook) -> None:
        """Take the book as it stands, and fill the hypothetical orders that it crosses."""
        if not book.bids or not book.asks:
            return
        self._heard_ns[book.symbol] = self._log.now_ns()
        bid_px, ask_px = book.bids[0][0], book.asks[0][0]
        self.touches[book.symbol] = bid_px, ask_px
        self.mids[book.symbol] = Px((bid_px + ask_px) // 2)
        await self._quotes.tell(book, self._instruments())
        shadow = self._books.setdefault(book.symbol, self._new_book())
        bids, asks = self._grid(book.symbol, book.bids), self._grid(book.symbol, book.asks)
        await self._traded(shadow.replace(bids, asks))

    async def on_print(self, trade: ExchangePrint) -> None:
        """Fill the hypothetical orders that somebody's trade would have met."""
        shadow = self._books.get(trade.symbol)
        if shadow is None:
            return
        for ticks, lots in self._grid(trade.symbol, [(trade.px, trade.qty)]):
            await self._traded(shadow.printed(ticks, lots, trade.aggressor_side))

    async def begin(self, order: LiveOrder) -> None:
        """Let the hypothetical part of *order* act on the book as it stands."""
        request = order.request
        number = self._number(order)
        ticks, lots = self._terms(order, Qty(order.shadow_qty - order.shadow_cum_qty))
        shadow = self._books[request.symbol]
        if request.is_post_only and _would_trade(shadow, request.side, ticks):
            await self._log.end_part(
                order, ExecType.REJECTED, "POST_ONLY_WOULD_TRADE", is_shadow=True
            )
            return
        answer = shadow.submit(
            number=number,
            side=request.side,
            ord_type=request.ord_type,
            time_in_force=request.time_in_force,
            ticks=ticks,
            lots=lots,
        )
        await self._traded(answer.fills)
        if not answer.resting_lots:
            await self._log.end_part(order, ExecType.CANCELED, "", is_shadow=True)

    async def resume(self, order: LiveOrder) -> None:
        """Go on with a hypothetical part that a restart left, once there is a book."""
        known = order.request.order_id in self._numbers
        if known or order.is_shadow_done or order.request.symbol not in self._books:
            return
        if order.request.time_in_force is TimeInForce.GTC:
            await self.begin(order)
        else:
            await self._log.end_part(order, ExecType.CANCELED, "a restart", is_shadow=True)

    async def end(self, order: LiveOrder) -> None:
        """Take the hypothetical part of *order* back."""
        self.forget(order)
        await self._log.end_part(order, ExecType.CANCELED, "", is_shadow=True)

    def forget(self, order: LiveOrder) -> None:
        """Take the order out of the book; what comes in its place begins anew."""
        number = self._numbers.pop(order.request.order_id, None)
        if number is not None:
            del self._orders[number]
            self._books[order.request.symbol].cancel(number)

    def _number(self, order: LiveOrder) -> int:
        self._count += 1
        self._numbers[order.request.order_id] = self._count
        self._orders[self._count] = order
        return self._count

    async def _traded(self, trades: Sequence[ShadowTrade]) -> None:
        for trade in trades:
            order = self._orders.get(trade.number)
            if order is None:
                continue
            listed = self._instruments()[order.request.symbol]
            await self._log.write(
                ShadowFilled(
                    event_id=self._log.new_id(),
                    ts_ns=self._log.now_ns(),
                    order_id=order.request.order_id,
                    last_px=Px(trade.ticks * listed.tick_size),
                    last_qty=Qty(trade.lots * listed.lot_size),
                    is_maker=trade.is_maker,
                )
            )
            if order.shadow_cum_qty >= order.shadow_qty:
                self.forget(order)
                await self._log.end_part(order, ExecType.TRADE, "", is_shadow=True)

    def _terms(self, order: LiveOrder, qty: Qty) -> tuple[int, int]:
        listed = self._instruments()[order.request.symbol]
        return (order.request.price or 0) // listed.tick_size, qty // listed.lot_size

    def _grid(self, symbol: str, levels: Sequence[tuple[Px, Qty]]) -> list[tuple[int, int]]:
        listed = self._instruments()[symbol]
        tick, lot = listed.tick_size, listed.lot_size
        return [(px // tick, qty // lot) for px, qty in levels if px % tick == 0]


def _would_trade(shadow: ShadowBook, side: Side, ticks: int) -> bool:
    bids, asks = shadow.depth(1)
    if side is Side.BUY:
        return bool(asks) and ticks >= asks[0][0]
    return bool(bids) and ticks <= bids[0][0]
