"""P&L at work: positions and marks in, equity out, and two curves of it in the log.

One curve has a point for each second in which the account moved, of which the newest hour is
kept in memory; the other one at the beginning of each hour, for years. Both are read back after
a restart.
"""

import asyncio
from collections import deque
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import AccountId, EventId
from trade2026.desk.snapshots import Keeper
from trade2026.domain.pnl.attribution import Attribution, By
from trade2026.domain.pnl.equity import Equity, EquityState, MarkedPosition
from trade2026.domain.pnl.performance import (
    CurvePoint,
    Performance,
    by_period,
    performance,
    returns_of,
    turnover_of,
)
from trade2026.model.market import QuoteBatch
from trade2026.model.pnl import PnlSnapshot
from trade2026.model.position import PositionEvent
from trade2026.model.subjects import PNL_HOUR, PNL_SNAPSHOT, Event
from trade2026.ports.bus import Bus, Delivery

SNAPSHOT_RULES: Final = 1
"""To be raised whenever the same events come to something else."""
CURVE_EVERY_S: Final = 1.0
HISTORY_KEPT: Final = 3_600
"""Points of the curve by the second kept in memory for each account: an hour."""
HOURS_KEPT: Final = 100_000
"""Points of the curve by the hour: as many as the log keeps."""
NS_PER_HOUR: Final = 3_600 * NS_PER_S
MARKS_WITHIN_NS: Final = 60 * NS_PER_S
"""After a start marks are waited for so long before an hour's point is drawn without them."""


class EquityDesk:
    """Keeps every account's equity, and draws its curves."""

    def __init__(self, *, bus: Bus, clock: Clock, log: FilteringBoundLogger) -> None:
        self.equity = Equity()
        self.history: dict[AccountId, deque[PnlSnapshot]] = {}
        self.hours: dict[AccountId, deque[PnlSnapshot]] = {}
        self._bus = bus
        self._clock = clock
        self._log = log
        self._begun_ns = clock.now_ns()
        self._drawn: dict[AccountId, PnlSnapshot] = {}

    def keeper(self) -> Keeper[EquityState]:
        """Return the fold of the ledger's events as its snapshots see it."""
        return Keeper(
            fold="equity",
            state=EquityState,
            rules=SNAPSHOT_RULES,
            freeze=self.equity.freeze,
            thaw=self.equity.thaw,
        )

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

    async def on_own_hour(self, snapshot: PnlSnapshot, _: Delivery) -> None:
        """Take a point of the curve by the hour."""
        curve = self.hours.setdefault(snapshot.account, deque(maxlen=HOURS_KEPT))
        curve.append(snapshot)

    def positions(self, account: str) -> tuple[MarkedPosition, ...]:
        """Return the account's positions with what they are worth now."""
        return self.equity.positions(account, self._clock.now_ns())

    def snapshot(self, account: str) -> PnlSnapshot | None:
        """Return the account's P&L at this moment, None where nothing was ever booked on it."""
        return self.equity.snapshot(account, self._clock.now_ns())

    def attribution(self, account: str, by: By) -> tuple[Attribution, ...] | None:
        """Return where the account's P&L came from, None where nothing was booked on it."""
        return self.equity.attribution(account, by)

    def performance(
        self, account: str, *, period_ns: int, periods_a_year: float, riskless: float
    ) -> Performance:
        """Return the statistics of the account's curve.

        Args:
            account: whose.
            period_ns: from an hour on the curve by the hour is used, below it the newest hour.
            periods_a_year: what ratios are made annual by.
            riskless: the riskless return of a period.
        """
        if period_ns >= NS_PER_HOUR:
            # What is drawn as an hour begins is how the hour before it ended.
            drawn = [_point(one, NS_PER_HOUR) for one in self.hours.get(AccountId(account), ())]
        else:
            drawn = [_point(one) for one in self.history.get(AccountId(account), ())]
        now = self.snapshot(account)
        if now is not None:
            drawn.append(_point(now))
        points = by_period(drawn, period_ns)
        found = performance(returns_of(points), periods_a_year=periods_a_year, riskless=riskless)
        return msgspec.structs.replace(found, turnover=turnover_of(points))

    async def run(self) -> None:
        """Draw a point of each account's curve every second in which it moved."""
        while True:
            await asyncio.sleep(CURVE_EVERY_S)
            await self.draw()

    async def draw(self) -> None:
        """Draw what is due at this moment."""
        for account in self.equity.accounts():
            snapshot = self.snapshot(account)
            assert snapshot is not None
            before = self._drawn.get(account)
            if before is None or _has_moved(before, snapshot):
                self._drawn[account] = snapshot
                await self._append(PNL_SNAPSHOT, snapshot, f"{snapshot.ts_ns // NS_PER_S}")
            await self._draw_hour(snapshot)

    async def _draw_hour(self, snapshot: PnlSnapshot) -> None:
        if snapshot.unmarked_symbols and snapshot.ts_ns < self._begun_ns + MARKS_WITHIN_NS:
            return
        drawn = self.hours.get(snapshot.account)
        hour = snapshot.ts_ns // NS_PER_HOUR
        # The first point is drawn at once: what comes later is measured from it.
        if not drawn or drawn[-1].ts_ns // NS_PER_HOUR < hour:
            await self._append(PNL_HOUR, snapshot, f"hour-{hour}")

    async def _append(self, subject: Event[PnlSnapshot], snapshot: PnlSnapshot, when: str) -> None:
        try:
            await self._bus.append(
                subject,
                snapshot,
                event_id=EventId(f"{snapshot.account}-{when}"),
                account=snapshot.account,
            )
        except BusUnavailableError as error:
            # A point of a picture, derived from what is safe elsewhere: the next one will do.
            self._log.warning("curve point lost", why=str(error))


def _point(snapshot: PnlSnapshot, ends_ns: int = 0) -> CurvePoint:
    ts_ns = snapshot.ts_ns
    return CurvePoint(
        ts_ns=TimeNs(ts_ns // ends_ns * ends_ns - 1 if ends_ns else ts_ns),
        equity=snapshot.equity,
        deposits=snapshot.deposits,
        turnover=snapshot.turnover,
    )


def _has_moved(before: PnlSnapshot, after: PnlSnapshot) -> bool:
    return (before.equity, before.fees, before.deposits) != (
        after.equity,
        after.fees,
        after.deposits,
    )
