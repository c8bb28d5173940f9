"""The exchange's quotes of what nobody else quotes: futures are judged and marked by them.

Coins and shares have prices of the platform's own feed. A perpetual has only those of the exchange
it trades at, so the gateway tells them to risk, ledger and P&L, a few a second.
"""

from collections.abc import Mapping
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.errors import BusUnavailableError
from trade2026.desk.live_log import LiveLog
from trade2026.model.instrument import LIVE, Instrument, InstrumentKind
from trade2026.model.live_subjects import LIVE_QUOTE
from trade2026.model.market import Quote, QuoteBatch
from trade2026.ports.bus import Bus
from trade2026.ports.exchange import ExchangeBook

EVERY_NS: Final = 250 * NS_PER_MS


class LiveQuotes:
    """Tells the best bid and offer of futures."""

    def __init__(self, bus: Bus, log: LiveLog, logger: FilteringBoundLogger) -> None:
        self._bus = bus
        self._log = log
        self._logger = logger
        self._told_ns: dict[str, TimeNs] = {}

    async def tell(self, book: ExchangeBook, listed: Mapping[str, Instrument]) -> None:
        """Tell what *book* begins with, where it is a future's and the last one is a while ago."""
        one, now_ns = listed.get(book.symbol), self._log.now_ns()
        if one is None or one.kind is not InstrumentKind.LINEAR_FUTURE:
            return
        if now_ns - self._told_ns.get(book.symbol, 0) < EVERY_NS:
            return
        self._told_ns[book.symbol] = now_ns
        (bid_px, bid_qty), (ask_px, ask_qty) = book.bids[0], book.asks[0]
        quote = Quote(
            ts_event_ns=now_ns,
            ts_recv_ns=now_ns,
            seq=now_ns,
            best_bid_px=bid_px,
            best_bid_qty=bid_qty,
            best_ask_px=ask_px,
            best_ask_qty=ask_qty,
        )
        batch = QuoteBatch(venue=LIVE, symbol=book.symbol, records=(quote,))
        try:
            await self._bus.append(
                LIVE_QUOTE, batch, event_id=self._log.new_id(), symbol=book.symbol
            )
        except BusUnavailableError as error:
            # The next one is told all the same; until then the last one grows old.
            self._logger.warning("a quote is not told", symbol=book.symbol, why=str(error))
