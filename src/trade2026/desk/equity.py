"""P&L at work: positions and marks in, equity out, and a curve of it in the log."""

import asyncio
from collections import deque
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import AccountId, EventId
from trade2026.domain.pnl.equity import Equity, MarkedPosition
from trade2026.model.market import QuoteBatch
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import PositionEvent
from trade2026.model.subjects import PNL_SNAPSHOT
from trade2026.ports.bus import Bus, Delivery

CURVE_EVERY_S: Final = 1.0
HISTORY_KEPT: Final = 3_600
"""Points of the curve kept in memory for each account: an hour."""


class EquityDesk:
    """Keeps every account's equity, and draws its curve."""

    def __init__(self, *, bus: Bus, clock: Clock, log: FilteringBoundLogger) -> None:
        self.equity = Equity()
        self.history: dict[AccountId, deque[PnlSnapshot]] = {}
        self._bus = bus
        self._clock = clock
        self._log = log

    async def on_position(self, event: PositionEvent, _: Delivery) -> None:
        """Take a change of the ledger."""
        self.equity.apply(event)

    async def on_quotes(self, batch: QuoteBatch, _: Delivery) -> None:
        """Mark the symbol at the newest mid."""
        quote = batch.records[-1]
        if quote.mid_px is not None:
            self.equity.mark(batch.symbol, quote.mid_px, quote.ts_recv_ns)

    async def on_own_snapshot(self, snapshot: PnlSnapshot, _: Delivery) -> None:
        """Take a point of the curve, an old one after a restart or the one just drawn."""
        curve = self.history.setdefault(snapshot.account, deque(maxlen=HISTORY_KEPT))
        curve.append(snapshot)

    def positions(self, account: str) -> tuple[MarkedPosition, ...]:
        """Return the account's positions with what they are worth now."""
        return self.equity.positions(account, self._clock.now_ns())

    def snapshot(self, account: str) -> PnlSnapshot | None:
        """Return the account's P&L at this moment, None where nothing was ever booked on it."""
        return self.equity.snapshot(account, self._clock.now_ns())

    async def run(self) -> None:
        """Draw a point of each account's curve every second in which it moved."""
        last: dict[AccountId, PnlSnapshot] = {}
        while True:
            await asyncio.sleep(CURVE_EVERY_S)
            for account in self.equity.accounts():
                snapshot = self.snapshot(account)
                assert snapshot is not None
                before = last.get(account)
                if before is None or _has_moved(before, snapshot):
                    last[account] = snapshot
                    await self._draw(snapshot)

    async def _draw(self, snapshot: PnlSnapshot) -> None:
        second = snapshot.ts_ns // NS_PER_S
        try:
            await self._bus.append(
                PNL_SNAPSHOT,
                snapshot,
                event_id=EventId(f"{snapshot.account}-{second}"),
                account=snapshot.account,
            )
        except BusUnavailableError as error:
            # A point of a picture, derived from what is safe elsewhere: the next one will do.
            self._log.warning("curve point lost", why=str(error))


def _has_moved(before: PnlSnapshot, after: PnlSnapshot) -> bool:
    return (before.equity, before.fees, before.deposits) != (
        after.equity,
        after.fees,
        after.deposits,
    )
