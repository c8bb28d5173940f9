"""Funding at the exchange: asked for, written down once with whose it is, and booked by the ledger.

The gateway's log has each payment before anybody books it, under the exchange's own number. The
ledger's booking carries the same number, and what the ledger has is not sent to it again.
"""

import asyncio
from collections import deque
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import Trade2026Error, UnavailableError
from trade2026.core.ids import AccountId, EventId, StrategyId
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.live_log import LiveLog
from trade2026.domain.live.funding import shares_of
from trade2026.model.booking import FundingBooked
from trade2026.model.instrument import LIVE, InstrumentKind
from trade2026.model.live import FundingSeen, LiveEvent
from trade2026.ports.bus import Delivery
from trade2026.ports.exchange import Exchange

EVERY_S: Final = 60.0
BACK_NS: Final = 7 * 86_400 * NS_PER_S
"""How far back payments are asked for."""
BOOK_EVERY_S: Final = 1.0
PENDING_MOST: Final = 1_000
"""Payments that wait to be booked; older ones were booked long ago."""
TEXT: Final = "funding at the exchange"


class LiveFunding:
    """Asks the exchange, for the gateway."""

    def __init__(self, *, exchange: Exchange, log: LiveLog, logger: FilteringBoundLogger) -> None:
        self._exchange = exchange
        self._log = log
        self._logger = logger

    async def run(self) -> None:
        """Ask every minute, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Write down what was paid and received since, each payment once.

        What came before the opening balance is in it; a payment for what nobody here ever
        traded is not ours.
        """
        opened = self._log.state.funds.opened
        if opened is None:
            return
        since_ns = TimeNs(max(opened.ts_ns, self._log.now_ns() - BACK_NS))
        for symbol, listed in self._exchange.instruments.items():
            if listed.kind is not InstrumentKind.LINEAR_FUTURE:
                continue
            try:
                told = await self._exchange.fundings(symbol, since_ns)
            except Trade2026Error as error:
                self._logger.warning("no funding is told", symbol=symbol, why=str(error))
                continue
            for one in told:
                held = self._log.state.held_in(symbol)
                name = f"{symbol}-{one.funding_id}"
                if one.ts_ns < since_ns or name in self._log.state.funding_ids or not held:
                    continue
                await self._log.write(
                    FundingSeen(
                        event_id=EventId(f"{LIVE}-funding-{name}"),
                        ts_ns=self._log.now_ns(),
                        funding_id=name,
                        symbol=symbol,
                        paid_ns=one.ts_ns,
                        shares=shares_of(one.amount, held),
                    )
                )


class FundingBooks:
    """Has the ledger book what the gateway wrote down, for ptrc."""

    def __init__(self, books: LedgerDesk, logger: FilteringBoundLogger) -> None:
        self._books = books
        self._logger = logger
        self._pending: deque[FundingSeen] = deque(maxlen=PENDING_MOST)

    async def on_live(self, event: LiveEvent, _: Delivery) -> None:
        """Take what is in the gateway's log."""
        if isinstance(event, FundingSeen):
            self._pending.append(event)

    async def run(self) -> None:
        """Book what waits, until cancelled."""
        while True:
            await self.book()
            await asyncio.sleep(BOOK_EVERY_S)

    async def book(self) -> None:
        """Book what waits; where the log's writer does not answer, it waits on."""
        while self._pending:
            # The gateway's log is read from its beginning: most of it was booked long ago.
            missing = tuple(
                one
                for one in _bookings(self._pending[0])
                if not self._books.ledger.has_booked(one.account, one.event_id)
            )
            try:
                if missing:
                    await self._books.book(missing)
            except UnavailableError as error:
                self._logger.warning("funding waits", why=str(error))
                return
            except Trade2026Error:
                self._logger.exception("funding is not booked", payment=self._pending[0])
            self._pending.popleft()


def _bookings(seen: FundingSeen) -> tuple[FundingBooked, ...]:
    return tuple(
        FundingBooked(
            event_id=EventId(f"{LIVE}-{seen.funding_id}-{number}"),
            account=AccountId(one.account),
            ts_ns=seen.paid_ns,
            asked_by="live-gateway",
            text=TEXT,
            strategy=StrategyId(one.strategy),
            venue=LIVE,
            symbol=seen.symbol,
            amount=one.amount,
        )
        for number, one in enumerate(seen.shares)
    )
